//! DHL Express: MyDHL API (JSON), and the XML-PI answers that older integrations still get.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "dhl_express",
    name: "DHL Express",
    source: SourceKind::Carrier,
    batch: 10,
    can: Capabilities { estimate: true, proof: true, hand_over: false, exact_time: false },
    credentials: &[open("user"), secret("password")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
