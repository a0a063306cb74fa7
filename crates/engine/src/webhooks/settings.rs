use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracklane_notify::webhook::Schedule;

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
