//! How often is too often: one table of limits, each a settings entry, kept with the generic cell rate algorithm: one
//! number per key, the time at which its allowance will be whole again.
//!
//! Processes that share memory take from one allowance. What this process let through it counts by itself, too: that holds while the
//! shared memory is away or has forgotten everything, and whoever hammers on is refused without asking.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{ApiKeyId, CustomerId, DeviceId, DriverId, UserId};
use tracklane_core::ports::{Allowance, SharedMemory, Took};

use crate::problem::{Problem, Result};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many keys one shard may hold before those that are whole again are dropped.
const SWEEP: usize = 16_384;

/// How often is too often. Zero means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Requests per minute of one user, device or API key; a key may have a limit of its own.
    pub requests_per_minute: u32,
    /// Positions per second of one driver or device, posted one by one; up to one second may be caught up.
    pub positions_per_second: u32,
    /// Shipments that one customer may create per hour.
    pub customer_shipments_per_hour: u32,
    /// Attempts to log in per minute from one address.
    pub logins_per_minute: u32,
    /// Requests for public tracking pages per minute from one address.
    pub public_requests_per_minute: u32,
    /// Live streams of a tenant that may be open at the same time.
    pub streams_per_tenant: u32,
    /// Live streams of public tracking pages that may be open at the same time from one address.
    pub public_streams_per_address: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests_per_minute: 600,
            positions_per_second: 1,
            customer_shipments_per_hour: 10,
            logins_per_minute: 10,
            public_requests_per_minute: 120,
            streams_per_tenant: 1_000,
            public_streams_per_address: 50,
        }
    }
}

/// `count` per `window_seconds`, all at once if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The name in the `RateLimit-Policy` field.
    pub name: &'static str,
    /// How many.
    pub count: u32,
    /// In how long, in seconds.
    pub window_seconds: u32,
    /// How many may come at once.
    pub burst: u32,
}

impl Quota {
    /// The same in time. Only for counts above zero.
    fn allowance(&self) -> Allowance {
        let interval = i64::from(self.window_seconds) * 1_000_000 / i64::from(self.count.max(1));
        Allowance { interval, depth: interval * i64::from(self.burst) }
    }
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// Requests of a user.
    User(UserId),
    /// Requests of an API key.
    ApiKey(ApiKeyId),
    /// Requests of a device.
    Device(DeviceId),
    /// Single positions of a device.
    DevicePositions(DeviceId),
    /// Single positions of a driver.
    DriverPositions(DriverId),
    /// Shipments that a customer creates.
    CustomerShipments(CustomerId),
    /// Logins from a network.
    Logins(IpAddr),
    /// Public tracking pages for a network.
    Public(IpAddr),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::ApiKey(id) => write!(f, "key:{id}"),
            Self::Device(id) => write!(f, "device:{id}"),
            Self::DevicePositions(id) => write!(f, "device-positions:{id}"),
            Self::DriverPositions(id) => write!(f, "driver-positions:{id}"),
            Self::CustomerShipments(id) => write!(f, "customer-shipments:{id}"),
            Self::Logins(network) => write!(f, "logins:{network}"),
            Self::Public(network) => write!(f, "public:{network}"),
        }
    }
}

/// What is left after a request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    quota: Quota,
    remaining: u32,
    reset_seconds: u64,
}

impl Left {
    /// Writes the `RateLimit` and `RateLimit-Policy` fields.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Quota { name, count, window_seconds, .. } = self.quota;
        let state = format!("\"{name}\";r={};t={}", self.remaining, self.reset_seconds);
        let policy = format!("\"{name}\";q={count};w={window_seconds}");
        for (field, text) in [(RATE_LIMIT, state), (RATE_LIMIT_POLICY, policy)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.append(field, value);
            }
        }
    }
}

/// The state of every limit.
pub struct Limits {
    settings: LimitSettings,
    hasher: RandomState,
    shards: [Mutex<HashMap<Key, i64>>; 16],
    shared: Option<Arc<dyn SharedMemory>>,
}

impl Limits {
    /// Nothing was counted yet, here.
    pub fn new(settings: LimitSettings, shared: Option<Arc<dyn SharedMemory>>) -> Self {
        Self { settings, hasher: RandomState::new(), shards: Default::default(), shared }
    }

    /// Counts a request of `key`, whose own limit replaces the default one.
    ///
    /// # Errors
    /// `quota-exceeded`.
    pub async fn request(&self, key: Key, own: Option<u32>, now: Timestamp) -> Result<Option<Left>> {
        let count = own.unwrap_or(self.settings.requests_per_minute);
        self.take(key, Quota { name: "requests", count, window_seconds: 60, burst: count }, now).await
    }

    /// Whether single positions are counted at all.
    pub fn counts_positions(&self) -> bool {
        self.settings.positions_per_second > 0
    }

    /// Counts a single position.
    ///
    /// # Errors
    /// `quota-exceeded`.
    pub async fn position(&self, key: Key, now: Timestamp) -> Result<Option<Left>> {
        let count = self.settings.positions_per_second;
        self.take(key, Quota { name: "positions", count, window_seconds: 1, burst: count.saturating_mul(2) }, now).await
    }

    /// Counts a shipment that a customer creates.
    ///
    /// # Errors
    /// `quota-exceeded`.
    pub async fn customer_shipment(&self, customer: CustomerId, now: Timestamp) -> Result<Option<Left>> {
        let count = self.settings.customer_shipments_per_hour;
        let quota = Quota { name: "shipments", count, window_seconds: 3600, burst: count };
        self.take(Key::CustomerShipments(customer), quota, now).await
    }

    /// Counts an attempt to log in.
    ///
    /// # Errors
    /// `quota-exceeded`.
    pub async fn login(&self, address: IpAddr, now: Timestamp) -> Result<Option<Left>> {
        let count = self.settings.logins_per_minute;
        self.take(Key::Logins(address), Quota { name: "logins", count, window_seconds: 60, burst: count }, now).await
    }

    /// Counts a request for a public tracking page.
    ///
    /// # Errors
    /// `quota-exceeded`.
    pub async fn public(&self, address: IpAddr, now: Timestamp) -> Result<Option<Left>> {
        let count = self.settings.public_requests_per_minute;
        self.take(Key::Public(address), Quota { name: "pages", count, window_seconds: 60, burst: count }, now).await
    }

    async fn take(&self, key: Key, quota: Quota, now: Timestamp) -> Result<Option<Left>> {
        if quota.count == 0 {
            return Ok(None);
        }
        let (allowance, now) = (quota.allowance(), now.as_microsecond());
        let took = match &self.shared {
            // What is rare is boxed: otherwise every future around this one would be as large as it can get.
            Some(shared) => Box::pin(self.take_shared(&**shared, key, allowance, now)).await,
            None => self.take_here(key, allowance, now),
        };
        match took {
            Took::Yes(ahead) => {
                let remaining = u32::try_from((allowance.depth - ahead) / allowance.interval).unwrap_or(0);
                Ok(Some(Left { quota, remaining, reset_seconds: ahead.div_ceil_seconds() }))
            }
            Took::No(wait) => Err(refusal(quota, wait.div_ceil_seconds())),
        }
    }

    /// Takes from the allowance of all processes; from that of this one alone when the others' is not known.
    async fn take_shared(&self, shared: &dyn SharedMemory, key: Key, allowance: Allowance, now: i64) -> Took {
        if let refused @ Took::No(_) = ahead_of(self.shard(key).lock().get(&key).copied(), allowance, now) {
            return refused;
        }
        match shared.take(&key.to_string(), allowance).await {
            Ok(Took::Yes(ahead)) => {
                self.take_here(key, allowance, now);
                Took::Yes(ahead)
            }
            Ok(refused) => refused,
            Err(_) => self.take_here(key, allowance, now),
        }
    }

    fn take_here(&self, key: Key, allowance: Allowance, now: i64) -> Took {
        let mut whole_at = self.shard(key).lock();
        if whole_at.len() >= SWEEP {
            whole_at.retain(|_, at| *at > now);
        }
        let at = whole_at.entry(key).or_insert(now);
        let took = ahead_of(Some(*at), allowance, now);
        if let Took::Yes(ahead) = took {
            *at = now + ahead;
        }
        took
    }

    fn shard(&self, key: Key) -> &Mutex<HashMap<Key, i64>> {
        &self.shards[self.hasher.hash_one(key) as usize % self.shards.len()]
    }
}

/// What taking once from an allowance leads to that will be whole again at `whole_at`.
fn ahead_of(whole_at: Option<i64>, Allowance { interval, depth }: Allowance, now: i64) -> Took {
    let ahead = whole_at.unwrap_or(now).max(now) + interval - now;
    if ahead > depth { Took::No(ahead - depth) } else { Took::Yes(ahead) }
}

fn refusal(quota: Quota, seconds: u64) -> Problem {
    let detail = format!("no more than {} in {} seconds", quota.count, quota.window_seconds);
    let problem = Problem::quota(quota.name, detail, seconds);
    let mut headers = HeaderMap::new();
    Left { quota, remaining: 0, reset_seconds: seconds }.write(&mut headers);
    headers.into_iter().fold(problem, |problem, (name, value)| match name {
        Some(name) => problem.with_header(name, value),
        None => problem,
    })
}

trait Micros {
    fn div_ceil_seconds(self) -> u64;
}

impl Micros for i64 {
    fn div_ceil_seconds(self) -> u64 {
        u64::try_from(self).unwrap_or(0).div_ceil(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).expect("a time in range")
    }

    #[tokio::test]
    async fn an_allowance_is_used_up_and_comes_back() {
        let limits = Limits::new(LimitSettings { logins_per_minute: 3, ..LimitSettings::default() }, None);
        let address = IpAddr::from([192, 0, 2, 1]);
        for remaining in [2, 1, 0] {
            let left = limits.login(address, at(0)).await.expect("within the limit").expect("a limit is set");
            assert_eq!(left.remaining, remaining);
        }
        let problem = limits.login(address, at(0)).await.unwrap_err();
        assert_eq!(problem.kind(), crate::problem::Kind::QuotaExceeded);
        assert!(limits.login(address, at(19_000)).await.is_err());
        assert!(limits.login(address, at(20_000)).await.is_ok());
        assert!(limits.login(address, at(20_001)).await.is_err());
        assert!(
            limits.login(IpAddr::from([192, 0, 2, 2]), at(0)).await.is_ok(),
            "another address has its own allowance"
        );
    }

    #[tokio::test]
    async fn zero_means_no_limit_and_a_key_may_have_its_own() {
        let limits = Limits::new(LimitSettings { requests_per_minute: 0, ..LimitSettings::default() }, None);
        let key = Key::ApiKey(tracklane_core::id::Id::from_uuid(Default::default()));
        assert_eq!(limits.request(key, None, at(0)).await.expect("no limit"), None);
        assert!(limits.request(key, Some(1), at(0)).await.expect("the first").is_some());
        assert!(limits.request(key, Some(1), at(0)).await.is_err());
    }

    #[tokio::test]
    async fn one_position_a_second_with_one_to_catch_up() {
        let limits = Limits::new(LimitSettings::default(), None);
        let key = Key::DevicePositions(tracklane_core::id::Id::from_uuid(Default::default()));
        let mut taken = 0;
        for tick in 0..100 {
            taken += usize::from(limits.position(key, at(tick * 100)).await.is_ok());
        }
        assert_eq!(taken, 11, "ten seconds of one a second, and one more at the start");
    }
}
