//! What tests of several crates share. Never part of the product.
//!
//! - [`env`]: a clock that stands still, randomness that can be repeated;
//! - [`TestStore`], [`TestEngine`], [`TestApp`]: a fresh one for each test, each on top of the one before;
//! - [`http_client`], [`free_port`], [`Wire`]: talking to this machine, and not being able to;
//! - [`make`]: positions and shapes.

mod app;
mod engine;
mod env;
mod http;
pub mod make;
mod store;
mod wire;

pub use app::TestApp;
pub use engine::{ADMIN_EMAIL, ADMIN_PASSWORD, TestEngine};
pub use env::{ManualClock, START, SeededEntropy, env};
pub use http::{free_port, http_client};
pub use store::TestStore;
pub use wire::Wire;
