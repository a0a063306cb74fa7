//! DHL Paket in Germany: Parcel DE Tracking (XML). Local times of the place.

mod parse;
mod request;
mod status;

use tracklane_core::lifecycle::SourceKind;

use super::{Capabilities, Coded, open, secret};

pub(super) static CARRIER: Coded = Coded {
    id: "dhl_parcel_de",
    name: "DHL Paket",
    source: SourceKind::Carrier,
    batch: 1,
    can: Capabilities { estimate: true, proof: true, hand_over: false, exact_time: false },
    credentials: &[secret("api_key"), open("appname"), secret("password")],
    request: request::request,
    parse: parse::parse,
    codes: status::CODES,
};
