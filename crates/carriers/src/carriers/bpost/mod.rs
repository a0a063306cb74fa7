//! bpost: Tracked Mail (XML). Times with their offset.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "bpost",
    name: "bpost",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: true, proof: false, hand_over: false, exact_time: true },
    credentials: &[open("account"), secret("passphrase")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
