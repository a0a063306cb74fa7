//! 17TRACK: track API v2.4, also as its webhooks carry it. Several carriers of one number.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "seventeen_track",
    name: "17TRACK",
    source: SourceKind::Aggregator,
    batch: 40,
    can: Capabilities { estimate: true, proof: false, hand_over: true, exact_time: true },
    credentials: &[secret("api_key")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
