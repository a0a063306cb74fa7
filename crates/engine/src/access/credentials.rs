//! What devices say to be believed: a secret of their own, for protocols that know HTTP Basic or a password at most.

use tracklane_core::id::DeviceId;
use tracklane_core::model::{Caller, Device};

use super::service::Access;
use crate::error::Result;

impl Access {
    /// Gives a device a new credential and answers it; shown once. The one before stops working.
    ///
    /// # Errors
    /// `Forbidden` unless an admin or operator calls; `NotFound`.
    pub async fn set_device_credential(&self, caller: &Caller, id: DeviceId) -> Result<String> {
        let _ = (caller, id);
        todo!()
    }

    /// Takes a device's credential away: it is believed without one again.
    ///
    /// # Errors
    /// `Forbidden` unless an admin or operator calls; `NotFound`.
    pub async fn clear_device_credential(&self, caller: &Caller, id: DeviceId) -> Result<()> {
        let _ = (caller, id);
        todo!()
    }

    /// The device that names itself so (its identifier, or its id), if it may send with this credential: a device with a
    /// credential must state it, one without needs none.
    ///
    /// # Errors
    /// `Unauthenticated` for unknown and disabled devices and wrong credentials.
    pub async fn authenticate_device(&self, name: &str, credential: Option<&str>) -> Result<Device> {
        let _ = (name, credential);
        todo!()
    }
}
