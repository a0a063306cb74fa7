//! USPS: Tracking API v3. Local times with their offset beside them.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "usps",
    name: "USPS",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: true, proof: false, hand_over: false, exact_time: true },
    credentials: &[open("client_id"), secret("client_secret")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
