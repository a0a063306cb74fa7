//! Live streams: what happens, told while it happens, over a WebSocket or server-sent events.
//!
//! - [`listener`]: who listens, by header, cookie or ticket, and whether they still may; [`tickets`] and [`seats`] beside;
//! - [`messages`]: what client and server say to each other; [`texts`]: each thing turned into text once, for all;
//! - [`handshake`] and [`socket`]: the WebSocket, [`sse`]: server-sent events.

pub mod handshake;
pub mod listener;
pub mod messages;
pub mod seats;
pub mod socket;
pub mod sse;
pub mod texts;
pub mod tickets;

use std::net::IpAddr;

use tracklane_core::id::TenantId;

use self::seats::Seats;
use self::texts::Texts;
use self::tickets::Tickets;

/// What all live streams share.
#[derive(Default)]
pub struct LiveState {
    /// Tickets that were not used yet.
    pub tickets: Tickets,
    /// What was turned into text.
    pub texts: Texts,
    /// How many streams each tenant has open.
    pub seats: Seats<TenantId>,
    /// How many public streams each address has open.
    pub public_seats: Seats<IpAddr>,
}
