//! Every bench with its floors and peers, in one run.

pub mod against_stores;
pub mod plan;
pub mod product;
pub mod profile;
pub mod run;
pub mod servers;
