//! Shippo: tracks, also as its webhooks carry them. Times say UTC, but are often the carrier's local time.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "shippo",
    name: "Shippo",
    source: SourceKind::Aggregator,
    batch: 1,
    can: Capabilities { estimate: true, proof: false, hand_over: false, exact_time: false },
    credentials: &[secret("api_key")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
