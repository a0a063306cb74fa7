//! UN/EDIFACT (ISO 9735): the IFTSTA (multimodal status report) of D.96A to D.21A, and the CONTRL that answers it.
//!
//! [UNA] UNB [UNG] { UNH .. UNT } [UNE] UNZ. Files without UNA whose segments are lines are read, too. As in
//! [`super::x12`] numbers and counts of the interchange that disagree are told and forgiven, those of a message refuse it.

mod codes;
mod contrl;
mod iftsta;
mod lexer;
mod read;
mod words;
mod write;

pub use codes::{REASON, STATUS};
pub use contrl::{Stamp, acknowledge};
pub use lexer::{Lexer, Segment, Service};
pub use read::{Interchange, Part, Read, read};
pub use write::{Envelope, write};
