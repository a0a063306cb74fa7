//! A shipment, opened for writing: locked, with everything the fold needs. The one place where facts become a status.

use std::collections::{HashMap, HashSet};

use tracklane_core::event::{Event, EventKind, StatusChange};
use tracklane_core::id::{DriverId, LegId, LocationId, ShipmentId, TrackingEventId};
use tracklane_core::lifecycle::{
    Actor, FactKind, FoldRules, Place, Reason, ShipmentState, SourceKind, Status, TrackingEvent, fold,
};
use tracklane_core::model::{Caller, Leg, Location, Role, Shipment, Tenant};
use tracklane_core::position::Attributes;
use tracklane_core::time::{TzConfidence, to_micros};
use tracklane_core::{Env, Timestamp};
use tracklane_store::{Db, events, legs, locations, shipments, tenants, tracking_events};

use super::read::views;
use super::seen::Shown;
use super::{ShipmentChange, log, route};
use crate::base::Base;
use crate::error::{Error, Result};

/// A fact as it is stated, before it has an id and a place in the order of receipt.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub kind: FactKind,
    pub status: Option<Status>,
    pub substatus: Option<String>,
    pub reason: Option<Reason>,
    pub delayed: bool,
    pub raw_code: Option<String>,
    pub raw_text: Option<String>,
    pub occurred_at: Timestamp,
    pub offset_seconds: Option<i32>,
    pub source: SourceKind,
    pub actor: Actor,
    pub leg_id: Option<LegId>,
    pub package_id: Option<tracklane_core::id::PackageId>,
    pub place: Option<Place>,
    pub retracts: Option<TrackingEventId>,
}

impl Draft {
    /// A scan that says `status` and nothing else.
    pub fn scan(status: Status, occurred_at: Timestamp, source: SourceKind, actor: Actor) -> Self {
        Self {
            kind: FactKind::Scan,
            status: Some(status),
            substatus: None,
            reason: None,
            delayed: false,
            raw_code: None,
            raw_text: None,
            occurred_at,
            offset_seconds: None,
            source,
            actor,
            leg_id: None,
            package_id: None,
            place: None,
            retracts: None,
        }
    }

    fn into_fact(self, env: &Env, shipment_id: ShipmentId, seq: i64) -> TrackingEvent {
        TrackingEvent {
            id: TrackingEventId::new(env),
            shipment_id,
            leg_id: self.leg_id,
            package_id: self.package_id,
            kind: self.kind,
            status: self.status,
            substatus: self.substatus,
            reason: self.reason,
            delayed: self.delayed,
            raw_code: self.raw_code,
            raw_text: self.raw_text,
            occurred_at: to_micros(self.occurred_at),
            offset_seconds: self.offset_seconds,
            tz_confidence: TzConfidence::Exact,
            received_at: env.now(),
            source: self.source,
            source_name: None,
            source_trust: self.source.default_trust(),
            seq,
            actor: Some(self.actor),
            place: self.place,
            retracts: self.retracts,
            copies: 1,
        }
    }
}

/// What kind of source a caller is.
pub(super) fn source_of(caller: &Caller) -> SourceKind {
    match (caller.role, caller.actor) {
        (_, Actor::System) => SourceKind::System,
        (Role::Driver, _) => SourceKind::Driver,
        (Role::Device, _) => SourceKind::Device,
        _ => SourceKind::Operator,
    }
}

/// A shipment, locked until the end of the transaction it was opened in.
pub(crate) struct Open {
    pub tenant: Tenant,
    pub shipment: Shipment,
    pub legs: Vec<Leg>,
    pub facts: Vec<TrackingEvent>,
    pub state: ShipmentState,
    /// The shipment as the store has it.
    stored: Shipment,
    /// The facts that were stated since it was opened, new or known.
    stated: Vec<TrackingEventId>,
    /// The ends of the present leg, as far as they were read, and what was read.
    places: (Vec<LocationId>, Vec<Location>),
}

impl Open {
    /// Opens a shipment of the handle's tenant; none when there is no such shipment.
    pub async fn lock(db: &mut Db, id: ShipmentId) -> Result<Option<Self>> {
        let Some(shipment) = shipments::lock(db, id).await? else { return Ok(None) };
        let tenant = tenants::own(db).await?.ok_or(Error::NotFound)?;
        let legs = legs::list_of_shipment(db, id).await?;
        let facts = tracking_events::list_of_shipment(db, id).await?;
        let state = fold(&facts, rules(&tenant));
        let stored = shipment.clone();
        Ok(Some(Self { tenant, shipment, legs, facts, state, stored, stated: Vec::new(), places: Default::default() }))
    }

    /// A shipment that is being made: nothing was said about it yet.
    pub fn new(tenant: Tenant, shipment: Shipment, legs: Vec<Leg>) -> Self {
        let state = fold(&[], rules(&tenant));
        let stored = shipment.clone();
        Self {
            tenant,
            shipment,
            legs,
            facts: Vec::new(),
            state,
            stored,
            stated: Vec::new(),
            places: Default::default(),
        }
    }

    /// What was made of it since it was opened, as the caller may see it. From here on it is as if opened anew.
    pub fn take_change(&mut self, caller: &Caller) -> ShipmentChange {
        let stated = std::mem::take(&mut self.stated);
        let facts = self.facts.iter().filter(|fact| stated.contains(&fact.id)).cloned().collect();
        ShipmentChange {
            shipment: self.shipment.clone().seen_by(caller),
            events: views(facts, &self.state).seen_by(caller),
        }
    }

    /// Of how many parts it consists.
    pub fn parts(&self) -> usize {
        1 + self.legs.len() + self.facts.len()
    }

    /// The locations that it was last read with.
    pub fn ends(&self) -> impl Iterator<Item = LocationId> {
        self.places.0.iter().copied()
    }

    /// True when the same was said before.
    pub fn knows(&self, env: &Env, draft: &Draft) -> bool {
        let fact = draft.clone().into_fact(env, self.shipment.id, 0);
        self.facts.iter().any(|known| fact.is_duplicate_of(known))
    }

    /// Where it stood at a time, by the facts that stand today.
    pub fn state_at(&self, at: Timestamp) -> ShipmentState {
        let retracted: HashSet<_> =
            self.state.timeline.iter().filter(|(_, flags)| flags.retracted).map(|(id, _)| *id).collect();
        let stood = |fact: &&TrackingEvent| fact.occurred_at <= at && !retracted.contains(&fact.id);
        let facts: Vec<_> = self.facts.iter().filter(stood).cloned().collect();
        fold(&facts, rules(&self.tenant))
    }

    /// Where it would stand with one more fact.
    pub fn state_with(&self, env: &Env, draft: &Draft) -> ShipmentState {
        let mut facts = self.facts.clone();
        facts.push(draft.clone().into_fact(env, self.shipment.id, self.next_seq()));
        fold(&facts, rules(&self.tenant))
    }

    /// Takes facts: counts what is known, keeps what is new, folds, moves the legs, writes the shipment, and tells the
    /// event log. The heart of the system: whatever the source, a status changes here and nowhere else.
    pub async fn apply(&mut self, env: &Env, db: &mut Db, drafts: Vec<Draft>) -> Result<()> {
        let old = self.state.clone();
        let mut news = Vec::new();
        for draft in drafts {
            let (id, new) = self.keep(env, db, draft).await?;
            self.stated.push(id);
            news.extend(new);
        }
        if news.is_empty() {
            return Ok(());
        }
        self.state = fold(&self.facts, rules(&self.tenant));
        let changed = route::settle(&mut self.legs, &self.state, &news, env.now());
        self.write_legs(db, &changed).await?;
        self.follow(env);
        let flags: HashMap<_, _> = self.state.timeline.iter().copied().collect();
        let mut told: Vec<Event> = Vec::with_capacity(news.len() + 2);
        for fact in &news {
            let flags = flags.get(&fact.id).copied().unwrap_or_default();
            let data = log::fact(&self.shipment, fact, flags);
            told.push(log::event(env, &self.shipment, EventKind::FactRecorded, fact.occurred_at, data));
        }
        told.extend(self.status_events(env, &old, &news));
        self.write_shipment(db, &mut told).await
    }

    /// Writes a leg that was changed by other means than facts, and the shipment with it.
    pub async fn save_leg(&mut self, env: &Env, db: &mut Db, leg: &Leg) -> Result<()> {
        if let Some(slot) = self.legs.iter_mut().find(|known| known.id == leg.id) {
            let since = if leg.driver_id == slot.driver_id { slot.driver_since } else { Some(env.now()) };
            slot.clone_from(leg);
            slot.driver_since = since.filter(|_| leg.driver_id.is_some());
        }
        self.write_legs(db, &[leg.id]).await?;
        self.write(env, db).await
    }

    /// Writes the shipment with what its facts and legs say now.
    pub async fn write(&mut self, env: &Env, db: &mut Db) -> Result<()> {
        self.follow(env);
        self.write_shipment(db, &mut []).await
    }

    /// Appends an event about this shipment.
    pub async fn tell(
        &mut self,
        env: &Env,
        db: &mut Db,
        kind: EventKind,
        at: Timestamp,
        data: Attributes,
    ) -> Result<()> {
        let mut event = log::event(env, &self.shipment, kind, at, data);
        events::append(db, &mut event).await?;
        self.shipment.sequence = event.sequence;
        Ok(())
    }

    /// Tells that the driver of a leg changed.
    pub async fn tell_driver(
        &mut self,
        env: &Env,
        db: &mut Db,
        leg: LegId,
        before: Option<DriverId>,
        now: Option<DriverId>,
    ) -> Result<()> {
        if before == now {
            return Ok(());
        }
        let changes = [(EventKind::DriverUnassigned, before), (EventKind::DriverAssigned, now)];
        for (kind, driver) in changes {
            let Some(driver) = driver else { continue };
            let mut event = log::event(env, &self.shipment, kind, env.now(), log::driver(&self.shipment, leg, driver));
            event.driver_id = Some(driver);
            events::append(db, &mut event).await?;
            self.shipment.sequence = event.sequence;
        }
        Ok(())
    }

    /// Lets the shipment say what its facts and legs say now.
    fn follow(&mut self, env: &Env) {
        let (state, shipment) = (&self.state, &mut self.shipment);
        shipment.status = state.status;
        shipment.substatus.clone_from(&state.substatus);
        shipment.reason = state.reason;
        shipment.status_since = state.since.unwrap_or(shipment.created_at);
        shipment.attempts = state.attempts;
        shipment.delayed = state.delayed;
        shipment.return_leg = state.return_leg;
        shipment.picked_up_at = state.picked_up_at;
        shipment.delivered_at = state.delivered_at;
        shipment.driver_id = route::driver(&self.legs, shipment.driver_id);
        shipment.updated_at = env.now();
    }

    /// Writes the shipment, and what is told of it.
    async fn write_shipment(&mut self, db: &mut Db, told: &mut [Event]) -> Result<()> {
        if !shipments::update(db, &mut self.shipment, &self.stored, told).await? {
            return Err(Error::VersionMismatch);
        }
        self.stored.clone_from(&self.shipment);
        Ok(())
    }

    /// Reads the locations that the present leg runs between, to be remembered after the commit.
    pub async fn read_ends(&mut self, db: &mut Db) -> Result<()> {
        let leg = route::active(&self.legs);
        let ends: Vec<_> = leg.into_iter().flat_map(|leg| [leg.origin_id, leg.destination_id]).flatten().collect();
        if ends != self.places.0 {
            let found = locations::get_many(db, &ends).await?;
            self.places = (ends, found);
        }
        Ok(())
    }

    /// Tells the pipeline what it must watch for from now on. After the commit.
    pub fn remember(&self, base: &Base) {
        base.memory.watch.refresh(&base.memory.zones, &self.tenant, &self.shipment, &self.legs, &self.places.1);
    }

    fn next_seq(&self) -> i64 {
        self.facts.iter().map(|fact| fact.seq).max().unwrap_or(0) + 1
    }

    /// Keeps one fact, or counts it when the same was said before. Answers under which id it is known, and the fact if it
    /// is new.
    async fn keep(&mut self, env: &Env, db: &mut Db, draft: Draft) -> Result<(TrackingEventId, Option<TrackingEvent>)> {
        let fact = draft.into_fact(env, self.shipment.id, self.next_seq());
        if let Some(known) = self.facts.iter_mut().find(|known| fact.is_duplicate_of(known)) {
            known.copies += 1;
            tracking_events::bump_copies(db, known.shipment_id, known.id).await?;
            return Ok((known.id, None));
        }
        tracking_events::append(db, &fact).await?;
        self.facts.push(fact.clone());
        Ok((fact.id, Some(fact)))
    }

    /// Writes legs that were changed.
    pub async fn write_legs(&mut self, db: &mut Db, changed: &[LegId]) -> Result<()> {
        for leg in self.legs.iter_mut().filter(|leg| changed.contains(&leg.id)) {
            if !legs::update(db, leg).await? {
                return Err(Error::VersionMismatch);
            }
            leg.version += 1;
        }
        Ok(())
    }

    /// What there is to tell when facts have moved the shipment.
    fn status_events(&self, env: &Env, old: &ShipmentState, news: &[TrackingEvent]) -> Vec<Event> {
        let (now, shipment) = (&self.state, &self.shipment);
        if (now.status, &now.substatus) == (old.status, &old.substatus) {
            return Vec::new();
        }
        let deciding = now.decided_by.and_then(|id| self.facts.iter().find(|fact| fact.id == id));
        let first_entry = now.status != old.status && !old.entries.iter().any(|entry| entry.status == now.status);
        let change = StatusChange {
            reference: shipment.reference.clone(),
            status: now.status,
            substatus: now.substatus.clone(),
            reason: now.reason,
            previous_status: old.status,
            previous_substatus: old.substatus.clone(),
            first_entry,
            alert: deciding.is_some_and(|fact| is_fresh(&self.tenant, fact, env.now())),
            correction: news.iter().any(|fact| matches!(fact.kind, FactKind::Correction | FactKind::Retraction)),
            source: deciding.map(|fact| fact.source),
            attempts: now.attempts,
            delayed: now.delayed,
            return_leg: now.return_leg,
        };
        let at = now.since.unwrap_or_else(|| env.now());
        let data = log::payload(&change);
        let delivered = (first_entry && change.status == Status::Delivered).then_some(EventKind::ShipmentDelivered);
        let kinds = std::iter::once(EventKind::StatusChanged).chain(delivered);
        kinds.map(|kind| log::event(env, shipment, kind, at, data.clone())).collect()
    }
}

pub(super) fn rules(tenant: &Tenant) -> FoldRules {
    FoldRules { grace_seconds: tenant.settings.grace_seconds }
}

/// True when a fact is fresh enough to alert somebody: positions age faster than what people and carriers say.
fn is_fresh(tenant: &Tenant, fact: &TrackingEvent, now: Timestamp) -> bool {
    let limit = match fact.source {
        SourceKind::Device => tenant.settings.alert_limit_device_seconds,
        _ => tenant.settings.alert_limit_carrier_seconds,
    };
    now.as_second() - fact.occurred_at.as_second() <= limit
}
