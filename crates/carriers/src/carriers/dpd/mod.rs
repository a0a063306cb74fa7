//! DPD: ParcelLifeCycleService 2.0 (SOAP). Times as Americans write them, without an offset.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "dpd",
    name: "DPD",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: false, proof: false, hand_over: false, exact_time: false },
    credentials: &[open("delis_id"), secret("auth_token")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
