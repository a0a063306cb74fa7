//! Pure maths on the sphere: no I/O, no clock.
//!
//! - [`distance`]: metres, bearings and points along the way;
//! - [`shape`]: polygons and circles, checked, prepared for fast questions;
//! - [`index`]: which zones may contain a point, at a cost that does not grow with their number;
//! - [`visit`]: when a device enters, dwells in and leaves zones, by the rules of each: confirmed, explained, and done again
//!   when late fixes turn up;
//! - [`filter`]: which positions are to be believed;
//! - [`trips`]: trips and stops;
//! - [`kml`]: zones out of KML;
//! - [`polyline`]: the encoded polyline text form.

pub mod distance;
pub mod filter;
pub mod index;
pub mod kml;
pub mod polyline;
pub mod shape;
pub mod trips;
pub mod visit;

pub use index::ZoneIndex;
pub use shape::Shape;
