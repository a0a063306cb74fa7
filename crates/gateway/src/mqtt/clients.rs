//! Which clients are here, and which were: two connections never have one client id, and a client that comes back hears
//! that it is known, so that it sends again what was not acknowledged. A session holds nothing else: what was acknowledged
//! is durable, and nobody subscribes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{DeviceId, TenantId};

/// How many clients are remembered at most. Only somebody who makes up client ids has more; they are forgotten then.
const MOST: usize = 100_000;

/// Who has a client id: the ids of others mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub tenant: TenantId,
    /// The device that logged in; none for an API key.
    pub device: Option<DeviceId>,
    pub client_id: String,
}

/// The clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Grows with each connection.
    connection: u64,
    clients: HashMap<Key, Entry>,
}

#[derive(Debug)]
struct Entry {
    connection: u64,
    /// Cancelled when another connection takes its place.
    replaced: CancellationToken,
    /// Until when it is remembered; none while it is here.
    until: Option<Instant>,
}

/// A client that is here.
#[derive(Debug)]
pub(super) struct Client {
    clients: Arc<Clients>,
    key: Key,
    connection: u64,
    /// For how long it is remembered.
    session: Duration,
    /// Cancelled when another connection has taken its place.
    pub replaced: CancellationToken,
}

impl Clients {
    /// Lets a client in, and answers whether it is remembered. An earlier connection of the same client is told to end. What
    /// is clean is remembered neither from before nor afterwards, as `session` says.
    pub(super) fn enter(self: &Arc<Self>, key: Key, clean: bool, session: Duration, now: Instant) -> (Client, bool) {
        let replaced = CancellationToken::new();
        let mut known = self.known.lock();
        known.connection += 1;
        let connection = known.connection;
        if known.clients.len() >= MOST {
            known.clients.retain(|_, entry| entry.until.is_none_or(|until| until > now));
            if known.clients.len() >= MOST {
                known.clients.retain(|_, entry| entry.until.is_none());
            }
        }
        let entry = Entry { connection, replaced: replaced.clone(), until: None };
        let before = known.clients.insert(key.clone(), entry);
        if let Some(before) = &before {
            before.replaced.cancel();
        }
        let present = !clean && before.is_some_and(|before| before.until.is_none_or(|until| until > now));
        (Client { clients: self.clone(), key, connection, session, replaced }, present)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut known = self.clients.known.lock();
        let Some(entry) = known.clients.get_mut(&self.key).filter(|entry| entry.connection == self.connection) else {
            return;
        };
        if self.session.is_zero() {
            known.clients.remove(&self.key);
        } else {
            // What is further away than a clock can say is for ever; a year will do.
            let year = Duration::from_secs(365 * 86_400);
            entry.until = Some(Instant::now() + self.session.min(year));
        }
    }
}

#[cfg(test)]
mod tests {
    use tracklane_core::id::Id as _;

    use super::*;

    fn key(client_id: &str) -> Key {
        Key { tenant: TenantId::from_uuid(Default::default()), device: None, client_id: client_id.to_owned() }
    }

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_client_is_known_again_unless_it_is_clean() {
        let (clients, now) = (Arc::new(Clients::default()), Instant::now());
        let enter = |id, clean, session| clients.enter(key(id), clean, session, now);
        let (first, present) = enter("a", false, HOUR);
        assert!(!present);
        drop(first);
        let (again, present) = enter("a", false, HOUR);
        assert!(present);
        drop(again);
        assert!(!clients.enter(key("a"), false, Duration::ZERO, now + 3 * HOUR).1, "that was long ago");
        assert!(!enter("a", false, HOUR).1, "the one before was not to be remembered");
        assert!(!enter("a", true, Duration::ZERO).1, "it wants to begin anew");
        assert!(!enter("a", false, HOUR).1 && !enter("b", false, HOUR).1);
    }

    #[test]
    fn a_client_that_comes_twice_takes_the_place_of_the_first() {
        let (clients, now) = (Arc::new(Clients::default()), Instant::now());
        let (first, _) = clients.enter(key("a"), false, HOUR, now);
        let (second, present) = clients.enter(key("a"), false, HOUR, now);
        assert!(present && first.replaced.is_cancelled() && !second.replaced.is_cancelled());
        drop(first);
        assert_eq!(clients.known.lock().clients.get(&key("a")).map(|entry| entry.until.is_none()), Some(true));
    }
}
