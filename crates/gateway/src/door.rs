//! Whose devices may come in where.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tracklane_core::Env;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::Caller;
use tracklane_engine::records::NewDevice;
use tracklane_engine::tracking::DeviceRef;
use tracklane_engine::{Engine, Error};

use crate::mqtt::Clients;
use crate::rate::{Quota, Rates};
use crate::seats::Seats;
use crate::settings::{GatewaySettings, UnknownDevices};
use crate::stats::Counters;
use crate::tenants::Tenants;
use crate::unknown::Unknown;

/// How often a fault that concerns all devices is told of at most, in seconds.
const PAUSE_SECONDS: i64 = 10;

/// What all ways in share.
pub(crate) struct House {
    pub engine: Engine,
    pub env: Env,
    pub settings: GatewaySettings,
    pub seats: Arc<Seats>,
    pub unknown: Unknown,
    /// The tenants that topics name.
    pub tenants: Tenants,
    /// Who is connected over MQTT.
    pub clients: Arc<Clients>,
    /// How often each device may send.
    pub devices: Rates<DeviceId>,
    registrations: Rates<TenantId>,
    faulted_at: AtomicI64,
}

/// One way in: a listener, or a broker.
pub(crate) struct Door {
    pub protocol: &'static str,
    /// What the log calls it.
    pub name: String,
    /// The tenant whose devices may come in; any when there is none.
    pub tenant: Option<TenantId>,
    pub unknown: UnknownDevices,
    pub counters: Arc<Counters>,
}

/// A device that may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub tenant_id: TenantId,
    pub device_id: DeviceId,
}

/// Why a device may not come in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is unknown here, is disabled, or has a credential that the protocol has no place for.
    Unknown,
    /// Nobody can say: the store does not answer.
    Unavailable,
}

impl House {
    pub fn new(engine: Engine, env: Env, settings: GatewaySettings) -> Arc<Self> {
        let seats = Seats::new(settings.max_connections, settings.max_connections_per_address);
        let devices = Rates::new(Quota::new(settings.device_messages_per_second, Duration::from_secs(1)));
        let registrations = Rates::new(Quota::new(settings.registrations_per_hour, Duration::from_secs(3_600)));
        Arc::new(Self {
            engine,
            env,
            settings,
            seats,
            unknown: Unknown::default(),
            tenants: Tenants::default(),
            clients: Arc::default(),
            devices,
            registrations,
            faulted_at: AtomicI64::new(i64::MIN),
        })
    }

    /// The device that names itself so, if it may send here: one of `tenant`, if that is given.
    ///
    /// # Errors
    /// Never says to whom a device belongs that may not send here.
    pub async fn admit(&self, door: &Door, tenant: Option<TenantId>, name: &str) -> Result<Known, Refused> {
        let tenant = tenant.or(door.tenant);
        if let Some(Caller { tenant_id, device_id: Some(device_id), .. }) =
            self.engine.access.device_without_credential(name)
            && tenant.is_none_or(|own| own == tenant_id)
        {
            return Ok(Known { tenant_id, device_id });
        }
        self.register_or_note(door, tenant, name).await
    }

    /// A new device of this name, where the door makes devices for those that nobody has; the knock is noted otherwise.
    ///
    /// # Errors
    /// [`Refused::Unknown`], unless the store does not answer.
    pub async fn register_or_note(&self, door: &Door, tenant: Option<TenantId>, name: &str) -> Result<Known, Refused> {
        let now = Instant::now();
        // Who was sent away a moment ago is so again: looking it up anew would cost a transaction each time.
        if door.unknown == UnknownDevices::Register
            && tenant == door.tenant
            && let Some(tenant) = tenant
            && !self.unknown.knocked(name, now)
            && let Some(known) = self.register(door, tenant, name, now).await?
        {
            return Ok(known);
        }
        self.note_unknown(door, tenant, name);
        Err(Refused::Unknown)
    }

    /// Notes that a device knocked that may not come in.
    pub fn note_unknown(&self, door: &Door, tenant: Option<TenantId>, name: &str) {
        self.engine.access.note_unknown_device(door.protocol, name, tenant);
        if let Some(times) = self.unknown.note(name, Instant::now()) {
            tracing::warn!(
                device = ?name, door = door.name, times,
                "a device was sent away: it is unknown here, disabled, or has a credential"
            );
        }
    }

    /// The tenant of a short name or an id, as a topic names it.
    ///
    /// # Errors
    /// [`Refused::Unavailable`] when the store does not answer.
    pub async fn tenant_named(&self, door: &Door, name: &str) -> Result<Option<TenantId>, Refused> {
        let found = self.tenants.find(&self.engine, name).await;
        found.map_err(|error| self.fault(door, &error))
    }

    /// Makes a device of this name; none when there is one already, of whomever, or too many were made lately.
    async fn register(
        &self,
        door: &Door,
        tenant: TenantId,
        name: &str,
        now: Instant,
    ) -> Result<Option<Known>, Refused> {
        let caller = Caller::system(tenant);
        if self.engine.tracking.device(&caller, &DeviceRef::parse(name)).is_some() {
            return Ok(None);
        }
        if !self.registrations.take(tenant, now).is_zero() {
            return Ok(None);
        }
        let device = NewDevice {
            identifier: name.to_owned(),
            name: None,
            driver_id: None,
            vehicle_id: None,
            max_speed_mps: None,
            disabled: false,
        };
        match self.engine.records.devices.create(&caller, device).await {
            Ok(device) => {
                tracing::info!(device = ?name, door = door.name, id = %device.id, "a device was registered");
                Ok(Some(Known { tenant_id: tenant, device_id: device.id }))
            }
            Err(Error::Conflict(_) | Error::Invalid(_)) => Ok(None),
            Err(error) => Err(self.fault(door, &error)),
        }
    }

    /// Tells of a fault that concerns all devices, now and then.
    pub fn fault(&self, door: &Door, error: &Error) -> Refused {
        let now = self.env.now().as_second();
        let last = self.faulted_at.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= PAUSE_SECONDS && self.faulted_at.swap(now, Ordering::Relaxed) == last {
            tracing::warn!(%error, door = door.name, "what devices send cannot be kept; they will send it again");
        }
        Refused::Unavailable
    }
}
