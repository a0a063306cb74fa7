//! Tracklane: history.
