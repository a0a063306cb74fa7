//! What can be set about the engine: one struct per section of the configuration file. Every field has a default.

use serde::{Deserialize, Serialize};
use tracklane_geo::filter::Filters;
use tracklane_geo::trips::StopRules;

/// The sections that the engine owns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The position pipeline.
    pub tracking: TrackingSettings,
    /// Which positions are believed.
    pub filter: Filters,
    /// What makes a trip and a stop.
    pub trips: StopRules,
    /// Alarms of devices.
    pub alarms: AlarmSettings,
    /// Who may come in.
    pub access: crate::access::AccessSettings,
    /// Webhook delivery.
    pub webhooks: crate::webhooks::WebhookSettings,
}

/// The position pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackingSettings {
    /// How many shards share the devices, 0 to 256; 0 means four per core, so that one that waits for the disk or the
    /// database holds up few.
    pub shards: usize,
    /// How many submissions that led to something may wait for the database before more are refused, 1 to 1,000,000.
    pub queue: usize,
    /// How many positions of a batch go through the stages at once, 1 to 100,000; in between others have their turn.
    pub turn: usize,
    /// How often the state of devices is saved, in seconds, 1 to 3,600. A longer time means a longer catch-up at start.
    pub checkpoint_seconds: u64,
    /// How far back, in seconds, a late fix is still taken up by the zones, 0 to 3,600: the way is done again from before it,
    /// and what that tells is told as late. 0 keeps late fixes for history alone.
    pub reorder_window_seconds: u32,
    /// How many fixes inside the zone around a shipment's place are an arrival, 1 to 10.
    pub arrival_fixes: u8,
    /// The least accurate fix that may move a device in or out of a zone, in metres, 1 to 1,000,000.
    pub worst_accuracy_m: f32,
    /// How old the newest position of a driver may be to be taken for where the driver is, in seconds, 1 to 86,400.
    pub recent_seconds: i64,
    /// After how many seconds of silence a device is offline, 10 to 31,536,000.
    pub offline_seconds: i64,
    /// After how many seconds of standing a device is idle, 0 to 31,536,000.
    pub idle_seconds: i64,
}

impl Default for TrackingSettings {
    fn default() -> Self {
        Self {
            shards: 0,
            queue: 4_096,
            turn: 4_096,
            checkpoint_seconds: 30,
            reorder_window_seconds: 120,
            arrival_fixes: 1,
            worst_accuracy_m: 500.0,
            recent_seconds: 900,
            offline_seconds: 900,
            idle_seconds: 300,
        }
    }
}

/// What callers may know of how positions are dealt with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrackingRules {
    /// What a tenant may set for itself, and what goes with it.
    pub tracking: TrackingLimits,
    /// Which positions are believed.
    pub filter: Filters,
    /// What makes a trip and a stop.
    pub trips: StopRules,
    /// Alarms of devices.
    pub alarms: AlarmSettings,
}

/// How late, how silent, how inaccurate positions may be: a part of [`TrackingSettings`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrackingLimits {
    /// How far back, in seconds, a late fix is still taken up by the zones.
    pub reorder_window_seconds: u32,
    /// After how many seconds of silence a device is offline.
    pub offline_seconds: i64,
    /// After how many seconds of standing a device is idle.
    pub idle_seconds: i64,
    /// How many fixes inside the zone around a shipment's place are an arrival.
    pub arrival_fixes: u8,
    /// The least accurate fix that may move a device in or out of a zone, in metres.
    pub worst_accuracy_m: f32,
    /// How old the newest position of a driver may be to be taken for where the driver is, in seconds.
    pub recent_seconds: i64,
}

impl From<&Settings> for TrackingRules {
    fn from(settings: &Settings) -> Self {
        let Settings { tracking, filter, trips, alarms, .. } = settings;
        let tracking = TrackingLimits {
            reorder_window_seconds: tracking.reorder_window_seconds,
            offline_seconds: tracking.offline_seconds,
            idle_seconds: tracking.idle_seconds,
            arrival_fixes: tracking.arrival_fixes,
            worst_accuracy_m: tracking.worst_accuracy_m,
            recent_seconds: tracking.recent_seconds,
        };
        Self { tracking, filter: *filter, trips: *trips, alarms: *alarms }
    }
}

/// Alarms of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmSettings {
    /// An alarm is over when the device has not raised it for so many seconds, 0 to 86,400.
    pub quiet_seconds: i64,
    /// One that stays on is told again after so many seconds, 0 to 31,536,000; 0 for never.
    pub repeat_seconds: i64,
}

impl Default for AlarmSettings {
    fn default() -> Self {
        Self { quiet_seconds: 60, repeat_seconds: 3_600 }
    }
}

impl TrackingSettings {
    /// How many shards there will be.
    pub fn shards(&self) -> usize {
        match self.shards {
            0 => (4 * std::thread::available_parallelism().map_or(1, usize::from)).min(256),
            fixed => fixed.min(256),
        }
    }
}
