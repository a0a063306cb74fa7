//! The embedded position history: files in one folder, no database.

mod error;
mod history;
mod settings;

pub use error::Error;
pub use history::{History, Stats};
pub use settings::Settings;
