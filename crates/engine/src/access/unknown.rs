//! Devices that knocked and were sent away, for whoever has to make them known: in memory, so many at most.

use std::collections::HashMap;

use parking_lot::Mutex;
use tracklane_core::Timestamp;
use tracklane_core::id::TenantId;
use tracklane_core::model::Caller;

use super::service::Access;
use crate::tracking::Memory;

/// How many are told apart. Who makes up more than that pushes out those that knocked once, the longest ago.
const MOST: usize = 1_000;

/// The longest name that is kept, in bytes. Identifiers have at most 100 characters.
const LONGEST: usize = 200;

/// Why a device was sent away, as far as that is so now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhySentAway {
    /// No device of the tenant has this identifier.
    Unknown,
    /// The device is disabled.
    Disabled,
    /// The device has a credential, which it did not state, or the protocol has no place for.
    Credential,
}

/// A device that was sent away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownDevice {
    /// What it spoke.
    pub protocol: &'static str,
    /// How it names itself.
    pub identifier: String,
    /// Why.
    pub why: WhySentAway,
    /// When it first knocked, since the server started or its name was given up.
    pub first_seen_at: Timestamp,
    /// When it last did.
    pub last_seen_at: Timestamp,
    /// How often.
    pub count: u64,
}

/// Who knocked: where only one tenant's devices may come in, with that tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: Option<TenantId>,
    protocol: &'static str,
    identifier: String,
}

#[derive(Debug, Clone, Copy)]
struct Knocks {
    first: Timestamp,
    last: Timestamp,
    count: u64,
}

/// Those who knocked.
#[derive(Debug, Default)]
pub(super) struct Knocked(Mutex<HashMap<Key, Knocks>>);

impl Knocked {
    fn note(&self, key: Key, now: Timestamp) {
        if key.identifier.is_empty() || key.identifier.len() > LONGEST {
            return;
        }
        let mut all = self.0.lock();
        if let Some(knocks) = all.get_mut(&key) {
            knocks.count += 1;
            knocks.last = knocks.last.max(now);
            return;
        }
        if all.len() >= MOST {
            let oldest =
                all.iter().min_by_key(|(_, knocks)| (knocks.count > 1, knocks.last)).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                all.remove(&oldest);
            }
        }
        all.insert(key, Knocks { first: now, last: now, count: 1 });
    }
}

impl Access {
    /// Notes that a device was sent away which named itself so; with the tenant, where only its devices may come in.
    pub fn note_unknown_device(&self, protocol: &'static str, identifier: &str, tenant: Option<TenantId>) {
        let key = Key { tenant, protocol, identifier: identifier.to_owned() };
        self.0.knocked.note(key, self.0.base.env.now());
    }

    /// The devices that were sent away and still would be, the last one first: those of the caller's tenant, and with
    /// `nobodys` also those that belong to no tenant.
    pub fn unknown_devices(&self, caller: &Caller, nobodys: bool) -> Vec<UnknownDevice> {
        let all: Vec<_> = self.0.knocked.0.lock().iter().map(|(key, knocks)| (key.clone(), *knocks)).collect();
        let mut found: Vec<_> = all
            .into_iter()
            .filter_map(|(key, knocks)| {
                let (tenant, why) = judge(&self.0.base.memory, &key)?;
                let seen = tenant.map_or(nobodys, |tenant| tenant == caller.tenant_id);
                seen.then_some(UnknownDevice {
                    protocol: key.protocol,
                    identifier: key.identifier,
                    why,
                    first_seen_at: knocks.first,
                    last_seen_at: knocks.last,
                    count: knocks.count,
                })
            })
            .collect();
        found.sort_unstable_by(|a, b| {
            b.last_seen_at
                .cmp(&a.last_seen_at)
                .then_with(|| (a.protocol, &a.identifier).cmp(&(b.protocol, &b.identifier)))
        });
        found
    }
}

/// Whose it is, as far as anybody may know, and why it would be sent away now; none when it would not.
fn judge(memory: &Memory, key: &Key) -> Option<(Option<TenantId>, WhySentAway)> {
    let by_id = key.identifier.parse().ok().and_then(|id| memory.devices.by_id(id));
    let device = by_id.or_else(|| memory.devices.by_identifier(&key.identifier));
    let own = device.filter(|device| key.tenant.is_none_or(|tenant| tenant == device.tenant_id));
    let Some(device) = own else { return Some((key.tenant, WhySentAway::Unknown)) };
    let why = match (device.disabled, device.has_credential) {
        (true, _) => WhySentAway::Disabled,
        (false, true) => WhySentAway::Credential,
        (false, false) => return None,
    };
    Some((Some(device.tenant_id), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(identifier: &str) -> Key {
        Key { tenant: None, protocol: "h02", identifier: identifier.to_owned() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_flood_of_names_does_not_push_out_who_keeps_knocking() {
        let knocked = Knocked::default();
        knocked.note(key("a real one"), at(0));
        knocked.note(key("a real one"), at(60));
        for number in 0..10 * MOST {
            knocked.note(key(&number.to_string()), at(100 + number as i64));
        }
        let all = knocked.0.lock();
        assert_eq!(all.len(), MOST);
        assert_eq!(
            all.get(&key("a real one")).map(|knocks| (knocks.count, knocks.first, knocks.last)),
            Some((2, at(0), at(60)))
        );
        assert!(all.contains_key(&key(&(10 * MOST - 1).to_string())), "the newest are known");
    }

    #[test]
    fn what_can_be_no_identifier_is_not_kept() {
        let knocked = Knocked::default();
        knocked.note(key(""), at(0));
        knocked.note(key(&"x".repeat(LONGEST + 1)), at(0));
        assert!(knocked.0.lock().is_empty());
    }
}
