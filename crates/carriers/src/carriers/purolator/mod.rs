//! Purolator: E-Ship tracking (SOAP). Few kinds of scans; what `Other` means, its words say.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "purolator",
    name: "Purolator",
    source: SourceKind::Carrier,
    batch: 10,
    can: Capabilities { estimate: false, proof: true, hand_over: false, exact_time: false },
    credentials: &[open("key"), secret("password")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
