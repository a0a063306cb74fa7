//! The fold: facts in, state out. Pure, and independent of the order in which the facts arrived.
//!
//! The rules, in the words of the code:
//! 1. Facts are taken by when they happened, then by confidence in that time, then by trust in the source, then by rank;
//!    what is still equal is ordered by content, so that arrival never matters.
//! 2. A terminal status locks: a later scan that contradicts it is flagged `out_of_order` and changes nothing.
//! 3. After `delivered`, an explicit return scan at any time, or a pick-up after the grace window, opens a return leg.
//! 4. A step back along the way counts only if the transition table knows it (out for delivery, back at the hub);
//!    a step forward always counts, whatever was skipped.
//! 5. A correction says what is true from its time on, whatever was before. A retraction makes a fact unheard.
//! 6. A fact that we cannot map (`unknown`) never moves a known status.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{EventFlags, FactKind, Reason, Status, TrackingEvent, legal_next};
use crate::id::TrackingEventId;
use crate::time::Timestamp;

/// The default grace window of rule 3: six hours.
pub const DEFAULT_GRACE_SECONDS: i64 = 6 * 3600;

/// What a tenant may set about the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldRules {
    /// For how long after a delivery a pick-up scan is taken for a straggler, in seconds, 0 or more.
    pub grace_seconds: i64,
}

impl Default for FoldRules {
    fn default() -> Self {
        Self { grace_seconds: DEFAULT_GRACE_SECONDS }
    }
}

/// The first time a status was entered, for "notify on first entry only".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FirstEntry {
    /// The status.
    pub status: Status,
    /// When it was first true.
    pub at: Timestamp,
    /// The fact that said so.
    pub event_id: TrackingEventId,
}

/// What the facts of a shipment say.
#[derive(Debug, Clone, PartialEq)]
pub struct ShipmentState {
    /// Where it stands.
    pub status: Status,
    /// The finer status.
    pub substatus: Option<String>,
    /// Why, if the deciding fact says.
    pub reason: Option<Reason>,
    /// When the deciding fact happened; none without facts.
    pub since: Option<Timestamp>,
    /// The deciding fact; none without facts.
    pub decided_by: Option<TrackingEventId>,
    /// The status before the present hold.
    pub before_hold: Option<Status>,
    /// Failed attempts that count.
    pub attempts: u32,
    /// A source said that it will be late, and it has not ended yet.
    pub delayed: bool,
    /// It is on its way back under a leg of its own.
    pub return_leg: bool,
    /// When it was picked up first.
    pub picked_up_at: Option<Timestamp>,
    /// When it was delivered (the outward leg, also when it returned later).
    pub delivered_at: Option<Timestamp>,
    /// First entries, in the order of entry.
    pub entries: Vec<FirstEntry>,
    /// How each fact was taken, in the order of the timeline (by when it happened).
    pub timeline: Vec<(TrackingEventId, EventFlags)>,
}

impl ShipmentState {
    fn empty() -> Self {
        Self {
            status: Status::Created,
            substatus: None,
            reason: None,
            since: None,
            decided_by: None,
            before_hold: None,
            attempts: 0,
            delayed: false,
            return_leg: false,
            picked_up_at: None,
            delivered_at: None,
            entries: Vec::new(),
            timeline: Vec::new(),
        }
    }

    /// Two states that say the same about the shipment; how each fact arrived (`late_event`) and ids do not count.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let entries = |s: &Self| s.entries.iter().map(|e| (e.status, e.at)).collect::<Vec<_>>();
        (self.status, &self.substatus, self.reason, self.since, self.before_hold)
            == (other.status, &other.substatus, other.reason, other.since, other.before_hold)
            && (self.attempts, self.delayed, self.return_leg) == (other.attempts, other.delayed, other.return_leg)
            && (self.picked_up_at, self.delivered_at) == (other.picked_up_at, other.delivered_at)
            && entries(self) == entries(other)
    }
}

/// The order of the timeline: rule 1.
fn timeline_order(a: &TrackingEvent, b: &TrackingEvent) -> Ordering {
    let rank = |e: &TrackingEvent| e.status.and_then(Status::rank).unwrap_or(0);
    let content = |e: &TrackingEvent| {
        let kind = e.kind == FactKind::Correction;
        (kind, e.status, e.substatus.clone(), e.reason, e.raw_code.clone(), e.raw_text.clone())
    };
    a.occurred_at
        .cmp(&b.occurred_at)
        .then_with(|| a.tz_confidence.cmp(&b.tz_confidence))
        .then_with(|| a.source_trust.cmp(&b.source_trust))
        .then_with(|| rank(a).cmp(&rank(b)))
        .then_with(|| content(a).cmp(&content(b)))
        .then_with(|| a.seq.cmp(&b.seq))
}

/// Folds the facts of one shipment into its state. The order of `facts` does not matter; duplicates change nothing.
pub fn fold(facts: &[TrackingEvent], rules: FoldRules) -> ShipmentState {
    let mut ordered: Vec<&TrackingEvent> = facts.iter().collect();
    ordered.sort_by(|a, b| timeline_order(a, b));
    let retracted: HashSet<TrackingEventId> = facts.iter().filter_map(|fact| fact.retracts).collect();
    let late = late_ids(facts);

    let mut state = ShipmentState::empty();
    let mut previous: Option<&TrackingEvent> = None;
    for fact in ordered {
        let mut flags = EventFlags { late_event: late.contains(&fact.id), ..EventFlags::default() };
        // A retraction cannot itself be retracted: that would make the outcome depend on a chain of ids.
        if retracted.contains(&fact.id) && fact.kind != FactKind::Retraction {
            flags.retracted = true;
        } else if previous.is_none_or(|before| !fact.is_duplicate_of(before)) {
            flags.out_of_order = !apply(&mut state, fact, rules);
            previous = Some(fact);
        }
        state.timeline.push((fact.id, flags));
    }
    state
}

/// The facts that were received after one that happened later.
fn late_ids(facts: &[TrackingEvent]) -> HashSet<TrackingEventId> {
    let mut by_receipt: Vec<&TrackingEvent> = facts.iter().collect();
    by_receipt.sort_by_key(|fact| fact.seq);
    let mut newest: Option<Timestamp> = None;
    let mut late = HashSet::new();
    for fact in by_receipt {
        if newest.is_some_and(|at| fact.occurred_at < at) {
            late.insert(fact.id);
        }
        newest = newest.max(Some(fact.occurred_at));
    }
    late
}

/// Takes one fact. False when it contradicts what is known and changes nothing.
fn apply(state: &mut ShipmentState, fact: &TrackingEvent, rules: FoldRules) -> bool {
    let Some(to) = fact.status.filter(|_| matches!(fact.kind, FactKind::Scan | FactKind::Correction)) else {
        state.delayed |= fact.delayed && !state.status.is_terminal();
        return true;
    };
    if fact.kind == FactKind::Correction {
        correct(state, fact, to);
        return true;
    }
    let known = state.since.is_some();
    if to == Status::Unknown && known && state.status != Status::Unknown {
        return true; // kept, said out loud in the timeline, moves nothing
    }
    if state.status == Status::Delivered && opens_return(state, fact, to, rules) {
        state.return_leg = true;
    } else if known && !may_follow(state, to) {
        return false;
    }
    enter(state, fact, to);
    true
}

/// Rule 3.
fn opens_return(state: &ShipmentState, fact: &TrackingEvent, to: Status, rules: FoldRules) -> bool {
    let since = state.since.unwrap_or(fact.occurred_at);
    let after_grace = fact.occurred_at.as_second() - since.as_second() > rules.grace_seconds;
    matches!(to, Status::Returning | Status::Returned) || (to == Status::PickedUp && after_grace)
}

/// Rules 2 and 4.
fn may_follow(state: &ShipmentState, to: Status) -> bool {
    let from = state.status;
    if from == to {
        return true;
    }
    if from.is_terminal() {
        return false;
    }
    let reached = from.rank().or_else(|| state.before_hold.and_then(Status::rank)).unwrap_or(0);
    // A return leg runs through the same statuses again; there, and after a soft status, every step counts.
    let free = state.return_leg || matches!(from, Status::Expired | Status::Unknown);
    let forward = to.rank().is_none_or(|rank| rank > reached);
    free || forward || legal_next(from, state.before_hold).contains(&to)
}

fn correct(state: &mut ShipmentState, fact: &TrackingEvent, to: Status) {
    if !to.is_terminal() {
        state.delivered_at = None;
        if !matches!(to, Status::Returning) {
            state.return_leg = false;
        }
    }
    enter(state, fact, to);
}

/// Makes `to` the present status.
fn enter(state: &mut ShipmentState, fact: &TrackingEvent, to: Status) {
    let from = state.status;
    if matches!(to, Status::OnHold | Status::Exception) {
        if from.rank().is_some() {
            state.before_hold = Some(from);
        }
    } else {
        state.before_hold = None;
    }
    match to {
        Status::AttemptFailed if fact.reason != Some(Reason::NoAttempt) => state.attempts += 1,
        Status::PickedUp if state.picked_up_at.is_none() => state.picked_up_at = Some(fact.occurred_at),
        Status::Delivered if state.delivered_at.is_none() && !state.return_leg => {
            state.delivered_at = Some(fact.occurred_at);
        }
        _ => {}
    }
    let same = from == to && state.since.is_some();
    // A terminal status keeps its first time; a repeated scan only adds what was not known.
    if !(same && to.is_terminal()) {
        state.since = Some(fact.occurred_at);
        state.decided_by = Some(fact.id);
    }
    state.status = to;
    if fact.substatus.is_some() || !same {
        state.substatus.clone_from(&fact.substatus);
    }
    if fact.reason.is_some() || !same {
        state.reason = fact.reason;
    }
    state.delayed = (state.delayed || fact.delayed) && !to.is_terminal();
    if !state.entries.iter().any(|entry| entry.status == to) {
        state.entries.push(FirstEntry { status: to, at: fact.occurred_at, event_id: fact.id });
    }
}
