//! Canada Post: Tracking details (XML). Times with a zone's abbreviation.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "canada_post",
    name: "Canada Post",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: true, proof: true, hand_over: false, exact_time: true },
    credentials: &[open("user"), secret("password")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
