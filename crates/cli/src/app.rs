//! The wiring: store, history, engine and server, put together from settings, the same way for `serve`, `demo` and `bench`.

mod beside;
mod history;

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracklane_bus::Publication;
use tracklane_core::time::Env;
use tracklane_engine::access::FirstLogin;
use tracklane_engine::secrets::Secrets;
use tracklane_engine::sinks::Sink;
use tracklane_engine::{Engine, EngineParts, Offline, Scale, StreamParts};
use tracklane_gateway::{Gateway, Opened};
use tracklane_server::AppState;
use tracklane_store::Store;

use self::beside::DevicesBeside;
pub use self::history::OpenHistory;
use crate::config::{Settings, roles};

/// The admin that the first start makes.
#[derive(Clone, Copy)]
pub struct FirstAdmin<'a> {
    /// What they log in with.
    pub email: &'a str,
    /// Their password; one is made up when there is none.
    pub password: Option<&'a str>,
}

/// A running installation.
pub struct App {
    /// The application.
    pub engine: Engine,
    /// Where it listens.
    pub address: SocketAddr,
    /// How to log in, when this is the first start.
    pub first_login: Option<FirstLogin>,
    /// What hears devices that speak over sockets of their own.
    pub gateway: Arc<Gateway>,
    history: OpenHistory,
    store: Store,
    public_url: String,
    drain: Duration,
    grace: Duration,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl App {
    /// Starts everything that `settings` say.
    ///
    /// # Errors
    /// Names the part that does not start.
    pub async fn start(settings: &Settings, env: Env, admin: FirstAdmin<'_>) -> anyhow::Result<Self> {
        Self::start_with(settings, settings.history.settings(), env, admin).await
    }

    /// Starts everything, with a history that behaves as said.
    ///
    /// # Errors
    /// Names the part that does not start.
    pub async fn start_with(
        settings: &Settings,
        history: tracklane_history::Settings,
        env: Env,
        admin: FirstAdmin<'_>,
    ) -> anyhow::Result<Self> {
        // The ports come first: nothing has happened yet when one is taken.
        let listen = settings.server.listen;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("failed to listen on {listen}"))?;
        let address = listener.local_addr()?;
        let (mut gateway, mut mqtt) = (settings.gateway.clone(), settings.mqtt.clone());
        if !settings.roles.iter().any(|role| role == "ingest") {
            (gateway.listen, mqtt.url) = (Vec::new(), String::new());
        }
        let gateway = Opened::new(gateway, mqtt).await?;
        let (store, secrets) = open_store(settings, &env).await?;
        let stream = settings.stream.open().map_err(|rule| anyhow::anyhow!("stream.url: {rule}"))?;
        let shared = settings.redis.open().await.map_err(|rule| anyhow::anyhow!("redis.url: {rule}"))?;
        let roles = roles(&settings.roles).map_err(|rule| anyhow::anyhow!("server.roles: {rule}"))?;
        store.claim(stream.is_some()).await.context("failed to take over the database of the records")?;
        let history = OpenHistory::open(settings, history).await?;
        let parts = EngineParts {
            env: env.clone(),
            store: store.clone(),
            history: history.port(),
            settings: settings.engine.clone(),
            secrets,
            scale: Scale {
                roles,
                stream: stream.zip(history.streamed()).map(|(stream, history)| StreamParts { stream, history }),
                shared,
            },
        };
        let engine = Engine::start(parts).await.context("failed to start the engine")?;
        // Before anybody can connect: what answers has an admin.
        let first_login = engine.access.bootstrap(admin.email, admin.password).await;
        let first_login = first_login.context("failed to make the first admin")?;
        let gateway = gateway.start(engine.clone(), env.clone()).await.context("failed to start the gateway")?;
        let gateway = Arc::new(gateway);
        let mut server = settings.server.clone();
        // Links must name the port that was given, where any would do.
        server.listen = address;
        let public_url = server.public_url();
        if roles.work {
            engine.sinks.start(sinks(settings)?, &public_url);
        }
        let (drain, grace) = (Duration::from_secs(server.drain_seconds), Duration::from_secs(server.grace_seconds));
        let (stop, stopped) = oneshot::channel();
        // An error means that nobody can give the order any more: that is an order, too.
        let stopped = async move { stopped.await.unwrap_or_default() };
        let state = AppState::new(engine.clone(), env, server);
        // Nobody else has put anything there.
        let _ = state.beside.set(Arc::new(DevicesBeside(gateway.clone())));
        let served = tokio::spawn(tracklane_server::serve(listener, state, stopped));
        Ok(Self { engine, address, first_login, gateway, history, store, public_url, drain, grace, stop, served })
    }

    /// Under which address callers reach the server, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Stops in order: no new requests, running ones end, positions are saved, files are closed.
    ///
    /// # Errors
    /// When a part did not stop in order; what was acknowledged is durable nevertheless.
    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        tokio::time::sleep(self.drain).await;
        self.gateway.stop(self.grace).await;
        self.served.await?.context("the server failed")?;
        self.engine.shutdown().await;
        self.history.close().await?;
        self.store.close().await;
        Ok(())
    }
}

/// The parts that work without positions, for tools that run beside a server.
///
/// # Errors
/// When the store cannot be opened.
pub async fn offline(settings: &Settings, env: Env) -> anyhow::Result<Offline> {
    let (store, secrets) = open_store(settings, &env).await?;
    Ok(Offline::open(env, store, settings.engine.clone(), secrets).await?)
}

fn sinks(settings: &Settings) -> anyhow::Result<Vec<Sink>> {
    let wrong = |problems: Vec<(usize, String)>| {
        anyhow::anyhow!("sinks.publish: {}", problems.into_iter().map(|(_, rule)| rule).collect::<Vec<_>>().join("; "))
    };
    let publications = settings.sinks.publications().map_err(wrong)?;
    let sink =
        |Publication { name, events, tenants, from_beginning, to }| Sink { name, events, tenants, from_beginning, to };
    Ok(publications.into_iter().map(sink).collect())
}

async fn open_store(settings: &Settings, env: &Env) -> anyhow::Result<(Store, Secrets)> {
    let data = &settings.data;
    // Records are personal data: nobody else on the machine reads them.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("failed to make the data folder {}", data.display()))?;
    let secrets = Secrets::open(data, env).context("failed to open the master key")?;
    let node = uuid::Builder::from_random_bytes(env.random()).into_uuid();
    let store = Store::open_with(&tracklane_store::Settings { node: Some(node), ..settings.store() })
        .await
        .context("failed to open the store")?;
    if let Some(gap) = store.row_security_gap().await? {
        tracing::warn!(gap, "tenants are kept apart by Tracklane alone");
    }
    Ok((store, secrets))
}

/// Ends with SIGINT or SIGTERM. They are heard from the call on: whoever is told to stop between the call and the waiting
/// stops in order, too.
pub fn stop_signal() -> impl Future<Output = ()> {
    let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()].map(heard);
    async move {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}

/// Ends when the process gets this signal; never when it cannot be heard.
fn heard(kind: SignalKind) -> impl Future<Output = ()> {
    let heard = signal(kind).inspect_err(|error| tracing::warn!(%error, ?kind, "a signal cannot be heard"));
    async move {
        match heard {
            Ok(mut heard) => {
                heard.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
}
