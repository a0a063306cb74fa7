//! An engine for each test: a store and a history of its own, a clock that stands still.

use std::sync::Arc;

use tracklane_core::Env;
use tracklane_core::model::{Caller, Tenant};
use tracklane_engine::access::FirstLogin;
use tracklane_engine::secrets::Secrets;
use tracklane_engine::{Engine, EngineParts, Settings};
use tracklane_history::History;

use crate::env::{ManualClock, env};
use crate::store::TestStore;

/// Who the first start makes.
pub const ADMIN_EMAIL: &str = "admin@tracklane.test";
/// Their password.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// A running engine with one tenant and its admin.
pub struct TestEngine {
    /// The engine.
    pub engine: Engine,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its world.
    pub env: Env,
    /// The tenant.
    pub tenant: Tenant,
    /// Tracklane itself, acting in that tenant.
    pub caller: Caller,
    /// How the admin logs in.
    pub first: FirstLogin,
    history: Arc<History>,
    store: TestStore,
}

impl TestEngine {
    /// A fresh one with default settings, but for webhooks that may call this machine.
    pub async fn new() -> Self {
        let mut settings = Settings::default();
        settings.webhooks.allow_private = true;
        Self::with(settings).await
    }

    /// A fresh one with these settings.
    ///
    /// # Panics
    /// When it does not start: tests cannot go on then.
    pub async fn with(settings: Settings) -> Self {
        let (env, clock) = env(1);
        Self::in_world(settings, env, clock).await
    }

    /// A fresh one in this world.
    ///
    /// # Panics
    /// When it does not start: tests cannot go on then.
    pub async fn in_world(settings: Settings, env: Env, clock: Arc<ManualClock>) -> Self {
        let store = TestStore::new().await;
        let history = tracklane_history::Settings { sync: false, ..tracklane_history::Settings::default() };
        let history = History::open(store.folder().join("history"), history).expect("the history opens");
        let history = Arc::new(history);
        let parts = EngineParts {
            env: env.clone(),
            store: store.store.clone(),
            history: history.clone(),
            settings,
            secrets: Secrets::new([7; 32]),
            scale: tracklane_engine::Scale::default(),
        };
        let engine = Engine::start(parts).await.expect("the engine starts");
        let first = engine.access.bootstrap(ADMIN_EMAIL, Some(ADMIN_PASSWORD)).await.expect("the first start succeeds");
        let first = first.expect("an empty store has no user");
        let tenant = first.tenant.clone();
        let caller = Caller::system(tenant.id);
        Self { engine, clock, env, tenant, caller, first, history, store }
    }

    /// The store below it.
    pub fn store(&self) -> &TestStore {
        &self.store
    }

    /// Stops it in order.
    ///
    /// # Panics
    /// When the history does not close.
    pub async fn stop(self) {
        self.engine.shutdown().await;
        self.history.close().expect("the history closes");
        self.store.store.close().await;
    }
}
