//! Peers and floors to measure against. Nothing of the product.

pub mod disk;
pub mod fleet;
pub mod machine;

/// What every measurement answers.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
