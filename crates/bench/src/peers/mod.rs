//! Programs that others wrote, to measure against.
//!
//! Those that are asked over a socket get their load from one driver ([`wire`]) that sends bytes made ahead and counts
//! answers. A client library would take a good part of a core from the server it asks, on a machine where both share
//! two of them; so all peers have the same client, and one that costs next to nothing.

pub mod fanout;
pub mod mosquitto;
pub mod postgres;
pub mod redis;
pub mod stores;
pub mod wire;
