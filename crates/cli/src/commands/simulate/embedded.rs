//! A server of the simulation's own, whose clock the simulation sets: an hour of a fleet passes as fast as it can be taken.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Context as _;
use tracklane_client::Client;
use tracklane_client::requests::NewApiKey;
use tracklane_core::Timestamp;
use tracklane_core::model::Role;
use tracklane_core::time::{Clock, Env};

use tracklane_sim::simulation::Protocol;

use crate::app::{App, FirstAdmin};
use crate::args::Global;
use crate::commands::own_server;

/// Who logs in. No secret: the server is for one machine and as long as the simulation lasts.
const EMAIL: &str = "simulation@tracklane.local";
const PASSWORD: &str = "tracklane-simulation";

/// A clock that shows what it was set to.
pub struct MadeClock(AtomicI64);

impl MadeClock {
    /// Shows this instant from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::Relaxed);
    }
}

impl Clock for MadeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A running server with a clock of its own.
pub struct Embedded {
    app: App,
    /// The clock.
    pub clock: Arc<MadeClock>,
    /// Who may do everything.
    pub client: Client,
}

impl Embedded {
    /// Starts one on a data folder, on a free port of this machine, whose zones take up fixes that come so many seconds late.
    ///
    /// # Errors
    /// Names the part that does not start.
    pub async fn start(global: &Global, data: &Path, window_s: u32, protocol: Protocol) -> anyhow::Result<Self> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let window = ("tracking", "reorder_window_seconds", &*window_s.to_string());
        let mut settings = own_server::settings(global, "simulate", (listen, data), &[window])?;
        if let Protocol::Tracker(name) = protocol {
            settings.gateway.listen = vec![format!("{name}+tcp://127.0.0.1:0").parse()?];
            // An hour passes in seconds: nobody is too fast here.
            (settings.gateway.messages_per_second, settings.gateway.device_messages_per_second) = (0, 0);
            settings.gateway.max_connections_per_address = settings.gateway.max_connections;
        }
        crate::log::start(&settings.log)?;
        let real = crate::env::real();
        let clock = Arc::new(MadeClock(AtomicI64::new(real.now().as_microsecond())));
        let env = Env { clock: clock.clone(), ..real };
        let admin = FirstAdmin { email: EMAIL, password: Some(PASSWORD) };
        let app = App::start(&settings, env.clone(), admin).await?;
        let guest = Client::new(crate::env::http_client()?, env, &format!("http://{}", app.address))?;
        let login = guest.login(EMAIL, PASSWORD).await.context("failed to log in to the embedded server")?;
        // A login ends after a day of a clock that runs fast; a key does not.
        let key = NewApiKey { name: "Simulation".to_owned(), role: Role::Admin, requests_per_minute: Some(1_000_000) };
        let made = guest.clone().with_token(&login.token)?.create_api_key(&key).await?;
        Ok(Self { app, clock, client: guest.with_token(&made.secret)? })
    }

    /// Where it listens for trackers, if it does.
    pub fn trackers(&self) -> Option<String> {
        self.app.gateway.heard().first().map(|heard| heard.address.to_string())
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// When a part did not stop in order.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.app.stop().await
    }
}
