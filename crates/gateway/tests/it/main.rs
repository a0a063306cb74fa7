//! The gateway on real sockets, in front of a real engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod broker;
mod corpus;
mod devices;
mod durable;
mod limits;
mod mqtt;
mod publishers;
mod streams;
mod support;
mod udp;
mod unknown;
