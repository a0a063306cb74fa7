//! GS1 EPCIS 2.0: capture and query documents, lists of events and single ones in JSON-LD; documents of 1.x and 2.0 in XML;
//! facts of a shipment as a capture document. Vocabulary is that of CBV 2.0.
//!
//! An event without an id gets its hash id ([`hash_id`]), so the same event that comes twice is known again. An event with an
//! `errorDeclaration` takes the one with its id back.

mod epc;
mod hash;
mod read;
mod words;
mod write;
mod xml;

pub use epc::Key;
pub use hash::{Prefixes, hash_id};
pub(crate) use read::instant;
pub use read::{looks_like_event, read};
pub use words::{BIZ_STEP, DISPOSITION};
pub use write::{Envelope, write};
