//! ANSI X12: the 214 (transportation carrier shipment status) and the 315 (status details, ocean) of versions 004010 to
//! 006040, and the 997 that answers them.
//!
//! ISA { GS { ST .. SE } GE } IEA. The delimiters come from the ISA; every control number and count is checked. An
//! interchange whose numbers disagree is still read and the disagreement told (TA1); a transaction set whose own count or
//! number disagrees is refused, because something of it may be missing.

mod ack;
mod codes;
mod lexer;
mod read;
mod s214;
mod s315;
mod words;
mod write;
mod zone;

pub use ack::{Stamp, acknowledge};
pub use codes::{APPOINTMENT, OCEAN, REASON, STATUS};
pub use lexer::{Delimiters, Lexer, Segment};
pub use read::{Group, Interchange, Read, Set, read};
pub use write::{Envelope, write};
