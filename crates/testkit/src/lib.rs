//! Tracklane: testkit.
