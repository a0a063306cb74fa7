//! The real binary, from outside.

mod admin;
mod config;
mod decode;
mod demo;
mod doctor;
mod kill;
mod support;
