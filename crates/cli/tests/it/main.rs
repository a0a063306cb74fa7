//! The real binary, from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod admin;
mod backup;
mod carriers;
mod chaos;
mod cluster;
mod config;
mod decode;
mod demo;
mod doctor;
mod drift;
mod edi;
mod gateway;
mod import;
mod kill;
mod moving;
mod replay;
mod sandbox;
mod serve;
mod shared;
mod simulate;
mod support;
mod track;
mod zones;
