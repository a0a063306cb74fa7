//! Positions over the ports of devices, next to a loop that only reads and answers them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use tracklane_core::Timestamp;
use tracklane_gateway::Outcome;

use super::load::Until;
use super::load::fleet::Fleet;
use super::load::mqtt::MqttSpeaker;
use super::load::teltonika::TeltonikaSpeaker;
use super::report::Figure;
use super::rounds::{Halves, RoundArgs, Sample, apart, in_turns};
use super::stage::{Setting, Stage};
use super::{device_floor, ingest};

/// How many messages of MQTT are in flight on a connection.
const WINDOW: usize = 20;

/// What devices speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceProtocol {
    /// Teltonika over TCP.
    Teltonika,
    /// MQTT 3.1.1 with QoS 1.
    Mqtt,
}

impl DeviceProtocol {
    /// With how many connections they are measured where a bar is set.
    pub const WITH_BARS: [(Self, usize); 2] = [(Self::Teltonika, 64), (Self::Mqtt, 50)];

    fn name(self) -> &'static str {
        match self {
            Self::Teltonika => "teltonika",
            Self::Mqtt => "mqtt",
        }
    }

    fn bar(self) -> u32 {
        match self {
            Self::Teltonika => 34,
            Self::Mqtt => 11,
        }
    }
}

/// The settings of a stage that hears devices, and none of them too fast.
pub fn settings() -> Vec<Setting> {
    let listen = "teltonika+tcp://127.0.0.1:0,mqtt://127.0.0.1:0";
    let pairs = [
        ("listen", listen),
        ("messages_per_second", "0"),
        ("device_messages_per_second", "0"),
        ("max_connections_per_address", "10000"),
    ];
    pairs.map(|(key, value)| ("gateway".to_owned(), key.to_owned(), value.to_owned())).to_vec()
}

/// Measures one protocol over so many connections, on a stage with [`settings`].
///
/// # Errors
/// When something cannot be started, or a position was not accepted.
pub async fn figure(
    args: &RoundArgs,
    stage: &Stage,
    protocol: DeviceProtocol,
    connections: usize,
) -> anyhow::Result<Figure> {
    let heard = stage.app.gateway.heard().iter().find(|heard| heard.protocol == protocol.name());
    let server = heard.context("the server does not listen for it")?.address;
    let floor = match protocol {
        DeviceProtocol::Teltonika => device_floor::teltonika().await?,
        DeviceProtocol::Mqtt => device_floor::mqtt().await?,
    };
    let ago = jiff::SignedDuration::from_secs(ingest::START_AGO_SECONDS);
    let start: Timestamp = crate::env::real().now().checked_sub(ago)?;
    // A tracker has a connection to itself.
    let devices = match protocol {
        DeviceProtocol::Teltonika => &stage.devices[..connections.min(stage.devices.len())],
        DeviceProtocol::Mqtt => &stage.devices[..],
    };
    let tenant = stage.tenant.to_string();
    let load = Load { protocol, connections, token: stage.token.clone(), tenant };
    let (mut idle, mut real) = (Fleet::new(devices, 1, start), Fleet::new(devices, 1, start));
    let name = format!("{}, c={connections}", protocol.name());
    let (kept, crossings) = (kept(stage, protocol), stage.crossings());
    let mut sent = 0;
    let halves = in_turns(
        &name,
        args,
        async |lasts| load.send(&mut idle, floor, lasts).await,
        async |lasts| {
            let sample = load.send(&mut real, server, lasts).await?;
            sent += sample.count;
            Ok(sample)
        },
    )
    .await?;
    let found = self::kept(stage, protocol) - kept;
    ensure!(found == sent, "{sent} messages were answered, and {found} kept");
    let Halves { measured, .. } = &halves;
    let positions: u64 = measured.iter().map(|sample| sample.count).sum();
    let floor = "the same bytes read and answered by a bare loop";
    let durable = "durable, with a login, zones and a live stream";
    Ok(Figure::of(name, "positions/s", floor, durable, &halves)?
        .with("form", protocol.name())
        .with("connections", connections)
        .with("in_flight", if protocol == DeviceProtocol::Mqtt { WINDOW } else { 1 })
        .counting("positions", positions)
        .counting("crossings", stage.crossings() - crossings)
        .counting("live_messages", stage.live_messages())
        .against(Some(protocol.bar())))
}

/// How many messages of a protocol were kept so far.
fn kept(stage: &Stage, protocol: DeviceProtocol) -> u64 {
    let counts = stage.app.gateway.counts();
    let own = counts.iter().find(|counts| counts.protocol == protocol.name());
    own.map_or(0, |counts| counts.messages(Outcome::Kept))
}

/// Who sends.
struct Load {
    protocol: DeviceProtocol,
    connections: usize,
    token: String,
    tenant: String,
}

impl Load {
    /// Sends for so long from a thread of its own.
    async fn send(&self, fleet: &mut Fleet, server: SocketAddr, lasts: Duration) -> anyhow::Result<Sample> {
        let mut moved = std::mem::replace(fleet, Fleet::empty());
        let Self { protocol, connections, .. } = *self;
        let (token, tenant) = (self.token.clone(), self.tenant.clone());
        let (sample, moved) = apart(async move || {
            let (until, number) = (Until::Passed(lasts), AtomicUsize::new(0));
            let sample = match protocol {
                DeviceProtocol::Teltonika => moved.drive(server, connections, until, TeltonikaSpeaker::default).await?,
                DeviceProtocol::Mqtt => {
                    let speaker = || MqttSpeaker::new(&token, &tenant, WINDOW, number.fetch_add(1, Ordering::Relaxed));
                    moved.drive(server, connections, until, speaker).await?
                }
            };
            Ok((sample, moved))
        })
        .await?;
        *fleet = moved;
        Ok(sample)
    }
}
