//! MQTT: messages that a broker passes on, and those that devices publish to us.
//!
//! - [`broker`]: we are a client of somebody's broker (3.1.1); [`acks`], [`tls`]: what that needs;
//! - [`device`]: devices are clients of ours (3.1.1 and 5); [`clients`]: who of them is here; [`login`]: whether they may be;
//! - [`take`]: whose a message is, and what is taken of it.

mod acks;
mod broker;
mod clients;
mod device;
mod login;
mod take;
mod tls;

pub(crate) use broker::{BrokerState, Subscriber};
pub(crate) use clients::Clients;
pub(crate) use device::Publisher;
