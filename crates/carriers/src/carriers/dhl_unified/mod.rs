//! DHL: Shipment Tracking Unified, for all divisions. Five statuses; times often without an offset.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, optional, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "dhl_unified",
    name: "DHL (unified)",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: true, proof: true, hand_over: false, exact_time: false },
    credentials: &[secret("api_key"), optional("service", false)],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
