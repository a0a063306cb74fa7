//! Tracklane: sim.
