//! GLS: Track and Trace v1 of the group, and the parcel details of GLS Netherlands.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "gls",
    name: "GLS",
    source: SourceKind::Carrier,
    batch: 10,
    can: Capabilities { estimate: true, proof: false, hand_over: false, exact_time: true },
    credentials: &[open("client_id"), secret("client_secret")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
