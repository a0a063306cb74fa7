//! `tracklane serve`: the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::app::{self, App, FirstAdmin};
use crate::args::Global;

/// Run the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane serve
  tracklane serve --listen 0.0.0.0:8080 --data /var/lib/tracklane

The first start makes the data folder and an admin, and prints how to log in, once. SIGTERM and SIGINT end it in order.")]
pub struct ServeArgs {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The data folder.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// What this process does, joined by commas: api, ingest, track, work, notify. All of it unless several share the work.
    #[arg(long, value_name = "ROLES")]
    roles: Option<String>,
    /// The e-mail address of the admin that the first start makes.
    #[arg(long, value_name = "EMAIL", default_value = "admin@tracklane.local")]
    admin: String,
}

/// Runs the sub-command.
///
/// # Errors
/// When a part does not start, or does not stop in order.
pub async fn run(global: &Global, args: ServeArgs) -> anyhow::Result<()> {
    let settings = super::settings(
        global,
        &[
            ("--listen", "server", "listen", args.listen.map(|address| address.to_string())),
            ("--roles", "server", "roles", args.roles),
            ("--data", "server", "data", args.data.map(|path| path.display().to_string())),
        ],
    )?;
    crate::log::start(&settings.log)?;
    let app = App::start(&settings, crate::env::real(), FirstAdmin { email: &args.admin, password: None }).await?;
    // Before it says that it listens: whoever waits for that may end it at once.
    let stop = app::stop_signal();
    let url = app.public_url();
    if let Some(first) = &app.first_login {
        eprintln!(
            "\n  Tracklane runs for the first time. Log in and change the password; it is shown this once.\n\
             \n    {url}/\n    {}\n    {}\n",
            first.user.email, first.password
        );
    }
    for heard in app.gateway.heard() {
        let over = heard.transport.as_str();
        tracing::info!(protocol = heard.protocol, over, address = %heard.address, "hears devices");
    }
    tracing::info!(address = %app.address, url, "listening");
    stop.await;
    tracing::info!("stopping");
    app.stop().await
}
