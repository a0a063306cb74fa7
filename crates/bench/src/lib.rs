//! Tracklane: bench.
