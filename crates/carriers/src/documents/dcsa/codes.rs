//! Event types of DCSA Track & Trace 2.2 and 3.0.

use tracklane_core::lifecycle::Reason as R;
use tracklane_core::lifecycle::Status as S;

use crate::documents::code::{Code, CodeList};
use crate::report::ReferenceKind as K;

/// `equipmentEventTypeCode`.
pub static EQUIPMENT: CodeList = CodeList {
    name: "dcsa_equipment",
    title: "DCSA equipment event type",
    codes: &[
        Code::note("AVDO", "may be dropped off"),
        Code::is("AVPU", "available for pick-up", S::AvailableForPickup),
        Code::note("CROS", "crossed a border"),
        Code::sub("CUSI", "customs chose it for inspection", S::OnHold, "customs").because(R::CustomsInspection),
        Code::sub("CUSR", "released by customs", S::InTransit, "customs_cleared"),
        Code::sub("CUSS", "customs chose it for a scan", S::OnHold, "customs").because(R::CustomsInspection),
        Code::sub("DISC", "discharged", S::InTransit, "arrived_facility"),
        Code::is("DROP", "dropped off at the customer", S::Delivered),
        Code::sub("GTIN", "gate in", S::InTransit, "arrived_facility"),
        Code::sub("GTOT", "gate out", S::InTransit, "departed_facility"),
        Code::note("INSP", "inspected"),
        Code::is("LOAD", "loaded", S::InTransit),
        Code::is("PICK", "picked up at the customer", S::PickedUp),
        Code::note("RMVD", "seal removed"),
        Code::note("RSEA", "sealed anew"),
        Code::note("STRP", "stripped"),
        Code::note("STUF", "stuffed"),
        Code::note("WAYP", "passed a waypoint"),
    ],
};

/// `transportEventTypeCode`.
pub static TRANSPORT: CodeList = CodeList {
    name: "dcsa_transport",
    title: "DCSA transport event type",
    codes: &[
        Code::sub("ARRI", "arrived", S::InTransit, "arrived_facility"),
        Code::sub("DEPA", "departed", S::InTransit, "departed_facility"),
    ],
};

/// `shipmentEventTypeCode`, alone or with the type of the document behind it (`CONF/BKG`), which counts more.
pub static SHIPMENT: CodeList = CodeList {
    name: "dcsa_shipment",
    title: "DCSA shipment event type, with the type of the document",
    codes: &[
        Code::is("CONF/BKG", "booking confirmed", S::InfoReceived),
        Code::sub("HOLD/CUS", "customs holds it", S::OnHold, "customs").because(R::CustomsDocuments),
        Code::sub("RELS/CUS", "customs released it", S::InTransit, "customs_cleared"),
        Code::note("APPR", "document approved"),
        Code::note("CMPL", "document completed"),
        Code::note("CONF", "document confirmed"),
        Code::note("DRFT", "document drafted"),
        Code::sub("HOLD", "on hold", S::OnHold, "documents"),
        Code::note("ISSU", "document issued"),
        Code::note("PENA", "document waits for approval"),
        Code::note("PENU", "document waits for an update"),
        Code::note("RECE", "document received"),
        Code::note("REJE", "document rejected"),
        Code::note("RELS", "released"),
        Code::note("REQS", "document asked for"),
        Code::note("SUBM", "document submitted"),
        Code::note("SURR", "document surrendered"),
        Code::note("VOID", "document void"),
    ],
};

/// What a type of a reference or document names.
pub(super) const REFERENCES: &[(&str, K)] = &[
    ("BKG", K::Booking),
    ("TRD", K::BillOfLading),
    ("SHI", K::Shipper),
    ("EQ", K::Equipment),
    ("FF", K::Shipper),
    ("SI", K::Shipper),
    ("PO", K::PurchaseOrder),
    ("CR", K::Recipient),
    ("AAO", K::Recipient),
];
