//! Whether a device is heard of, and moves: computed when somebody asks. That it fell silent, and that it is back, is told.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;
use tracklane_core::Timestamp;
use tracklane_core::event::{DeviceSilence, EventKind};
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::{DeviceStatus, MovementKind, Presence};

use super::persist;
use super::pipeline::Works;
use super::recorded::Held;
use super::recorder::{Item, Recorders, Recording};
use super::states::DeviceState;
use super::turn::{Consequences, Told};
use super::zones::Limits;
use crate::base::Base;
use crate::error::Result;

/// How many devices of a shard are told of at once; the others wait for the next time.
const MOST: usize = 1_000;

/// What is known of a device by now.
pub(super) fn status(state: Option<&DeviceState>, now: Timestamp, base: &Base) -> DeviceStatus {
    let Some((state, heard)) = state.and_then(|state| Some((state, state.heard?.into()))) else {
        return DeviceStatus { state: Presence::Unknown, heard_at: None, stands_since: None, alarms: Vec::new() };
    };
    let stands_since = state.track.open().filter(|open| open.kind == MovementKind::Stop).map(|stop| stop.from);
    let Limits { offline_s, idle_s, .. } = base.memory.zones.limits(state.tenant_id, &base.settings.tracking);
    let idle = SignedDuration::from_secs(idle_s);
    let word = if is_silent(heard, now, offline_s) {
        Presence::Offline
    } else if stands_since.is_some_and(|since| now.duration_since(since) >= idle) {
        Presence::Idle
    } else {
        Presence::Online
    };
    // By the device's own clock: one that was raised last of all stays on while the device is silent.
    let last = state.newest.max(state.furthest).map_or(heard, Into::into).min(heard);
    let alarms = state.alarms.as_ref().map(|alarms| alarms.on(last, &base.settings.alarms)).unwrap_or_default();
    DeviceStatus { state: word, heard_at: Some(heard), stands_since, alarms }
}

/// True when nothing was heard for too long.
fn is_silent(heard: Timestamp, now: Timestamp, offline_s: i64) -> bool {
    now.duration_since(heard) > SignedDuration::from_secs(offline_s)
}

/// Tells of the devices that have fallen silent. While the server was down nobody could be heard: every device has its time
/// from the start on. Those that may not send, and those of drivers off duty, are silent because they must be.
///
/// # Errors
/// As the history says; then they are told of the next time.
pub(super) fn tell_silent(works: &Works, recorders: &Recorders) -> Result<()> {
    let (now, settings, zones) = (works.base.env.now(), &works.base.settings.tracking, &works.base.memory.zones);
    let mut offline_s = HashMap::<TenantId, i64>::new();
    for shard in works.own_shards() {
        if !works.is_abreast(shard) {
            // What was sent meanwhile waits to be taken.
            continue;
        }
        let mut states = works.states(shard);
        let silent = states.iter().filter_map(|(id, state)| {
            let heard: Timestamp = state.heard.filter(|_| !state.offline)?.into();
            let tenant = state.tenant_id;
            let limit = *offline_s.entry(tenant).or_insert_with(|| zones.limits(tenant, settings).offline_s);
            is_silent(heard.max(works.started), now, limit).then_some((tenant, *id, heard))
        });
        let silent: Vec<_> = silent.filter(|(_, id, _)| may_send(works, *id)).take(MOST).collect();
        let mut tenants = BTreeMap::<TenantId, Vec<(DeviceId, Timestamp)>>::new();
        for (tenant, device, heard) in silent {
            tenants.entry(tenant).or_default().push((device, heard));
        }
        for (tenant, devices) in tenants {
            let durable = works.settled(shard)?;
            let mut led_to = Consequences::default();
            for (device_id, heard_at) in devices {
                let driver_id = works.base.memory.devices.by_id(device_id).and_then(|device| device.driver_id);
                let data = persist::data(&DeviceSilence { heard_at });
                led_to.told.push(Told {
                    kind: EventKind::DeviceOffline,
                    at: now,
                    device_id,
                    driver_id,
                    data,
                    age: None,
                });
                led_to.devices.insert(device_id);
                if let Some(state) = states.get_mut(&device_id) {
                    (state.offline, state.dirty) = (true, true);
                }
            }
            let held = Held::whole(&mut states, &mut led_to).under(works.tenure(shard));
            let run = works.expected.next_run();
            recorders.of(shard).give(Item::Recording(Recording::nobody_waits(run, tenant, led_to, held, durable)));
        }
    }
    Ok(())
}

fn may_send(works: &Works, device: DeviceId) -> bool {
    let memory = &works.base.memory;
    memory
        .devices
        .by_id(device)
        .is_some_and(|device| !device.disabled && device.driver_id.is_none_or(|driver| memory.devices.on_duty(driver)))
}
