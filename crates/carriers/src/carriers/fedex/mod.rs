//! FedEx: Track API v1. Scans state an offset; a number that was used again comes with several results.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "fedex",
    name: "FedEx",
    source: SourceKind::Carrier,
    batch: 30,
    can: Capabilities { estimate: true, proof: true, hand_over: false, exact_time: true },
    credentials: &[open("client_id"), secret("client_secret")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
