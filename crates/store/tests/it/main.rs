//! The conformance suite of the store: written once, run on SQLite always and on PostgreSQL where
//! `TRACKLANE_TEST_POSTGRES_URL` says where one is (`scripts/services postgres start` prints it).

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod access;
mod coverage;
mod devices;
mod events;
mod fixtures;
mod harness;
mod positions;
mod positions_full;
mod positions_streamed;
mod records;
mod shipments;
mod standby;
mod system;
mod tenancy;
mod transactions;
mod webhooks;
