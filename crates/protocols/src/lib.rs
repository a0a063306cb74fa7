//! Tracklane: protocols.
