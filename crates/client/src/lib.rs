//! Tracklane: client.
