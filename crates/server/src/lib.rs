//! The HTTP server: the only crate that knows axum.
//!
//! - [`router`]: the table of contents, every route in one list;
//! - [`api`]: the REST routes under `/v1`, one file per resource;
//! - [`permissions`]: who may do what, one table; [`auth`]: who calls; [`limits`]: how often;
//! - [`problem`]: every failure, one list; [`json`], [`query`], [`conditional`], [`paging`], [`idempotency`]: how requests
//!   are read and answers written, the same for every route;
//! - [`edge`]: the layer around everything; [`unbroken`]: nothing stops half-way;
//! - [`openapi`]: the document of the API and the page that shows it; [`ops`] and [`metrics`]: for those who run it;
//!   [`beside`]: what runs in the same process and is shown with it;
//! - [`live`]: streams of what happens; [`public`]: the tracking page;
//! - [`device`]: the ports of phones and trackers; [`compat`]: the endpoints of systems that were here before;
//! - [`assets`]: the web pages.

pub mod api;
pub mod assets;
pub mod auth;
pub mod beside;
pub mod compat;
pub mod conditional;
pub mod device;
pub mod edge;
pub mod idempotency;
pub mod json;
pub mod limits;
pub mod live;
pub mod metrics;
pub mod openapi;
pub mod ops;
pub mod paging;
pub mod permissions;
pub mod problem;
pub mod public;
pub mod query;
pub mod router;
pub mod settings;
pub mod unbroken;
mod upkeep;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracklane_core::Env;
use tracklane_engine::Engine;

use crate::beside::Beside;
use crate::limits::Limits;
use crate::live::LiveState;
use crate::metrics::Metrics;
pub use crate::settings::ServerSettings;

/// What every handler has.
pub type App = Arc<AppState>;

/// What every handler has.
pub struct AppState {
    /// The application.
    pub engine: Engine,
    /// Time and randomness.
    pub env: Env,
    /// What is set.
    pub settings: ServerSettings,
    /// The address that links begin with, without a slash at the end.
    pub public_url: String,
    /// What was counted against limits.
    pub limits: Limits,
    /// What is measured.
    pub metrics: Metrics,
    /// What live streams share.
    pub live: LiveState,
    /// Cancelled when the server is told to stop: it is not ready any more, and serves on for a while.
    pub draining: CancellationToken,
    /// Cancelled when it stops: live streams end then.
    pub closing: CancellationToken,
    /// What hears devices beside the server, once it runs.
    pub beside: OnceLock<Arc<dyn Beside>>,
}

impl AppState {
    /// The state of a server that has served nothing yet.
    pub fn new(engine: Engine, env: Env, settings: ServerSettings) -> App {
        Arc::new(Self {
            limits: Limits::new(settings.limits.clone(), engine.base.shared.clone()),
            public_url: settings.public_url(),
            metrics: Metrics::default(),
            live: LiveState::default(),
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
            beside: OnceLock::new(),
            engine,
            env,
            settings,
        })
    }
}

/// Every route, ready to be served.
pub fn app(state: App) -> Router {
    router::router(state)
}

/// Serves until `shutdown` is ready, then ends live streams, lets running requests finish for the time that the settings
/// give them, and returns.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    state: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let closing = state.closing.clone();
    let grace = Duration::from_secs(state.settings.grace_seconds);
    // Small answers must not wait for more to come.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("failed to set TCP_NODELAY: {error}");
        }
    });
    let (draining, stop) = (state.draining.clone(), closing.clone());
    let drain = Duration::from_secs(state.settings.drain_seconds);
    tokio::spawn(async move {
        shutdown.await;
        draining.cancel();
        tokio::time::sleep(drain).await;
        stop.cancel();
    });
    tokio::spawn(upkeep::run(state.clone()));
    let service = app(state).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(closing.clone().cancelled_owned());
    let late = async {
        closing.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = async { server.await } => ended,
        () = late => {
            tracing::warn!("some requests were still running after {} seconds", grace.as_secs());
            Ok(())
        }
    }
}
