//! Which positions are believed. One that is not is kept in history with its mark, and takes no part in what comes after:
//! where a device is now, zones, milestones, trips.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracklane_core::Timestamp;
use tracklane_core::position::{Fix, Mark, Position};
use tracklane_geo::filter::{FilterState, Filters, Jump, Sighting, Spot};
use tracklane_geo::visit::{Travel, ZoneFix};

use super::states::DeviceState;

/// What is doubtful about where a device is; most devices have none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Doubts {
    jump: Option<Jump>,
    before: Option<Spot>,
}

/// What says whether positions are believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge {
    filters: Filters,
    /// True when it is what history keeps of them: they were judged before.
    recorded: bool,
}

/// What is said of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Why it is not believed.
    pub mark: Option<Mark>,
    /// True when it is, though it cannot be reached from what was believed before.
    pub jumped: bool,
}

/// The believed positions around a late one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Neighbours<'a> {
    /// The last one before.
    pub before: Option<Spot>,
    /// The first one behind.
    pub behind: Option<&'a Position>,
}

impl Judge {
    /// The filters, with the device's own highest speed where it has one.
    pub fn of_device(filters: Filters, max_speed_mps: Option<f32>) -> Self {
        Self { filters: of_device(filters, max_speed_mps), recorded: false }
    }

    /// The same for positions that history has.
    pub fn recorded(self) -> Self {
        Self { recorded: true, ..self }
    }

    /// How a device moves that these filters believe.
    pub fn travel(self) -> Travel {
        let max_speed_mps = Some(f64::from(self.filters.max_speed_mps)).filter(|speed| *speed > 0.0);
        Travel { max_speed_mps, pass_through_m: 0.0 }
    }

    /// True when a position can be reached from a fix in its time.
    pub fn believes_way(self, from: ZoneFix, position: &Position) -> bool {
        let Position { fix_time: at, fix: Fix { point, accuracy_m, .. }, .. } = *position;
        !self.travel().is_impossible(from, ZoneFix { at, point, accuracy_m })
    }

    /// What it says of a position that is not before the newest of its device; `at` is when it was, in the device's order.
    pub fn of(self, state: &DeviceState, position: &Position, at: Timestamp) -> Option<Mark> {
        self.asked(position, || self.filters.judge(&known(state, position), &sighting(position, at)))
    }

    /// The same, and what follows from it for the next one.
    pub fn take(self, state: &mut DeviceState, position: &Position, at: Timestamp) -> Verdict {
        let mark = self.of(state, position, at);
        let before = known(state, position);
        let mut known = before;
        let jumped = known.learn(&self.filters, &sighting(position, at), mark);
        if (known.jump, known.before) != (before.jump, before.before) {
            if known.jump.is_some_and(Jump::is_contest) && !before.jump.is_some_and(Jump::is_contest) {
                tracing::warn!(device = %position.device_id, "two senders seem to use the name of this device: one of them is not believed");
            }
            let doubts = Doubts { jump: known.jump, before: known.before };
            state.doubts = (doubts != Doubts::default()).then(|| Box::new(doubts));
        }
        Verdict { mark, jumped }
    }

    /// What it says of one that came late: by itself, and by its neighbours where they are at hand.
    pub fn of_late(self, position: &Position, neighbours: Neighbours) -> Option<Mark> {
        let at = position.fix_time;
        self.asked(position, || {
            let by_itself = self.filters.judge(&FilterState::default(), &sighting(position, at));
            let Neighbours { before, behind } = neighbours;
            let reached = before.is_none_or(|before| self.filters.is_reachable(before, &sighting(position, at)));
            let left =
                behind.is_none_or(|next| self.filters.is_reachable(spot(position), &sighting(next, next.fix_time)));
            by_itself.or((!reached && !left).then_some(Mark::Teleport))
        })
    }

    fn asked(self, position: &Position, ask: impl FnOnce() -> Option<Mark>) -> Option<Mark> {
        if self.recorded { position.mark } else { position.mark.or_else(ask) }
    }
}

/// The filters, with the device's own highest speed where it has one.
pub(super) fn of_device(filters: Filters, max_speed_mps: Option<f32>) -> Filters {
    Filters { max_speed_mps: max_speed_mps.unwrap_or(filters.max_speed_mps), ..filters }
}

fn known(state: &DeviceState, position: &Position) -> FilterState {
    // In the device's order, as what it is held against. One that waits counted for when it came, and does so no longer.
    let at = state.waiting_fix(position).map(|waiting| waiting.at).or(state.newest.map(Into::into));
    let good = state.latest.as_ref().map(|latest| Spot {
        at: at.unwrap_or_else(|| latest.fix_time()),
        point: latest.point,
        accuracy_m: latest.accuracy_m().unwrap_or(0.0),
    });
    let Doubts { jump, before } = state.doubts.as_deref().copied().unwrap_or_default();
    FilterState { good, jump, before }
}

/// A position as what another one is held against.
pub(super) fn spot(position: &Position) -> Spot {
    let accuracy_m = position.fix.accuracy_m.unwrap_or(0.0);
    Spot { at: position.fix_time, point: position.fix.point, accuracy_m }
}

fn sighting(position: &Position, at: Timestamp) -> Sighting<'_> {
    Sighting { at, fix: &position.fix, mock: is_mock(position) }
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
