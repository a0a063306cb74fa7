//! Tracklane: store.
