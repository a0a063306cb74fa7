//! The services, put together.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::Env;
use tracklane_core::ports::{PositionHistory, PositionStream, SharedMemory, StreamedHistory};
use tracklane_store::Store;

use crate::access::Access;
use crate::base::Base;
use crate::dispatch::Dispatch;
use crate::error::Result;
use crate::follow;
use crate::idempotency::Idempotency;
use crate::live::Live;
use crate::log::Log;
use crate::records::Records;
use crate::retention::Retention;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::shared::{Fanout, ended};
use crate::shipments::Shipments;
use crate::sinks::Sinks;
use crate::tracking::{Memory, Tracking};
use crate::webhooks::Webhooks;

/// What a process does of the work, where several share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Answers people and programs, and streams to them.
    pub api: bool,
    /// Hears positions.
    pub ingest: bool,
    /// Takes positions through the stages.
    pub track: bool,
    /// Does what is due: events to brokers, retention.
    pub work: bool,
    /// Tells those who want to know.
    pub notify: bool,
}

impl Roles {
    /// Everything.
    pub const ALL: Self = Self { api: true, ingest: true, track: true, work: true, notify: true };
}

/// The position stream, and the history behind it.
#[derive(Clone)]
pub struct StreamParts {
    /// Where positions wait for the nodes that track.
    pub stream: Arc<dyn PositionStream>,
    /// Where those keep them.
    pub history: Arc<dyn StreamedHistory>,
}

/// Whether the process works alone.
#[derive(Clone)]
pub struct Scale {
    /// What it does.
    pub roles: Roles,
    /// What it shares positions through with others; none when it tracks alone.
    pub stream: Option<StreamParts>,
    /// Memory that it shares with others, when there is any.
    pub shared: Option<Arc<dyn SharedMemory>>,
}

impl Default for Scale {
    fn default() -> Self {
        Self { roles: Roles::ALL, stream: None, shared: None }
    }
}

/// What an engine is made of.
pub struct EngineParts {
    /// Time and randomness.
    pub env: Env,
    /// The records.
    pub store: Store,
    /// Where positions are kept.
    pub history: Arc<dyn PositionHistory>,
    /// What is set.
    pub settings: Settings,
    /// The installation's keys.
    pub secrets: Secrets,
    /// Whether it works alone.
    pub scale: Scale,
}

/// The application. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Engine {
    /// The tenants' records.
    pub records: Records,
    /// What is tracked.
    pub shipments: Shipments,
    /// The position pipeline.
    pub tracking: Tracking,
    /// Who could carry it.
    pub dispatch: Dispatch,
    /// Who may come in.
    pub access: Access,
    /// For how long positions are kept.
    pub retention: Retention,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Live streams.
    pub live: Live,
    /// Brokers that are told what happens: none until they are started.
    pub sinks: Sinks,
    /// What happened.
    pub log: Log,
    /// Requests that are sent again.
    pub idempotency: Idempotency,
    /// What all of them stand on.
    pub base: Arc<Base>,
    /// What this process does of the work.
    pub roles: Roles,
    /// Takes in what other nodes change.
    follower: Arc<Mutex<Option<JoinHandle<()>>>>,
    /// Tells the background work to end.
    stop: CancellationToken,
}

impl Engine {
    /// Loads what is kept in memory, catches up with positions that were durable but not yet applied, and starts the
    /// background work.
    ///
    /// # Errors
    /// When the store or the history cannot be read.
    pub async fn start(parts: EngineParts) -> Result<Self> {
        let EngineParts { env, store, history, settings, secrets, mut scale } = parts;
        let (roles, shared) = (scale.roles, scale.shared.clone());
        if let (Some(parts), Some(shared)) = (&mut scale.stream, &shared) {
            parts.stream = Arc::new(Fanout::new(parts.stream.clone(), shared.clone()));
        }
        let place = follow::place(&store).await?;
        let partitions = scale.stream.as_ref().map(|parts| parts.stream.partitions() as usize);
        let memory = Memory::load(&store, partitions.unwrap_or_else(|| settings.tracking.shards())).await?;
        let base = Arc::new(Base { env, store, settings, secrets, memory, shared });
        let stop = CancellationToken::new();
        let live = Live::start(base.clone(), stop.clone());
        let shipments = Shipments::new(base.clone());
        let tracking = Tracking::start(base.clone(), history.clone(), shipments.clone(), live.clone(), scale).await?;
        let access = Access::start(base.clone()).await?;
        if let Some(shared) = &base.shared {
            tokio::spawn(ended::run(access.clone(), shared.clone(), stop.clone()));
        }
        let follower = tokio::spawn(follow::run(base.clone(), access.clone(), place, stop.clone()));
        Ok(Self {
            records: Records::new(&base),
            log: Log::new(&base),
            idempotency: Idempotency::new(&base),
            dispatch: Dispatch::new(base.clone(), shipments.clone(), tracking.clone()),
            access,
            retention: Retention::start(base.clone(), history, roles.work.then(|| stop.clone())),
            sinks: Sinks::new(base.clone(), stop.clone()),
            webhooks: Webhooks::start(base.clone(), roles.notify.then(|| stop.clone()))?,
            shipments,
            tracking,
            live,
            base,
            roles,
            follower: Arc::new(Mutex::new(Some(follower))),
            stop,
        })
    }

    /// Stops taking positions, finishes what was taken, saves the state of every device and ends the background work.
    /// Positions that come afterwards are refused as unavailable.
    pub async fn shutdown(&self) {
        self.tracking.shutdown().await;
        self.stop.cancel();
        self.webhooks.stopped().await;
        self.sinks.stopped().await;
        let follower = self.follower.lock().take();
        if let Some(follower) = follower
            && let Err(error) = follower.await
        {
            tracing::error!(%error, "what other nodes change was not followed to the end");
        }
        self.retention.stopped().await;
    }
}
