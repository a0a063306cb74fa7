//! Tracklane: server.
