//! What each number may be: one list.

use toml::Value;

use super::Layers;

/// Key, lowest and highest value.
const RANGES: &[(&str, f64, f64)] = &[
    ("server.body_limit_bytes", 1_024.0, 1_073_741_824.0),
    ("server.batch_limit_bytes", 1_024.0, 1_073_741_824.0),
    ("server.timeout_seconds", 1.0, 3_600.0),
    ("server.grace_seconds", 0.0, 3_600.0),
    ("server.drain_seconds", 0.0, 3_600.0),
    ("server.idempotency_hours", 1.0, 720.0),
    ("server.live_check_seconds", 1.0, 3_600.0),
    ("store.connections", 2.0, 1_000.0),
    ("store.statement_timeout_seconds", 1.0, 86_400.0),
    ("history.wal_segment_bytes", 4_096.0, 1_073_741_824.0),
    ("history.seal_records", 1.0, 100_000_000.0),
    ("history.seal_bytes", 1.0, 17_179_869_184.0),
    ("history.seal_seconds", 1.0, 86_400.0),
    ("history.queue_records", 1.0, 100_000_000.0),
    ("history.partition_seconds", 1.0, 31_536_000.0),
    ("history.merge_fan_in", 2.0, 64.0),
    ("history.merge_bytes", 1.0, 1_099_511_627_776.0),
    ("history.directory_bytes", 0.0, 17_179_869_184.0),
    ("redis.timeout_ms", 1.0, 60_000.0),
    ("tracking.shards", 0.0, 256.0),
    ("tracking.queue", 1.0, 1_000_000.0),
    ("tracking.turn", 1.0, 100_000.0),
    ("tracking.checkpoint_seconds", 1.0, 3_600.0),
    ("tracking.reorder_window_seconds", 0.0, 3_600.0),
    ("tracking.arrival_fixes", 1.0, 10.0),
    ("tracking.worst_accuracy_m", 1.0, 1_000_000.0),
    ("tracking.recent_seconds", 1.0, 86_400.0),
    ("tracking.offline_seconds", 10.0, 31_536_000.0),
    ("tracking.idle_seconds", 0.0, 31_536_000.0),
    ("filter.max_speed_mps", 0.0, 10_000.0),
    ("filter.worst_accuracy_m", 0.0, 1_000_000.0),
    ("filter.static_m", 0.0, 1_000.0),
    ("filter.static_keep_seconds", 1.0, 86_400.0),
    ("gateway.max_connections", 1.0, 1_000_000.0),
    ("gateway.max_connections_per_address", 1.0, 1_000_000.0),
    ("gateway.login_seconds", 1.0, 3_600.0),
    ("gateway.idle_seconds", 1.0, 86_400.0),
    ("gateway.messages_per_second", 0.0, 1_000_000.0),
    ("gateway.device_messages_per_second", 0.0, 1_000_000.0),
    ("gateway.read_ahead_bytes", 1.0, 16_777_216.0),
    ("gateway.message_limit_bytes", 1_024.0, 268_435_455.0),
    ("gateway.registrations_per_hour", 0.0, 1_000_000.0),
    ("mqtt.batch", 1.0, 10_000.0),
    ("mqtt.message_limit_bytes", 1.0, 268_435_455.0),
    ("mqtt.keep_alive_seconds", 1.0, 3_600.0),
    ("trips.radius_m", 5.0, 5_000.0),
    ("trips.min_stop_seconds", 10.0, 86_400.0),
    ("trips.leave_fixes", 1.0, 100.0),
    ("trips.gap_seconds", 60.0, 604_800.0),
    ("trips.moving_mps", 0.0, 500.0),
    ("alarms.quiet_seconds", 0.0, 86_400.0),
    ("alarms.repeat_seconds", 0.0, 31_536_000.0),
    ("webhooks.timeout_ms", 100.0, 60_000.0),
    ("webhooks.concurrency", 1.0, 10_000.0),
    ("webhooks.concurrency_per_endpoint", 1.0, 1_000.0),
    ("webhooks.lease_seconds", 1.0, 3_600.0),
    ("webhooks.retry_seconds", 0.0, 31_536_000.0),
    ("webhooks.retry_jitter", 0.0, 1.0),
    ("webhooks.disable_after_seconds", 1.0, 31_536_000.0),
    ("webhooks.rotation_seconds", 0.0, 31_536_000.0),
    ("webhooks.keep_days", 1.0, 3_650.0),
    ("access.session_seconds", 60.0, 2_592_000.0),
    ("access.password_checks", 1.0, 64.0),
    ("access.free_attempts", 1.0, 1_000.0),
    ("access.longest_wait_seconds", 1.0, 86_400.0),
    ("access.cache_seconds", 0.0, 3_600.0),
    ("limits.requests_per_minute", 0.0, 1_000_000.0),
    ("limits.positions_per_second", 0.0, 1_000.0),
    ("limits.customer_shipments_per_hour", 0.0, 1_000_000.0),
    ("limits.logins_per_minute", 0.0, 100_000.0),
    ("limits.public_requests_per_minute", 0.0, 100_000.0),
    ("limits.streams_per_tenant", 0.0, 1_000_000.0),
    ("limits.public_streams_per_address", 0.0, 1_000_000.0),
];

/// Reports every number that is out of its range.
pub fn check(layers: &mut Layers) {
    let mut wrong = Vec::new();
    for (path, value, origin) in layers.entries() {
        let Some((_, low, high)) = RANGES.iter().find(|(key, ..)| *key == path) else {
            continue;
        };
        if !numbers(value).all(|number| (*low..=*high).contains(&number)) {
            wrong.push((origin.clone(), path, format!("must be from {low} to {high}, not {value}")));
        }
    }
    for (origin, path, detail) in wrong {
        layers.report(origin, &path, &detail);
    }
}

fn numbers(value: &Value) -> Box<dyn Iterator<Item = f64> + '_> {
    match value {
        Value::Integer(number) => Box::new(std::iter::once(*number as f64)),
        Value::Float(number) => Box::new(std::iter::once(*number)),
        Value::Array(items) => Box::new(items.iter().flat_map(numbers)),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_range() {
        let layers = Layers::defaults();
        for (path, value, _) in layers.entries() {
            let ranged = RANGES.iter().any(|(key, ..)| *key == path);
            assert_eq!(ranged, numbers(value).next().is_some(), "{path}");
        }
        for (key, ..) in RANGES {
            assert!(layers.entries().any(|(path, ..)| path == *key), "{key} is no setting");
        }
    }
}
