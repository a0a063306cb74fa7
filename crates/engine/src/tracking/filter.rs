//! Which positions are believed. One that is not is kept in history with its mark, and takes no part in what comes after:
//! where a device is now, zones, milestones, trips.

use serde_json::Value;
use tracklane_core::position::{Mark, Position};
use tracklane_geo::filter::{FilterState, Filters, Sighting, Spot};

use super::states::DeviceState;

/// What says whether positions are believed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judge {
    /// These filters.
    Filters(Filters),
    /// What history keeps of them: they were judged before.
    Recorded,
}

impl Judge {
    /// The filters, with the device's own highest speed where it has one.
    pub fn of_device(filters: Filters, max_speed_mps: Option<f32>) -> Self {
        Self::Filters(of_device(filters, max_speed_mps))
    }

    /// The mark of a position that is not before the newest of its device.
    pub fn mark(self, state: &mut DeviceState, position: &Position) -> Option<Mark> {
        let sighting = sighting(position);
        let mut known = FilterState { good: good(state), jump: state.jump.as_deref().copied() };
        let mark = match self {
            Self::Filters(filters) => position.mark.or_else(|| filters.judge(&known, &sighting)),
            Self::Recorded => position.mark,
        };
        known.learn(&sighting, mark);
        if known.jump != state.jump.as_deref().copied() {
            state.jump = known.jump.map(Box::new);
        }
        mark
    }

    /// The mark of one that came late: by what it says of itself alone, for its neighbours are not at hand.
    pub fn mark_late(self, position: &Position) -> Option<Mark> {
        match self {
            Self::Filters(filters) => {
                position.mark.or_else(|| filters.judge(&FilterState::default(), &sighting(position)))
            }
            Self::Recorded => position.mark,
        }
    }
}

/// The filters, with the device's own highest speed where it has one.
pub(super) fn of_device(filters: Filters, max_speed_mps: Option<f32>) -> Filters {
    Filters { max_speed_mps: max_speed_mps.unwrap_or(filters.max_speed_mps), ..filters }
}

fn good(state: &DeviceState) -> Option<Spot> {
    let latest = state.latest.as_deref()?;
    Some(Spot { at: latest.fix_time, point: latest.point, accuracy_m: latest.accuracy_m.unwrap_or(0.0) })
}

fn sighting(position: &Position) -> Sighting<'_> {
    Sighting { at: position.fix_time, fix: &position.fix, mock: is_mock(position) }
}

/// Phones say it as a truth value, a number or a word.
fn is_mock(position: &Position) -> bool {
    match position.attributes.get("mock") {
        Some(Value::Bool(mock)) => *mock,
        Some(Value::Number(number)) => number.as_f64() == Some(1.0),
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}
