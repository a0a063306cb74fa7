//! What must be told of a device itself, whether its positions are believed or not: that it is heard of again, and its alarms.

use tracklane_core::event::{DeviceAlarm, DeviceSilence, EventKind};
use tracklane_core::position::Position;
use tracklane_core::sensor;

use super::crossings::Witness;
use super::{DeviceState, Pass};
use crate::tracking::persist;
use crate::tracking::turn::Told;

impl Pass<'_> {
    /// Notes that the device was heard of, and tells so when it had fallen silent.
    pub(super) fn hear(&mut self, state: &mut DeviceState, who: &Witness) {
        let before = state.heard;
        state.heard = before.max(Some(who.received_at.into()));
        if !std::mem::take(&mut state.offline) {
            return;
        }
        let told = Told {
            kind: EventKind::DeviceOnline,
            at: who.received_at,
            device_id: who.device_id,
            driver_id: who.driver_id,
            data: before.map(|heard| persist::data(&DeviceSilence { heard_at: heard.into() })).unwrap_or_default(),
            age: None,
        };
        self.led_to(who).told.push(told);
    }

    /// Tells of the alarms that a device raises.
    pub(super) fn alarms(&mut self, state: &mut DeviceState, position: &Position, who: &Witness) {
        let words = sensor::alarms(&position.attributes);
        if words.is_empty() && state.alarms.is_none() {
            return;
        }
        let mut alarms = state.alarms.take().unwrap_or_default();
        let news = alarms.hear(words, position.fix_time, &self.settings.alarms);
        state.alarms = (!alarms.is_empty()).then_some(alarms);
        let believed = state.latest.as_ref().map(|latest| latest.point);
        let point = if position.mark.is_none() { Some(position.fix.point) } else { believed };
        for alarm in news {
            // Whether it alerts somebody is for the tenant to say, when it is recorded.
            let payload = DeviceAlarm { alarm, point, late: who.late, mark: position.mark, alert: false };
            let told = Told {
                kind: EventKind::DeviceAlarm,
                at: position.fix_time.min(position.received_at),
                device_id: who.device_id,
                driver_id: who.driver_id,
                data: persist::data(&payload),
                age: Some(position.received_at.duration_since(position.fix_time)),
            };
            self.led_to(who).told.push(told);
        }
    }
}
