//! Peers and floors to measure against. Nothing of the product.

pub mod document;
#[cfg(feature = "peers")]
pub mod peers;
pub mod sheet;
#[cfg(feature = "peers")]
pub mod suite;
pub mod tables;

/// What every measurement answers.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
