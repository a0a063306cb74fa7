//! The API as callers see it: real routes, real engine, real SQLite, real history. One module per part.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod assets;
mod bodies;
mod compat;
mod conditional;
mod device;
mod idempotency;
mod limits;
mod live;
mod openapi;
mod ops;
mod permissions;
mod positions;
mod public;
mod records;
mod session;
mod shipments;
mod support;
mod unbroken;
mod webhooks;
mod wire;
