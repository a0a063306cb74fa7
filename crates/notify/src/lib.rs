//! Tracklane: notify.
