//! What devices say to be believed: a secret of their own, for protocols that know HTTP Basic or a password at most.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use tracklane_core::id::DeviceId;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{Caller, Device, Role};
use tracklane_core::{Env, Timestamp};
use tracklane_store::{Db, Scope, devices};

use super::authenticate::hash_secret;
use super::service::Access;
use crate::base::must_operate;
use crate::error::{Error, Result};
use crate::shared::ended::Ended;
use crate::tracking::KnownDevice;

/// The longest identifier that a device has, in bytes: 100 characters.
const LONGEST_NAME: usize = 400;

impl Access {
    /// Gives a device a new credential and answers it; shown once. The one before stops working.
    ///
    /// # Errors
    /// `Forbidden` unless an admin or operator calls; `NotFound`.
    pub async fn set_device_credential(&self, caller: &Caller, id: DeviceId) -> Result<String> {
        // Short enough to be typed into a phone, long enough that nobody guesses it: 120 bits.
        let credential = URL_SAFE_NO_PAD.encode(self.0.base.env.random::<15>());
        self.write_credential(caller, id, Some(hash_secret(&credential))).await?;
        Ok(credential)
    }

    /// Takes a device's credential away: it is believed without one again.
    ///
    /// # Errors
    /// `Forbidden` unless an admin or operator calls; `NotFound`.
    pub async fn clear_device_credential(&self, caller: &Caller, id: DeviceId) -> Result<()> {
        self.write_credential(caller, id, None).await
    }

    /// Gives a device a credential that nobody knows: only who is logged in may then speak for it, never who knows its name.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) async fn keep_from_all(env: &Env, db: &mut Db, device: &mut Device) -> Result<()> {
        // Random bytes in the place of a hash: what they would be the hash of, nobody can say.
        let hash = env.random::<32>();
        let now = env.now();
        if !devices::set_credential_hash(db, device.id, Some(&hash), now).await? {
            return Err(Error::NotFound);
        }
        (device.has_credential, device.updated_at) = (true, now);
        device.version += 1;
        Ok(())
    }

    /// Whether a device has this name: its identifier, or its id.
    pub fn is_device(&self, name: &str) -> bool {
        let registry = &self.0.base.memory.devices;
        name.parse().ok().and_then(|id| registry.by_id(id)).or_else(|| registry.by_identifier(name)).is_some()
    }

    /// Who speaks when a device names itself so over a protocol that has no place for a credential: none when it is unknown
    /// or disabled, or has a credential. There is nothing to guess here, so nobody is slowed down.
    pub fn device_without_credential(&self, name: &str) -> Option<Caller> {
        let registry = &self.0.base.memory.devices;
        let by_id = name.parse().ok().and_then(|id| registry.by_id(id));
        let device = by_id.or_else(|| registry.by_identifier(name))?;
        (!device.disabled && !device.has_credential).then(|| caller_of(&device))
    }

    /// Who calls when a device names itself so (its identifier, or its id), if it may send with this credential: a device
    /// with a credential must state it, one without needs none. Failures are counted for the name and the address they come
    /// from, and slowed down like those of logins; where too many names were tried, only a credential opens any more.
    ///
    /// # Errors
    /// `Unauthenticated` for unknown and disabled devices and wrong credentials; `Throttled` after too many of them.
    pub async fn authenticate_device(
        &self,
        name: &str,
        credential: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<Caller> {
        let throttle = &self.0.device_throttle;
        let now = self.0.base.env.now();
        // No device has a longer name; it need not be remembered.
        let account = if name.len() <= LONGEST_NAME { name } else { "" };
        throttle.check_account(account, from, now)?;
        let registry = &self.0.base.memory.devices;
        let by_id = name.parse().ok().and_then(|id| registry.by_id(id));
        let device = by_id.or_else(|| registry.by_identifier(name));
        let right = match &device {
            Some(device) if device.disabled => false,
            Some(device) if device.has_credential => self.credential_matches(device.device_id, credential).await?,
            Some(_) => true,
            None => false,
        };
        let believed = device.filter(|_| right);
        if !believed.as_ref().is_some_and(|device| device.has_credential) {
            throttle.check_address(from, now)?;
        }
        let Some(device) = believed else {
            throttle.count_failure(account, from, now);
            return Err(Error::Unauthenticated);
        };
        throttle.forget(account, from);
        Ok(caller_of(&device))
    }

    async fn credential_matches(&self, id: DeviceId, credential: Option<&str>) -> Result<bool> {
        let Some(credential) = credential else { return Ok(false) };
        let now = self.0.base.env.now();
        let known = match self.0.device_hashes.get(&id, now) {
            Some(known) => known,
            None => Box::pin(self.read_hash(id, now)).await?,
        };
        Ok(known.is_some_and(|hash| hash_secret(credential).ct_eq(&hash).into()))
    }

    async fn read_hash(&self, id: DeviceId, now: Timestamp) -> Result<Option<[u8; 32]>> {
        let before = self.0.device_hashes.before_read();
        let mut db = self.0.base.store.read(Scope::System).await?;
        let stored = devices::find_any_tenant(&mut db, id).await?.and_then(|(_, hash)| hash);
        let read = stored.and_then(|hash| <[u8; 32]>::try_from(hash).ok());
        self.0.device_hashes.put(before, id, read, now);
        Ok(read)
    }

    async fn write_credential(&self, caller: &Caller, id: DeviceId, hash: Option<[u8; 32]>) -> Result<()> {
        must_operate(caller)?;
        let base = &self.0.base;
        let action = if hash.is_some() { "device.credential_set" } else { "device.credential_cleared" };
        let mut tx = base.begin(caller).await?;
        let hash = hash.as_ref().map(<[u8; 32]>::as_slice);
        if !devices::set_credential_hash(&mut tx, id, hash, base.env.now()).await? {
            return Err(Error::NotFound);
        }
        base.audit(&mut tx, caller, action, id.to_string()).await?;
        let device: Device = devices::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        self.forget(Ended::Device(id)).await;
        base.memory.devices.put(&device);
        Ok(())
    }
}

/// A device, as the engine's calls want to know it.
fn caller_of(device: &KnownDevice) -> Caller {
    Caller {
        tenant_id: device.tenant_id,
        actor: Actor::Device(device.device_id),
        role: Role::Device,
        driver_id: None,
        customer_id: None,
        device_id: Some(device.device_id),
    }
}
