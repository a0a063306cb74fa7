use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracklane_core::Invalid;
use tracklane_notify::webhook::{Guard, Schedule, SenderSettings};

/// Webhook delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// How long a receiver may take to answer, in milliseconds, 100 to 60,000.
    pub timeout_ms: u64,
    /// How many deliveries run at the same time at most, 1 to 10,000.
    pub concurrency: usize,
    /// How many deliveries to one endpoint run at the same time at most, 1 to 1,000.
    pub concurrency_per_endpoint: usize,
    /// For how long a claimed message is left alone by others, in seconds, more than the timeout: what was claimed by a
    /// process that died is taken up again after this time.
    pub lease_seconds: i64,
    /// The waits before the second attempt, the third, and so on, in seconds; after the last one a message is given up.
    pub retry_seconds: Vec<f64>,
    /// By which share of itself a wait is stretched or shortened at random, 0 to 1.
    pub retry_jitter: f64,
    /// For how long an endpoint may fail without a success before it is disabled, in seconds.
    pub disable_after_seconds: i64,
    /// For how long the secret before a rotation signs too, in seconds.
    pub rotation_seconds: i64,
    /// For how long messages that are not pending are kept, in days, 1 to 3,650.
    pub keep_days: i64,
    /// True when endpoints on this machine and in private networks may be called.
    pub allow_private: bool,
    /// Ranges of addresses that may be called whatever they are: `10.1.0.0/16`.
    pub allowed_addresses: Vec<String>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        let schedule = Schedule::default();
        Self {
            timeout_ms: 20_000,
            concurrency: 256,
            concurrency_per_endpoint: 16,
            lease_seconds: 60,
            retry_seconds: schedule.waits.iter().map(Duration::as_secs_f64).collect(),
            retry_jitter: schedule.jitter,
            disable_after_seconds: 3 * 86_400,
            rotation_seconds: 86_400,
            keep_days: 30,
            allow_private: false,
            allowed_addresses: Vec::new(),
        }
    }
}

impl WebhookSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// Names each setting that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let mut whole = |name: &str, value: i128, low: i128, high: i128| {
            invalid.require(
                (low..=high).contains(&value),
                &format!("/{name}"),
                format!("must be from {low} to {high}"),
            );
        };
        whole("timeout_ms", i128::from(self.timeout_ms), 100, 60_000);
        whole("concurrency", self.concurrency as i128, 1, 10_000);
        whole("concurrency_per_endpoint", self.concurrency_per_endpoint as i128, 1, 1_000);
        whole("lease_seconds", i128::from(self.lease_seconds), 1, 3_600);
        whole("disable_after_seconds", i128::from(self.disable_after_seconds), 1, 31_536_000);
        whole("rotation_seconds", i128::from(self.rotation_seconds), 0, 31_536_000);
        whole("keep_days", i128::from(self.keep_days), 1, 3_650);
        let longer = i128::from(self.lease_seconds) * 1_000 > i128::from(self.timeout_ms);
        invalid.require(longer, "/lease_seconds", "must be longer than timeout_ms");
        let jitter = (0.0..=1.0).contains(&self.retry_jitter);
        invalid.require(jitter, "/retry_jitter", "must be from 0 to 1");
        for (index, seconds) in self.retry_seconds.iter().enumerate() {
            let fits = (0.0..=31_536_000.0).contains(seconds);
            invalid.require(fits, &format!("/retry_seconds/{index}"), "must be from 0 to 31536000");
        }
        for (index, range) in self.allowed_addresses.iter().enumerate() {
            if let Err(error) = range.parse::<tracklane_notify::webhook::Cidr>() {
                invalid.add(&format!("/allowed_addresses/{index}"), error.to_string());
            }
        }
        invalid.into_result()
    }

    /// Which addresses may be called.
    pub(super) fn guard(&self) -> Guard {
        let allowed = self.allowed_addresses.iter().filter_map(|range| range.parse().ok()).collect();
        Guard { allow_private: self.allow_private, allowed }
    }

    /// How one call is made.
    pub(super) fn sender(&self) -> SenderSettings {
        let timeout = Duration::from_millis(self.timeout_ms);
        let idle_connections = self.concurrency_per_endpoint;
        SenderSettings { timeout, idle_connections, guard: self.guard(), ..SenderSettings::default() }
    }

    /// How failed messages are tried again.
    pub(super) fn schedule(&self) -> Schedule {
        let waits = self.retry_seconds.iter().map(|seconds| Duration::try_from_secs_f64(*seconds).unwrap_or_default());
        Schedule { waits: waits.collect(), jitter: self.retry_jitter, ..Schedule::default() }
    }
}
