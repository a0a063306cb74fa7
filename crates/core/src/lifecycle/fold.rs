//! The fold: facts in, state out. Pure, and independent of the order in which the facts arrived.
//!
//! The rules, in the words of the code:
//! 1. Facts are taken by when they happened, then by confidence in that time, then by trust in the source, then by rank;
//!    what is still equal is ordered by content, so that arrival never matters. An undated fact loses to a dated one of
//!    the same instant.
//! 2. A terminal status locks: a later scan that contradicts it is flagged `out_of_order` and changes nothing.
//! 3. After `delivered`, an explicit return scan at any time, or a pick-up after the grace window, opens a return leg.
//! 4. A step back along the way counts only if the transition table knows it (out for delivery, back at the hub);
//!    a step forward always counts, whatever was skipped.
//! 5. A correction says what is true from its time on, whatever was before. A retraction makes a fact unheard, together
//!    with every copy of it.
//! 6. A fact that we cannot map (`unknown`) never moves a known status.
//! 7. A copy of a fact changes nothing, wherever it stands.

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{EventFlags, FactKind, Reason, Status, TrackingEvent, legal_next};
use crate::id::TrackingEventId;
use crate::time::{Timestamp, TzConfidence};

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

/// The order of the timeline: rule 1. A correction comes after everything that happened at the same instant, and of two
/// corrections the one made later (ids are time-ordered), so that it has the last word.
fn timeline_order(a: &TrackingEvent, b: &TrackingEvent) -> Ordering {
    let is_correction = |e: &TrackingEvent| e.kind == FactKind::Correction;
    let made = |e: &TrackingEvent| is_correction(e).then_some(e.id);
    let rank = |e: &TrackingEvent| e.status.and_then(Status::rank).unwrap_or(0);
    // Documented sub-statuses stand in the order in which they happen.
    let step = |e: &TrackingEvent| {
        let (status, word) = e.status.zip(e.substatus.as_deref())?;
        status.substatuses().iter().position(|known| *known == word)
    };
    let content = |e: &TrackingEvent| (e.substatus.clone(), e.reason, e.raw_code.clone(), e.raw_text.clone());
    a.occurred_at
        .cmp(&b.occurred_at)
        .then_with(|| made(a).cmp(&made(b)))
        .then_with(|| a.tz_confidence.cmp(&b.tz_confidence))
        .then_with(|| a.source_trust.cmp(&b.source_trust))
        .then_with(|| rank(a).cmp(&rank(b)))
        .then_with(|| (a.status, step(a)).cmp(&(b.status, step(b))))
        .then_with(|| content(a).cmp(&content(b)))
        .then_with(|| a.seq.cmp(&b.seq))
}

/// Folds the facts of one shipment into its state. The order of `facts` does not matter; duplicates change nothing.
pub fn fold(facts: &[TrackingEvent], rules: FoldRules) -> ShipmentState {
    let mut ordered: Vec<&TrackingEvent> = facts.iter().collect();
    ordered.sort_by(|a, b| timeline_order(a, b));
    let taken_back = taken_back(facts);
    let late = late_ids(facts);

    let mut state = ShipmentState::empty();
    let mut heard: Vec<&TrackingEvent> = Vec::with_capacity(ordered.len());
    for (place, fact) in ordered.iter().enumerate() {
        let mut flags = EventFlags { late_event: late.contains(&fact.id), ..EventFlags::default() };
        if taken_back.contains(&fact.id) {
            flags.retracted = true;
        } else if !repeats(fact, &heard) {
            heard.push(fact);
            let mut rivals = ordered[place + 1..].iter().filter(|other| !taken_back.contains(&other.id));
            flags.out_of_order = loses_tie(fact, &mut rivals) || !apply(&mut state, fact, rules);
        }
        state.timeline.push((fact.id, flags));
    }
    state
}

/// The facts that retractions and corrections take back, with every copy. A retraction itself stands for good; a correction
/// that was taken back takes nothing back any more. What takes a fact back is made after it, so the newest are asked first.
fn taken_back(facts: &[TrackingEvent]) -> HashSet<TrackingEventId> {
    let takes_back = |fact: &&TrackingEvent| matches!(fact.kind, FactKind::Retraction | FactKind::Correction);
    let mut acts: Vec<&TrackingEvent> = facts.iter().filter(takes_back).collect();
    acts.sort_by_key(|act| Reverse(act.id));
    let mut ids: HashSet<TrackingEventId> = HashSet::new();
    for act in acts {
        if act.kind == FactKind::Retraction || !ids.contains(&act.id) {
            ids.extend(act.retracts);
        }
    }
    let can_be_taken_back = |fact: &&TrackingEvent| fact.kind != FactKind::Retraction;
    let named: Vec<_> = facts.iter().filter(can_be_taken_back).filter(|fact| ids.contains(&fact.id)).collect();
    let said_by = |fact: &&TrackingEvent| named.iter().any(|other| is_copy(fact, other));
    facts.iter().filter(can_be_taken_back).filter(said_by).map(|fact| fact.id).collect()
}

fn is_copy(fact: &TrackingEvent, other: &TrackingEvent) -> bool {
    fact.id == other.id || fact.is_duplicate_of(other)
}

/// Was the same said before? Copies of a dated fact stand at the same instant, those of an undated one anywhere.
fn repeats(fact: &TrackingEvent, heard: &[&TrackingEvent]) -> bool {
    let near = |before: &&&TrackingEvent| is_undated(fact) || before.occurred_at == fact.occurred_at;
    heard.iter().rev().take_while(near).any(|before| is_copy(fact, before))
}

fn is_undated(fact: &TrackingEvent) -> bool {
    fact.tz_confidence == TzConfidence::Unknown
}

/// An undated scan loses to a dated one of the same instant: we do not know that it is as recent. `after` follow it in
/// the timeline.
fn loses_tie<'a>(fact: &TrackingEvent, after: &mut impl Iterator<Item = &'a &'a TrackingEvent>) -> bool {
    let says_status = |fact: &TrackingEvent| fact.kind == FactKind::Scan && fact.status.is_some();
    if !(says_status(fact) && is_undated(fact)) {
        return false;
    }
    let mut at_once = after.take_while(|other| other.occurred_at == fact.occurred_at);
    at_once.any(|other| says_status(other) && !is_undated(other))
}

/// The facts that were received after one that happened later. When an undated one happened nobody knows.
fn late_ids(facts: &[TrackingEvent]) -> HashSet<TrackingEventId> {
    let mut by_receipt: Vec<&TrackingEvent> = facts.iter().filter(|fact| !is_undated(fact)).collect();
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
        state.delayed |= fact.delayed && !state.status.is_terminal();
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

/// Rule 5: what a correction contradicts did not happen.
fn correct(state: &mut ShipmentState, fact: &TrackingEvent, to: Status) {
    // Holds and exceptions belong to either way; the other statuses say which way it goes.
    let way_back = to.rank().is_none() || matches!(to, Status::Returning | Status::Returned | Status::Failed);
    state.return_leg &= way_back;
    if !state.return_leg && !matches!(to, Status::Delivered | Status::Returned) {
        state.delivered_at = None;
    }
    if to.rank().is_some_and(|rank| Some(rank) < Status::PickedUp.rank()) {
        state.picked_up_at = None;
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
    state.status = to;
    let same = from == to && state.since.is_some();
    if !(same && to.is_terminal()) {
        state.since = Some(fact.occurred_at);
        state.decided_by = Some(fact.id);
    } else if fact.kind == FactKind::Scan {
        // A terminal status keeps its first time; a repeated scan only adds what was not known.
        state.substatus = state.substatus.take().or_else(|| fact.substatus.clone());
        state.reason = state.reason.or(fact.reason);
        return;
    }
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
