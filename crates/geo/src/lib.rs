//! Tracklane: geo.
