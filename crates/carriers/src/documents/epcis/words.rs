//! Vocabulary of CBV 2.0: the forms of its terms, and what is made of business steps and dispositions.
//!
//! A disposition says how things are; where it says that something is wrong it counts more than the step. `receiving` is
//! taken as delivered because it ends the way between two parties; a partner whose receipts are on the way overrides it.

use tracklane_core::lifecycle::Reason as R;
use tracklane_core::lifecycle::Status as S;

use crate::documents::code::{Code, CodeList};

/// Where CBV terms live on the web.
pub(super) const CBV: &str = "https://ref.gs1.org/cbv/";

/// The web form of a term of CBV, from its bare word, its URN or itself: `shipping` to
/// `https://ref.gs1.org/cbv/BizStep-shipping`. What is none is left as it is.
pub(super) fn vocabulary(list: &str, text: &str) -> String {
    if let Some(word) =
        text.strip_prefix("urn:epcglobal:cbv:").and_then(|rest| rest.split_once(':')).map(|(_, word)| word)
    {
        return format!("{CBV}{list}-{word}");
    }
    if let Some(rest) = text.strip_prefix("cbv:") {
        return format!("{CBV}{rest}");
    }
    if text.contains(':') { text.to_owned() } else { format!("{CBV}{list}-{text}") }
}

/// The bare word of a term of CBV in any of its forms; the whole text of one that is private.
pub(super) fn word<'t>(list: &str, text: &'t str) -> &'t str {
    let urn = text.strip_prefix("urn:epcglobal:cbv:").and_then(|rest| rest.split_once(':')).map(|(_, word)| word);
    let web = text.strip_prefix(CBV).or_else(|| text.strip_prefix("cbv:"));
    let web = web.and_then(|rest| rest.strip_prefix(list)?.strip_prefix('-'));
    urn.or(web).unwrap_or(text)
}

/// Business steps.
pub static BIZ_STEP: CodeList = CodeList {
    name: "epcis_bizstep",
    title: "CBV 2.0 business step",
    codes: &[
        Code::is("accepting", "control of the goods accepted", S::PickedUp),
        Code::sub("arriving", "arrived at a place", S::InTransit, "arrived_facility"),
        Code::note("assembling", "assembled"),
        Code::note("collecting", "collected for processing"),
        Code::sub("commissioning", "identifier given", S::InfoReceived, "label_created"),
        Code::note("consigning", "handed to another party"),
        Code::note("creating_class_instance", "batch made"),
        Code::note("cycle_counting", "counted"),
        Code::note("decommissioning", "identifier taken away"),
        Code::sub("departing", "left a place", S::InTransit, "departed_facility"),
        Code::sub("destroying", "destroyed", S::Failed, "destroyed"),
        Code::note("disassembling", "taken apart"),
        Code::note("dispensing", "dispensed"),
        Code::note("encoding", "tag written"),
        Code::note("entering_exiting", "customer came or went"),
        Code::is("holding", "set apart until further notice", S::OnHold),
        Code::note("inspecting", "inspected"),
        Code::note("installing", "installed"),
        Code::note("killing", "tag killed"),
        Code::is("loading", "loaded into a vehicle or container", S::InTransit),
        Code::note("other", "another step"),
        Code::sub("packing", "packed", S::InfoReceived, "awaiting_item"),
        Code::sub("picking", "picked for an order", S::InfoReceived, "awaiting_item"),
        Code::is("receiving", "received", S::Delivered),
        Code::note("removing", "removed"),
        Code::note("repackaging", "packed anew"),
        Code::note("repairing", "repaired"),
        Code::note("replacing", "replaced"),
        Code::note("reserving", "reserved"),
        Code::note("retail_selling", "sold"),
        Code::note("sampling", "sampled"),
        Code::note("sensor_reporting", "sensor data"),
        Code::sub("shipping", "shipped", S::InTransit, "departed_facility"),
        Code::sub("staging_outbound", "waits to be loaded", S::InfoReceived, "awaiting_item"),
        Code::note("stocking", "put on the shelf"),
        Code::note("storing", "stored"),
        Code::is("transporting", "moved by vehicle", S::InTransit),
        Code::sub("unloading", "unloaded", S::InTransit, "arrived_facility"),
        Code::note("unpacking", "unpacked"),
        Code::sub("void_shipping", "shipping undone", S::Cancelled, "by_sender"),
    ],
};

/// Dispositions.
pub static DISPOSITION: CodeList = CodeList {
    name: "epcis_disposition",
    title: "CBV 2.0 disposition",
    codes: &[
        Code::note("active", "in the chain"),
        Code::note("available", "may be used or bought"),
        Code::note("completeness_inferred", "taken as complete"),
        Code::note("completeness_verified", "complete"),
        Code::note("conformant", "as it should be"),
        Code::note("container_closed", "closed"),
        Code::note("container_open", "open"),
        Code::sub("damaged", "damaged", S::Exception, "damaged").because(R::Damaged),
        Code::sub("destroyed", "destroyed", S::Failed, "destroyed"),
        Code::note("dispensed", "dispensed"),
        Code::sub("disposed", "disposed of", S::Failed, "destroyed"),
        Code::note("encoded", "tag written"),
        Code::note("expired", "past its date"),
        Code::note("in_progress", "goes its usual way"),
        Code::is("in_transit", "between two parties", S::InTransit),
        Code::note("inactive", "no longer in the chain"),
        Code::note("mismatch_class", "another class than expected").because(R::WrongData),
        Code::note("mismatch_instance", "another one than expected").because(R::WrongData),
        Code::note("mismatch_quantity", "another quantity than expected").because(R::WrongData),
        Code::note("needs_replacement", "must be replaced"),
        Code::note("no_pedigree_match", "papers do not match"),
        Code::sub("non_conformant", "not as it should be", S::Exception, "other"),
        Code::note("non_sellable_other", "cannot be sold"),
        Code::note("partially_dispensed", "partly dispensed"),
        Code::is("recalled", "recalled", S::OnHold),
        Code::note("reserved", "reserved"),
        Code::note("retail_sold", "sold"),
        Code::is("returned", "sent back", S::Returning),
        Code::note("sellable_accessible", "can be sold, within reach"),
        Code::note("sellable_not_accessible", "can be sold, out of reach"),
        Code::sub("stolen", "stolen", S::Exception, "missing_item").because(R::Lost),
        Code::note("unavailable", "may not be used or bought"),
        Code::note("unknown", "not known"),
    ],
};
