//! UPS: Tracking API v1. Times state their offset since 2023; older answers give local time alone.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "ups",
    name: "UPS",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: true, proof: true, hand_over: true, exact_time: true },
    credentials: &[open("client_id"), secret("client_secret")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
