//! An installation for those who must be told: an engine that can be started again, and a log that can be written by hand.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tracklane_core::Env;
use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_core::id::{CustomerId, DriverId, EventId, LegId, ShipmentId, TenantId};
use tracklane_core::lifecycle::Status;
use tracklane_core::model::{
    Caller, Customer, Driver, DutyState, Leg, LegMode, LegState, Role, Shipment, Tenant, TenantSettings,
};
use tracklane_core::position::Attributes;
use tracklane_engine::secrets::Secrets;
use tracklane_engine::{Engine, EngineParts, Offline, Result, Settings};
use tracklane_history::History;
use tracklane_store::{Scope, Store, customers, drivers, events, legs, shipments, tenants};

use crate::kit::Ground;

/// Runs each of these tests on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::kit::Ground::new()).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::kit::with_postgres(super::$name).await;
                }
            )*
        }
    };
}
pub(crate) use on_both;

/// An installation in a folder of its own.
pub struct Stage {
    pub engine: Engine,
    pub store: Store,
    pub env: Env,
    pub tenant: Tenant,
    /// Tracklane itself, acting in that tenant.
    pub caller: Caller,
    settings: Settings,
    history: Arc<History>,
    ground: Ground,
}

/// Settings under which webhooks may call this machine.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.webhooks.allow_private = true;
    settings.webhooks.timeout_ms = 2_000;
    settings.webhooks.retry_jitter = 0.0;
    settings
}

impl Stage {
    /// A fresh one.
    pub async fn new(ground: Ground) -> Self {
        Self::with(ground, settings()).await
    }

    /// A fresh one with these settings.
    pub async fn with(ground: Ground, settings: Settings) -> Self {
        let (engine, history) = start(&ground, &settings).await;
        let (store, env) = (engine.base.store.clone(), ground.env.clone());
        let tenant = make_tenant(&store, &env, "one").await;
        let caller = Caller::system(tenant.id);
        Self { engine, store, env, tenant, caller, settings, history, ground }
    }

    /// Stops the engine and starts another one on the same data.
    pub async fn restart(self) -> Self {
        let Self { engine, store, env, tenant, caller, settings, history, ground } = self;
        engine.shutdown().await;
        history.close().unwrap();
        store.close().await;
        drop((engine, history, store));
        let (engine, history) = start(&ground, &settings).await;
        let store = engine.base.store.clone();
        Self { engine, store, env, tenant, caller, settings, history, ground }
    }

    /// What another process on the same records knows of who may come in.
    pub async fn another_process(&self) -> Offline {
        let store = Store::open(&self.ground.url).await.unwrap();
        Offline::open(self.env.clone(), store, self.settings.clone(), Secrets::new([7; 32])).await.unwrap()
    }

    /// Tries to start a second engine on the same records with another master key.
    pub async fn open_with_master_key(&self, key: [u8; 32]) -> Result<Engine> {
        let parts = EngineParts {
            env: self.env.clone(),
            store: self.store.clone(),
            history: self.history.clone(),
            settings: self.settings.clone(),
            secrets: Secrets::new(key),
            scale: tracklane_engine::Scale::default(),
        };
        Engine::start(parts).await
    }

    /// Lets the clock go on.
    pub fn advance(&self, seconds: i64) {
        self.ground.pass(seconds);
    }

    /// The same caller with another role.
    pub fn as_role(&self, role: Role) -> Caller {
        Caller { role, ..self.caller.clone() }
    }

    /// Another tenant's caller.
    pub async fn stranger(&self) -> Caller {
        Caller::system(make_tenant(&self.store, &self.env, "two").await.id)
    }

    /// A driver.
    pub async fn driver(&self) -> DriverId {
        let now = self.env.now();
        let driver = Driver {
            id: DriverId::new(&self.env),
            tenant_id: self.tenant.id,
            reference: None,
            name: "Ana".to_owned(),
            phone: None,
            duty: DutyState::OnDuty,
            vehicle_id: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let mut tx = self.store.begin(Scope::Tenant(self.tenant.id)).await.unwrap();
        drivers::insert(&mut tx, &driver).await.unwrap();
        tx.commit().await.unwrap();
        driver.id
    }

    /// A customer.
    pub async fn customer(&self) -> CustomerId {
        let now = self.env.now();
        let customer = Customer {
            id: CustomerId::new(&self.env),
            tenant_id: self.tenant.id,
            reference: None,
            name: "Rui".to_owned(),
            email: None,
            phone: None,
            language: None,
            address: tracklane_core::model::Address::default(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let mut tx = self.store.begin(Scope::Tenant(self.tenant.id)).await.unwrap();
        customers::insert(&mut tx, &customer).await.unwrap();
        tx.commit().await.unwrap();
        customer.id
    }

    /// A shipment of the caller's tenant that is on its way, with its sender and its driver.
    pub async fn shipment(&self, caller: &Caller, sender: Option<CustomerId>, driver: Option<DriverId>) -> ShipmentId {
        let now = self.env.now();
        let shipment = Shipment {
            id: ShipmentId::new(&self.env),
            tenant_id: caller.tenant_id,
            reference: None,
            sender_id: sender,
            recipient_id: None,
            origin_id: None,
            destination_id: None,
            milestones: tracklane_core::milestone::MilestonePolicy::default(),
            metadata: Attributes::new(),
            status: Status::PickedUp,
            substatus: None,
            reason: None,
            status_since: now,
            attempts: 0,
            delayed: false,
            return_leg: false,
            eta_from: None,
            eta_to: None,
            picked_up_at: Some(now),
            delivered_at: None,
            driver_id: driver,
            sequence: 0,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let mut tx = self.store.begin(Scope::Tenant(caller.tenant_id)).await.unwrap();
        shipments::insert(&mut tx, &shipment).await.unwrap();
        let leg = Leg {
            id: LegId::new(&self.env),
            tenant_id: caller.tenant_id,
            shipment_id: shipment.id,
            position: 1,
            mode: LegMode::Fleet,
            state: LegState::Active,
            is_return: false,
            origin_id: None,
            destination_id: None,
            driver_id: driver,
            driver_since: driver.map(|_| now),
            carrier: None,
            tracking_number: None,
            started_at: Some(now),
            ended_at: None,
            created_at: now,
            version: 1,
        };
        legs::insert(&mut tx, &leg).await.unwrap();
        tx.commit().await.unwrap();
        shipment.id
    }

    /// An event, not yet in the log.
    pub fn draft(&self, tenant: TenantId, kind: EventKind, shipment: Option<ShipmentId>) -> Event {
        let now = self.env.now();
        let mut data = Attributes::new();
        data.insert("status".to_owned(), json!("in_transit"));
        data.insert("previous_status".to_owned(), json!("picked_up"));
        Event {
            id: EventId::new(&self.env),
            tenant_id: tenant,
            kind,
            occurred_at: now,
            recorded_at: now,
            shipment_id: shipment,
            sequence: 0,
            driver_id: None,
            device_id: None,
            zone_id: None,
            endpoint_id: None,
            data,
        }
    }

    /// Appends events to the log, in one transaction.
    pub async fn append(&self, mut drafts: Vec<Event>) -> Vec<Event> {
        let mut tx = self.store.begin(Scope::System).await.unwrap();
        for event in &mut drafts {
            events::append(&mut tx, event).await.unwrap();
        }
        tx.commit().await.unwrap();
        drafts
    }

    /// Waits until an entry of the log can be read. On PostgreSQL it shows once every transaction that began before it has
    /// ended, those of other tests included.
    pub async fn shows(&self, event: &Event) {
        eventually("the newest entry of the log", || async {
            let mut db = self.store.read(Scope::System).await.unwrap();
            let head = events::head_any_tenant(&mut db).await.unwrap();
            let newest =
                events::after_any_tenant(&mut db, LogPosition { number: head.number - 1, ..head }, 1).await.unwrap();
            newest.iter().any(|(_, found)| found.id == event.id).then_some(())
        })
        .await;
    }

    /// Appends one event about a shipment, or about none.
    pub async fn happen(&self, kind: EventKind, shipment: Option<ShipmentId>) -> Event {
        self.append(vec![self.draft(self.tenant.id, kind, shipment)]).await.remove(0)
    }
}

async fn make_tenant(store: &Store, env: &Env, slug: &str) -> Tenant {
    let tenant = Tenant {
        id: TenantId::new(env),
        name: slug.to_owned(),
        slug: slug.to_owned(),
        settings: TenantSettings::default(),
        created_at: env.now(),
        version: 1,
    };
    let mut tx = store.begin(Scope::System).await.unwrap();
    tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
    tenant
}

async fn start(ground: &Ground, settings: &Settings) -> (Engine, Arc<History>) {
    let store = Store::open(&ground.url).await.unwrap();
    let quick = tracklane_history::Settings { sync: false, wal_segment_bytes: 1 << 20, ..Default::default() };
    let history = Arc::new(History::open(ground.folder.path().join("history"), quick).unwrap());
    let parts = EngineParts {
        env: ground.env.clone(),
        store,
        history: history.clone(),
        settings: settings.clone(),
        secrets: Secrets::new([7; 32]),
        scale: tracklane_engine::Scale::default(),
    };
    (Engine::start(parts).await.unwrap(), history)
}

/// Asks again and again until the answer is there; gives up after half a minute.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    for _ in 0..3_000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited too long for {what}");
}
