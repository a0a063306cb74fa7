//! The sub-commands, a file each. Each has its flags and a `run`.

pub mod admin;
pub mod bench;
pub mod carrier;
pub mod config;
pub mod decode;
pub mod demo;
pub mod detect;
pub mod devices;
pub mod doctor;
pub mod edi;
pub mod import;
pub mod moving;
mod own_server;
pub mod replay;
pub mod sandbox;
pub mod serve;
pub mod shipments;
pub mod simulate;
pub mod track;
pub mod zones;

use anyhow::Context as _;
use tracklane_client::Client;

use crate::args::{Cli, Command, Global};
use crate::config::Settings;
use crate::exit::Usage;

/// Does what the command line says.
///
/// # Errors
/// As the sub-command; see [`crate::exit`] for the codes.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let global = &cli.global;
    match cli.command {
        Command::Serve(args) => serve::run(global, args).await,
        Command::Demo(args) => demo::run(global, args).await,
        Command::Replay(args) => replay::run(global, args).await,
        Command::Sandbox(args) => sandbox::run(global, args).await,
        Command::Simulate(args) => simulate::run(global, args).await,
        Command::Track(args) => track::run(global, args).await,
        Command::Shipments(command) => shipments::run(global, command).await,
        Command::Zones(command) => zones::run(global, command).await,
        Command::Devices(command) => devices::run(global, command).await,
        Command::Admin(args) => admin::run(global, args).await,
        Command::Decode(args) => decode::run(&args),
        Command::Detect(args) => detect::run(global, &args),
        Command::Carrier(command) => carrier::run(global, command),
        Command::Edi(command) => edi::run(global, &command),
        Command::Move(args) => moving::run(global, args).await,
        Command::Import(command) => import::run(global, command).await,
        Command::Config(command) => config::run(global, &command),
        Command::Doctor(args) => doctor::run(global, args).await,
        Command::Bench(command) => bench::run(global, command).await,
    }
}

/// The server that the flags name, as its caller.
fn client(global: &Global) -> anyhow::Result<Client> {
    let token = global.token.as_deref().ok_or_else(|| {
        Usage("a token is needed: --token or TRACKLANE_TOKEN with an API key (tracklane admin create-key)".to_owned())
    })?;
    let http = crate::env::http_client().context("failed to make the HTTP client")?;
    Ok(Client::new(http, crate::env::real(), &global.server)?.with_token(token)?)
}

/// The settings of file and environment, with those that the flags say.
fn settings(global: &Global, flags: &[(&'static str, &str, &str, Option<String>)]) -> anyhow::Result<Settings> {
    let mut layers = crate::config::layers(global.config.as_deref())?;
    for (flag, section, key, value) in flags {
        if let Some(value) = value {
            layers.set_flag(flag, section, key, value);
        }
    }
    Ok(Settings::read(layers)?)
}
