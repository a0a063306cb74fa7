//! AfterShip: trackings, also as its webhooks carry them. Times as the carrier gives them.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "aftership",
    name: "AfterShip",
    source: SourceKind::Aggregator,
    batch: 50,
    can: Capabilities { estimate: true, proof: true, hand_over: false, exact_time: true },
    credentials: &[secret("api_key")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
