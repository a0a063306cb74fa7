//! Australia Post: Shipping and Tracking. Scans have words and no codes; the words are the codes.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "australia_post",
    name: "Australia Post",
    source: SourceKind::Carrier,
    batch: 10,
    can: Capabilities { estimate: false, proof: false, hand_over: false, exact_time: true },
    credentials: &[open("account"), open("api_key"), secret("password")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
