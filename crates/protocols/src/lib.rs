//! Device protocols, sans-io: bytes in, reports out, and back for the simulator.
//!
//! - [`registry`]: the one list of protocols;
//! - [`osmand`]: OsmAnd and Traccar Client over HTTP;
//! - [`owntracks`]: OwnTracks over HTTP;
//! - [`stream`]: the shape of protocols over TCP and UDP;
//! - [`teltonika`], [`gt06`]: trackers that speak bytes;
//! - [`h02`], [`tk103`], [`gps103`], [`gl200`]: trackers that speak text;
//! - [`mqtt`]: packets of MQTT, and what devices publish;
//! - [`import`]: files with positions.
//!
//! A decoder answers in SI units (metres, metres per second, degrees) and names what it cannot read. It checks that
//! coordinates are on earth; whether a fix is plausible is for [`tracklane_core::position::Position::check`].

mod error;
pub mod gl200;
pub mod gps103;
pub mod gt06;
pub mod h02;
pub mod import;
mod json;
pub mod mqtt;
pub mod osmand;
pub mod owntracks;
mod read;
mod reader;
pub mod registry;
pub mod stream;
pub mod teltonika;
mod text;
pub mod tk103;

pub use error::DecodeError;
pub use registry::{PROTOCOLS, Protocol, ProtocolKind, decode_line};
pub use stream::{Decoded, Session, Stream};
