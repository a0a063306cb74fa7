//! The other side of a webhook: checks every signature, drops repeats, and keeps the way that each shipment went.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;
use tracklane_client::webhook::Secret;
use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::Status;
use tracklane_core::time::Env;

/// What a shipment must pass through, in this order.
pub const WAY: [Status; 4] = [Status::PickedUp, Status::InTransit, Status::OutForDelivery, Status::Delivered];

/// What came in.
#[derive(Debug, Default)]
pub struct Tally {
    /// Messages, each counted once.
    pub received: usize,
    /// Of them, those whose signature is right.
    pub verified: usize,
    /// Messages that came again.
    pub repeated: usize,
    /// By event type.
    pub by_type: BTreeMap<String, usize>,
    /// Why signatures were wrong, the first few.
    pub refused: Vec<String>,
    seen: HashSet<String>,
    ways: HashMap<ShipmentId, BTreeMap<i64, Status>>,
}

impl Tally {
    /// The statuses that a shipment went through, in the order of its events, each named once in a row.
    pub fn way(&self, id: ShipmentId) -> Vec<Status> {
        let mut way: Vec<Status> = self.ways.get(&id).map(|way| way.values().copied().collect()).unwrap_or_default();
        way.dedup();
        way
    }

    /// True when the shipment went the whole way, as far as webhooks tell.
    pub fn complete(&self, id: ShipmentId) -> bool {
        let way = self.way(id);
        let mut rest = WAY.iter().peekable();
        for status in &way {
            rest.next_if_eq(&status);
        }
        rest.peek().is_none()
    }
}

/// The receiver. Cheap to clone.
#[derive(Clone)]
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    env: Env,
    secret: Arc<OnceLock<Secret>>,
    tally: Arc<Mutex<Tally>>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    sequence: i64,
    #[serde(default)]
    shipment_id: Option<ShipmentId>,
    #[serde(default)]
    status: Option<Status>,
}

impl Receiver {
    /// Listens on a free port of this machine until the process ends. `env` has the clock of the sender.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(env: Env) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let receiver = Self { address, env, secret: Arc::default(), tally: Arc::default() };
        let router = Router::new().route("/hook", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(receiver)
    }

    /// Messages are believed when they are signed with this secret.
    pub fn trust(&self, secret: Secret) {
        let _ = self.secret.set(secret);
    }

    /// What came in so far.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(secret) = receiver.secret.get() else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let verified = secret.verify(&headers, &body, receiver.env.now()).map(str::to_owned);
    let mut tally = receiver.tally();
    let id = match verified {
        Ok(id) => id,
        Err(error) => {
            tally.received += 1;
            if tally.refused.len() < 10 {
                tally.refused.push(error.to_string());
            }
            return StatusCode::UNAUTHORIZED;
        }
    };
    if !tally.seen.insert(id) {
        tally.repeated += 1;
        return StatusCode::NO_CONTENT;
    }
    tally.received += 1;
    tally.verified += 1;
    let Ok(message) = serde_json::from_slice::<Message>(&body) else {
        tally.refused.push("a signed body that cannot be read".to_owned());
        return StatusCode::NO_CONTENT;
    };
    if message.kind == "shipment.status_changed"
        && let (Some(shipment), Some(status)) = (message.data.shipment_id, message.data.status)
    {
        tally.ways.entry(shipment).or_default().insert(message.data.sequence, status);
    }
    *tally.by_type.entry(message.kind).or_default() += 1;
    StatusCode::NO_CONTENT
}
