//! Tracklane: engine.
