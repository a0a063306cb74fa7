//! What the server counts and measures: one struct, in which the doc comment of a field is its help text.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tracklane_engine::Engine;
use tracklane_engine::tracking::Latency;

use crate::beside::{Beside, DeviceCounts};

/// A request as metrics see it: never an id, never a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The method.
    pub method: MethodLabel,
    /// The route as the router knows it, `/v1/shipments/{id}`.
    pub route: String,
    /// The class of the status, `2xx`.
    pub status: StatusClass,
}

/// The method of a request; those that the API does not use are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MethodLabel(&'static str);

impl From<&Method> for MethodLabel {
    fn from(method: &Method) -> Self {
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
        Self(known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other"))
    }
}

impl EncodeLabelValue for MethodLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.0)
    }
}

/// The class of a status.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatusClass(u16);

impl From<StatusCode> for StatusClass {
    fn from(status: StatusCode) -> Self {
        Self(status.as_u16() / 100)
    }
}

impl EncodeLabelValue for StatusClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        write!(encoder, "{}xx", self.0)
    }
}

/// What became of a position.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// `accepted`, `duplicate`, `late`, `marked` or `rejected`; for webhooks the outcome of an attempt.
    pub outcome: &'static str,
}

/// Why a position is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabels {
    /// The word of the mark.
    pub reason: &'static str,
}

/// A connection of a device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ProtocolLabels {
    /// What it speaks.
    pub protocol: &'static str,
}

/// What became of a message of a device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct MessageLabels {
    /// What the device speaks.
    pub protocol: &'static str,
    /// What became of it.
    pub outcome: &'static str,
}

/// A broker that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SinkLabels {
    /// Its name.
    pub sink: String,
}

/// Why a connection of a device ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EndingLabels {
    /// What the device speaks.
    pub protocol: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Buckets for the time of a request, in seconds, as OpenTelemetry suggests them.
const REQUEST_SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

type FloatGauge = Gauge<f64, AtomicU64>;

/// The times that the pipeline measured, as it has them.
#[derive(Debug, Clone, Default)]
pub struct PipelineLatency(Arc<Mutex<Option<Latency>>>);

/// Something that can be put into the registry.
trait Entry {
    fn register(&self, registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>);
}

macro_rules! entries {
    ($($type:ty),*) => {
        $(impl Entry for $type {
            fn register(&self, registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>) {
                match unit {
                    Some(unit) => registry.register_with_unit(name, help, unit, self.clone()),
                    None => registry.register(name, help, self.clone()),
                }
            }
        })*
    };
}
entries!(
    Counter,
    Gauge,
    FloatGauge,
    Family<RequestLabels, Histogram>,
    Family<OutcomeLabels, Counter>,
    Family<ReasonLabels, Counter>,
    Family<ProtocolLabels, Gauge>,
    Family<SinkLabels, Gauge>,
    Family<SinkLabels, Counter>,
    Family<MessageLabels, Counter>,
    Family<EndingLabels, Counter>
);

/// A [`PipelineLatency`] under its name.
#[derive(Debug)]
struct Named {
    name: String,
    help: String,
    unit: Option<Unit>,
    latency: PipelineLatency,
}

impl Entry for PipelineLatency {
    fn register(&self, registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>) {
        let named = Named { name: name.to_owned(), help: format!("{help}."), unit, latency: self.clone() };
        registry.register_collector(Box::new(named));
    }
}

impl Collector for Named {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let latency = self.latency.0.lock();
        let Some(latency) = &*latency else { return Ok(()) };
        let mut below = 0;
        let mut buckets: Vec<(f64, u64)> = Vec::with_capacity(latency.buckets.len() + 1);
        for (bound, cumulative) in &latency.buckets {
            buckets.push((*bound, cumulative.saturating_sub(below)));
            below = *cumulative;
        }
        buckets.push((f64::INFINITY, latency.count.saturating_sub(below)));
        encoder
            .encode_descriptor(&self.name, &self.help, self.unit.as_ref(), MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(latency.sum_seconds, latency.count, &buckets, None)
    }
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])* $field:ident: $type:ty = $make:expr, $unit:expr;)*) => {
        /// Every metric of the server.
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])* pub $field: $type,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                let mut registry = Registry::with_prefix("tracklane");
                $(
                    let $field: $type = $make;
                    let help = concat!($($help,)*).trim().trim_end_matches('.');
                    $field.register(&mut registry, stringify!($field), help, $unit);
                )*
                Self { registry, $($field,)* }
            }
        }
    };
}

metrics! {
    /// Time from the head of a request to the head of its answer.
    http_request_duration: Family<RequestLabels, Histogram> =
        Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)), Some(Unit::Seconds);
    /// Positions by what became of them.
    positions: Family<OutcomeLabels, Counter> = Family::default(), None;
    /// Positions that are kept and not believed, by why.
    positions_marked: Family<ReasonLabels, Counter> = Family::default(), None;
    /// Messages of device protocols that left no position, by why.
    device_messages: Family<OutcomeLabels, Counter> = Family::default(), None;
    /// Messages of devices over sockets and brokers, by protocol and what became of them.
    gateway_messages: Family<MessageLabels, Counter> = Family::default(), None;
    /// Connections of devices that are open now, by protocol.
    gateway_connections: Family<ProtocolLabels, Gauge> = Family::default(), None;
    /// Connections of devices that ended, by protocol and why.
    gateway_endings: Family<EndingLabels, Counter> = Family::default(), None;
    /// Positions that wait in the pipeline.
    positions_waiting: Gauge = Gauge::default(), None;
    /// Partitions of the position stream that there are; 0 where there is no stream.
    stream_partitions: Gauge = Gauge::default(), None;
    /// Partitions of the position stream that this process tracks.
    stream_partitions_tracked: Gauge = Gauge::default(), None;
    /// How often this process took a partition of the position stream over.
    stream_takeovers: Counter = Counter::default(), None;
    /// How long the positions that were taken from the stream last had been on their way since they were received.
    stream_behind: FloatGauge = Gauge::default(), Some(Unit::Seconds);
    /// Zones entered and exited.
    zone_crossings: Counter = Counter::default(), None;
    /// Facts that positions made.
    milestones: Counter = Counter::default(), None;
    /// Alarms of devices that were told.
    device_alarms: Counter = Counter::default(), None;
    /// Live streams that are open now.
    live_connections: Gauge = Gauge::default(), None;
    /// Shipments that somebody waits for.
    active_shipments: Gauge = Gauge::default(), None;
    /// Time from pick-up to delivery, the average of the shipments delivered within the last 24 hours.
    average_delivery_time: FloatGauge = Gauge::default(), Some(Unit::Seconds);
    /// Events that are in the log and not yet fanned out to webhooks.
    event_log_lag: Gauge = Gauge::default(), None;
    /// Events that a broker was told, by sink.
    sink_events: Family<SinkLabels, Counter> = Family::default(), None;
    /// Attempts to tell a broker that failed, by sink.
    sink_failures: Family<SinkLabels, Counter> = Family::default(), None;
    /// Events that are in the log and that a broker was not told of yet, by sink.
    sink_lag: Family<SinkLabels, Gauge> = Family::default(), None;
    /// One while the memory that processes share is set and does not answer, otherwise zero.
    shared_memory_away: Gauge = Gauge::default(), None;
    /// Calls to the memory that processes share, by whether they were answered.
    shared_memory_calls: Family<OutcomeLabels, Counter> = Family::default(), None;
    /// Webhook attempts by how they ended.
    webhook_attempts: Family<OutcomeLabels, Counter> = Family::default(), None;
    /// Webhook messages that wait for an attempt.
    webhook_queue: Gauge = Gauge::default(), None;
    /// Time from a submission of positions coming in to its being durable.
    position_processing: PipelineLatency = PipelineLatency::default(), Some(Unit::Seconds);
}

impl Metrics {
    /// Counts a request that was answered.
    pub fn request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let labels = RequestLabels { method: method.into(), route: route.to_owned(), status: status.into() };
        self.http_request_duration.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Brings what the engine, and what runs beside the server, counts up to date, right before somebody reads it.
    pub async fn refresh(&self, engine: &Engine, beside: Option<&dyn Beside>) {
        for counts in beside.map(Beside::counts).unwrap_or_default() {
            self.heard(&counts);
        }
        let pipeline = engine.tracking.stats().snapshot();
        let outcomes = [
            ("accepted", pipeline.accepted),
            ("duplicate", pipeline.duplicate),
            ("late", pipeline.late),
            ("marked", pipeline.marked.iter().map(|(_, count)| count).sum()),
            ("rejected", pipeline.rejected),
        ];
        for (outcome, count) in outcomes {
            let counter = self.positions.get_or_create(&OutcomeLabels { outcome });
            counter.inner().store(count, Ordering::Relaxed);
        }
        for (mark, count) in pipeline.marked {
            let counter = self.positions_marked.get_or_create(&ReasonLabels { reason: mark.as_str() });
            counter.inner().store(count, Ordering::Relaxed);
        }
        if let Some(stream) = engine.tracking.stream() {
            self.stream_partitions.set(i64::from(stream.partitions));
            self.stream_partitions_tracked.set(i64::try_from(stream.tracked).unwrap_or(i64::MAX));
            self.stream_takeovers.inner().store(stream.takeovers, Ordering::Relaxed);
            self.stream_behind.set(stream.behind_seconds);
        }
        self.zone_crossings.inner().store(pipeline.crossings, Ordering::Relaxed);
        self.milestones.inner().store(pipeline.milestones, Ordering::Relaxed);
        self.device_alarms.inner().store(pipeline.alarms, Ordering::Relaxed);
        self.positions_waiting.set(i64::try_from(engine.tracking.waiting()).unwrap_or(i64::MAX));
        *self.position_processing.0.lock() = Some(pipeline.latency);
        self.live_connections.set(i64::try_from(engine.live.connections()).unwrap_or(i64::MAX));
        let counts = engine.base.store.counts(engine.base.env.now()).await;
        if let Ok(counts) = counts {
            self.active_shipments.set(counts.active_shipments);
            self.webhook_queue.set(counts.pending_messages);
            self.average_delivery_time.set(counts.average_delivery_seconds.unwrap_or(f64::NAN));
        }
        for (outcome, count) in engine.webhooks.attempt_counts() {
            let counter = self.webhook_attempts.get_or_create(&OutcomeLabels { outcome: outcome.as_str() });
            counter.inner().store(count, Ordering::Relaxed);
        }
        for state in engine.sinks.states().await.unwrap_or_default() {
            let labels = SinkLabels { sink: state.name };
            self.sink_events.get_or_create(&labels).inner().store(state.published, Ordering::Relaxed);
            self.sink_failures.get_or_create(&labels).inner().store(state.failed, Ordering::Relaxed);
            self.sink_lag.get_or_create(&labels).set(i64::try_from(state.lag).unwrap_or(i64::MAX));
        }
        if let Some(shared) = &engine.base.shared {
            self.shared_memory_away.set(shared.health().is_err().into());
            let counts = shared.counts();
            for (outcome, count) in [("answered", counts.answered), ("failed", counts.failed)] {
                self.shared_memory_calls
                    .get_or_create(&OutcomeLabels { outcome })
                    .inner()
                    .store(count, Ordering::Relaxed);
            }
        }
        if let Ok(lag) = engine.webhooks.lag().await {
            self.event_log_lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
        }
    }

    fn heard(&self, counts: &DeviceCounts) {
        let protocol = counts.protocol;
        let open = self.gateway_connections.get_or_create(&ProtocolLabels { protocol });
        open.set(i64::try_from(counts.connections).unwrap_or(i64::MAX));
        for (outcome, count) in &counts.messages {
            let counter = self.gateway_messages.get_or_create(&MessageLabels { protocol, outcome });
            counter.inner().store(*count, Ordering::Relaxed);
        }
        for (reason, count) in &counts.endings {
            let counter = self.gateway_endings.get_or_create(&EndingLabels { protocol, reason });
            counter.inner().store(*count, Ordering::Relaxed);
        }
    }

    /// Everything in the OpenMetrics text format, or in the older Prometheus text format.
    ///
    /// # Errors
    /// When the text cannot be written.
    pub fn write(&self, open_metrics: bool) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        if open_metrics {
            return Ok(text);
        }
        // The older format differs for what we use in two things: counters carry `_total` in their description too, and
        // there is no end mark.
        Ok(older_format(&text))
    }
}

fn older_format(text: &str) -> String {
    let mut counters = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# TYPE ").and_then(|rest| rest.strip_suffix(" counter")) {
            counters.push(name.to_owned());
        }
    }
    let mut older = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.starts_with("# EOF") && !line.starts_with("# UNIT")) {
        let mut words = line.splitn(4, ' ');
        let (mark, what, name) = (words.next(), words.next(), words.next().unwrap_or_default());
        if mark == Some("#") && counters.iter().any(|counter| counter == name) {
            let rest = words.next().unwrap_or_default();
            let _ = writeln!(older, "# {} {name}_total {rest}", what.unwrap_or_default());
        } else {
            older.push_str(line);
            older.push('\n');
        }
    }
    older
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_carry_help_and_values() {
        let metrics = Metrics::default();
        metrics.request(&Method::GET, "/v1/shipments/{id}", StatusCode::NOT_FOUND, Duration::from_millis(7));
        metrics.positions.get_or_create(&OutcomeLabels { outcome: "accepted" }).inc_by(3);
        let open = metrics.write(true).expect("a text");
        assert!(open.contains("# HELP tracklane_positions Positions by what became of them."), "{open}");
        assert!(open.contains("tracklane_positions_total{outcome=\"accepted\"} 3"), "{open}");
        let labels = "method=\"GET\",route=\"/v1/shipments/{id}\",status=\"4xx\"";
        let bucket = format!("tracklane_http_request_duration_seconds_bucket{{le=\"0.01\",{labels}}} 1");
        let other = format!("tracklane_http_request_duration_seconds_bucket{{{labels},le=\"0.01\"}} 1");
        assert!(open.contains(&bucket) || open.contains(&other), "{open}");
        assert!(open.ends_with("# EOF\n"));
        let older = metrics.write(false).expect("a text");
        assert!(older.contains("# TYPE tracklane_positions_total counter"), "{older}");
        assert!(!older.contains("# EOF") && !older.contains("# UNIT"), "{older}");
    }
}
