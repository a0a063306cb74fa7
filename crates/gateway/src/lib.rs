//! Devices that speak over sockets of their own, and brokers that pass on what devices say: bytes in, positions to the
//! engine, and an acknowledgement once they are durable.
//!
//! - [`settings`]: what is listened for, and the limits; [`listen`]: how an address is written;
//! - [`tcp`] and [`udp`]: the sockets; [`mqtt`]: a broker, and devices that speak as to one;
//! - [`door`]: whose devices may come in where; [`tenants`]: whose topics; [`batch`]: what one commit covers;
//! - [`rate`], [`seats`], [`unknown`]: what keeps one device from taking what belongs to all; [`stats`]: what is counted;
//! - [`start`] and [`tasks`]: the begin and the end.
//!
//! A device forgets what is acknowledged: no reply goes out before the commit. What cannot be kept is not acknowledged, and
//! the connection ends, so that the device sends it again. Nobody is read from faster than what they say can be kept.

mod batch;
mod door;
mod listen;
mod mqtt;
mod rate;
mod seats;
mod settings;
mod start;
mod stats;
mod tasks;
mod tcp;
mod tenants;
mod udp;
mod unknown;

pub use listen::{Listen, ParseListenError, Transport};
pub use settings::{GatewaySettings, MqttSettings, UnknownDevices};
pub use start::{Gateway, Heard, Opened, StartError};
pub use stats::{Counts, Ending, Outcome};
