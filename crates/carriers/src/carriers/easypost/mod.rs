//! EasyPost: trackers, also as its webhooks carry them. Times in UTC.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "easypost",
    name: "EasyPost",
    source: SourceKind::Aggregator,
    batch: 1,
    can: Capabilities { estimate: true, proof: true, hand_over: true, exact_time: true },
    credentials: &[secret("api_key")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
