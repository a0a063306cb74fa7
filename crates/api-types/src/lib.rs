//! Tracklane: api-types.
