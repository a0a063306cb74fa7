//! Who wants to be told of scans, and the telling: signed as Standard Webhooks 1.0 wants it (HMAC-SHA256), tried four times.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use tracklane_core::time::{Env, Timestamp};
use tracklane_notify::webhook::{Guard, Request, Schedule, Secret, Sender, SenderSettings, Verdict};

use super::answer::Asked;
use super::server::Sandbox;

/// How many subscriptions there may be.
pub const MOST: usize = 100;
/// How many numbers one subscription may name.
pub const MOST_NUMBERS: usize = 1_000;
/// How many messages are on their way at once.
const AT_ONCE: usize = 64;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to sleep when nothing is planned.
const IDLE: Duration = Duration::from_secs(60);

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Whose it is.
    pub client: String,
    /// Where to tell.
    pub url: String,
    /// What signs.
    pub secret: Secret,
    /// The numbers to tell of; all when empty.
    pub numbers: HashSet<String>,
}

/// The subscriptions by their ids.
pub type Subscriptions = BTreeMap<String, Subscription>;

/// What sends.
pub struct Teller {
    sender: Sender,
    /// Which addresses may be called.
    pub guard: Guard,
    schedule: Schedule,
    room: Arc<Semaphore>,
    /// Called when there may be something to tell.
    pub wake: Notify,
}

impl Teller {
    /// A teller that may call what the guard lets it.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(guard: Guard) -> Result<Self, tracklane_notify::Error> {
        let settings = SenderSettings { timeout: PATIENCE, guard: guard.clone(), ..SenderSettings::default() };
        let waits = [1, 5, 30].map(Duration::from_secs).to_vec();
        Ok(Self {
            sender: Sender::new(settings)?,
            guard,
            schedule: Schedule { waits, ..Schedule::default() },
            room: Arc::new(Semaphore::new(AT_ONCE)),
            wake: Notify::new(),
        })
    }
}

/// Tells of every scan when its time has come, for as long as the process lives.
pub async fn tell(sandbox: Arc<Sandbox>) {
    loop {
        let now = sandbox.env.now();
        let (news, next) = {
            let mut memory = sandbox.memory.lock();
            (memory.news(now), memory.next())
        };
        if let Some(asked) = news {
            send_off(&sandbox, asked, now).await;
            continue;
        }
        let wait = next.map_or(IDLE, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default().min(IDLE));
        tokio::select! {
            () = sandbox.teller.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn send_off(sandbox: &Arc<Sandbox>, asked: Asked, now: Timestamp) {
    let number = asked.number.text();
    let wanting: Vec<(String, Subscription)> = {
        let subscriptions = sandbox.subscriptions.lock();
        let wants =
            |subscription: &Subscription| subscription.numbers.is_empty() || subscription.numbers.contains(&number);
        let wanting = subscriptions.iter().filter(|(_, subscription)| wants(subscription));
        wanting.map(|(id, subscription)| (id.clone(), subscription.clone())).collect()
    };
    if wanting.is_empty() {
        return;
    }
    let body = json!({ "type": "shipment.updated", "at": now, "shipments": asked.shipments(now) }).to_string();
    for (id, subscription) in wanting {
        let Ok(place) = sandbox.teller.room.clone().acquire_owned().await else { return };
        let (sandbox, body) = (sandbox.clone(), body.clone());
        tokio::spawn(async move {
            deliver(&sandbox, &id, subscription, body).await;
            drop(place);
        });
    }
}

async fn deliver(sandbox: &Sandbox, id: &str, subscription: Subscription, body: String) {
    let message = random_id("msg", &sandbox.env);
    for attempts in 1.. {
        let request = Request {
            url: subscription.url.clone(),
            id: message.clone(),
            timestamp: sandbox.env.now().as_second(),
            body: body.clone(),
            secrets: vec![subscription.secret.clone()],
        };
        let result = sandbox.teller.sender.send(request).await;
        let now = sandbox.env.now();
        let random = u64::from_be_bytes(sandbox.env.random());
        match sandbox.teller.schedule.after(attempts, &result, now, random) {
            Verdict::Delivered => return,
            Verdict::Retry(at) => {
                let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
            Verdict::Dead => {
                eprintln!("webhook {id} is not told: {}", result.detail.unwrap_or_default());
                return;
            }
            Verdict::Gone => {
                sandbox.subscriptions.lock().remove(id);
                return;
            }
        }
    }
}

/// An id that nobody has yet.
pub fn random_id(kind: &str, env: &Env) -> String {
    format!("{kind}_{:016x}", u64::from_be_bytes(env.random()))
}
