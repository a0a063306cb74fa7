//! What people and programs say about shipments: facts, corrections, retractions, cancellations, returns.

use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::{FactKind, Status, check_manual};
use tracklane_core::model::{Caller, Role};
use tracklane_core::{Env, Invalid, Timestamp};
use tracklane_store::{Db, legs};

use super::create::{Way, lay_out};
use super::open::{Draft, Open, source_of};
use super::{
    NewCancellation, NewCorrection, NewFact, NewFactKind, NewLeg, NewRetraction, NewReturn, ShipmentChange, Shipments,
};
use crate::base::must_operate;
use crate::error::{Error, Result};

/// How many facts of a shipment are taken. What the pipeline finds out and what corrects is not counted out.
const MOST_FACTS: usize = 1_000;

impl Shipments {
    /// Records a fact. It must be a legal step from where the shipment stood when it happened; told late, it must besides
    /// leave the present status as it is, or lead on from it by a legal step. A shipment may be entered after it was picked
    /// up: a time before that is as good as any. The same fact twice is counted, not kept twice.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`], [`Error::IllegalTransition`] with the allowed list,
    /// [`Error::Conflict`] when the shipment has a thousand facts.
    pub async fn record(&self, caller: &Caller, id: ShipmentId, input: NewFact) -> Result<ShipmentChange> {
        must_tell(caller)?;
        input.check(self.base.env.now())?;
        if caller.role == Role::Driver && input.status == Some(Status::Cancelled) {
            return Err(Error::Forbidden);
        }
        let work = move |this: Self, caller: Caller| async move { this.record_checked(&caller, id, input).await };
        self.at_store(caller, work).await
    }

    async fn record_checked(&self, caller: &Caller, id: ShipmentId, input: NewFact) -> Result<ShipmentChange> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        check_parts(&mut tx, &open, &input).await?;
        let draft = draft(caller, input, env.now());
        if !open.knows(env, &draft) {
            must_have_room(&open)?;
            must_be_legal(env, &open, &draft)?;
        }
        open.apply(env, &mut tx, vec![draft]).await?;
        self.settle(tx, open, caller).await
    }

    /// Says what is true, whatever was before. The only call that reopens a shipment that has ended.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`] for all but admins and operators.
    pub async fn correct(&self, caller: &Caller, id: ShipmentId, input: NewCorrection) -> Result<ShipmentChange> {
        must_operate(caller)?;
        input.check(self.base.env.now())?;
        let work = move |this: Self, caller: Caller| async move { this.correct_checked(&caller, id, input).await };
        self.at_store(caller, work).await
    }

    async fn correct_checked(&self, caller: &Caller, id: ShipmentId, input: NewCorrection) -> Result<ShipmentChange> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        if let Some(wrong) = input.retracts {
            must_have_fact(&open, wrong, "/retracts")?;
        }
        // A correction that says "now" must not lose against a fact whose clock is a little ahead of ours.
        let now = open.state.since.map_or(env.now(), |since| since.max(env.now()));
        let base = Draft::scan(input.status, input.occurred_at.unwrap_or(now), source_of(caller), caller.actor);
        let draft = Draft {
            kind: FactKind::Correction,
            substatus: input.substatus,
            reason: input.reason,
            raw_text: Some(input.reason_text),
            retracts: input.retracts,
            ..base
        };
        open.apply(env, &mut tx, vec![draft]).await?;
        self.base.audit(&mut tx, caller, "shipment.corrected", id.to_string()).await?;
        self.settle(tx, open, caller).await
    }

    /// Takes a fact back: it did not happen.
    ///
    /// # Errors
    /// [`Error::Invalid`] also when there is no such fact or it is a retraction itself, [`Error::NotFound`],
    /// [`Error::Forbidden`] for all but admins and operators.
    pub async fn retract(&self, caller: &Caller, id: ShipmentId, input: NewRetraction) -> Result<ShipmentChange> {
        must_operate(caller)?;
        input.check()?;
        let work = move |this: Self, caller: Caller| async move { this.retract_checked(&caller, id, input).await };
        self.at_store(caller, work).await
    }

    async fn retract_checked(&self, caller: &Caller, id: ShipmentId, input: NewRetraction) -> Result<ShipmentChange> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        must_have_fact(&open, input.event_id, "/event_id")?;
        let base = Draft::scan(Status::Unknown, env.now(), source_of(caller), caller.actor);
        let draft = Draft {
            kind: FactKind::Retraction,
            status: None,
            raw_text: Some(input.reason_text),
            retracts: Some(input.event_id),
            ..base
        };
        open.apply(env, &mut tx, vec![draft]).await?;
        self.base.audit(&mut tx, caller, "shipment.fact_retracted", id.to_string()).await?;
        self.settle(tx, open, caller).await
    }

    /// Calls a shipment off. Customers may call off their own while nobody has it.
    ///
    /// # Errors
    /// [`Error::IllegalTransition`] when it is too late, [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn cancel(&self, caller: &Caller, id: ShipmentId, input: NewCancellation) -> Result<ShipmentChange> {
        let substatus = match caller.role {
            Role::Admin | Role::Operator => "by_operator",
            Role::Customer => "by_sender",
            Role::Viewer | Role::Driver | Role::Device => return Err(Error::Forbidden),
        };
        input.check()?;
        let work =
            move |this: Self, caller: Caller| async move { this.cancel_checked(&caller, id, input, substatus).await };
        self.at_store(caller, work).await
    }

    async fn cancel_checked(
        &self,
        caller: &Caller,
        id: ShipmentId,
        input: NewCancellation,
        substatus: &'static str,
    ) -> Result<ShipmentChange> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        if caller.role == Role::Customer && open.shipment.sender_id != caller.customer_id {
            return Err(Error::Forbidden);
        }
        check_manual(open.state.status, open.state.before_hold, Status::Cancelled)?;
        let base = Draft::scan(Status::Cancelled, env.now(), source_of(caller), caller.actor);
        let draft = Draft { substatus: Some(substatus.to_owned()), reason: input.reason, raw_text: input.text, ..base };
        open.apply(env, &mut tx, vec![draft]).await?;
        self.base.audit(&mut tx, caller, "shipment.cancelled", id.to_string()).await?;
        self.settle(tx, open, caller).await
    }

    /// Sends a shipment back, under legs of its own: after the delivery, or from the way.
    ///
    /// # Errors
    /// [`Error::IllegalTransition`] from where no way leads back, [`Error::Invalid`], [`Error::NotFound`],
    /// [`Error::Forbidden`] for all but admins and operators.
    pub async fn send_back(&self, caller: &Caller, id: ShipmentId, input: NewReturn) -> Result<ShipmentChange> {
        must_operate(caller)?;
        input.check()?;
        let work = move |this: Self, caller: Caller| async move { this.send_back_checked(&caller, id, input).await };
        self.at_store(caller, work).await
    }

    async fn send_back_checked(&self, caller: &Caller, id: ShipmentId, input: NewReturn) -> Result<ShipmentChange> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        if open.state.status != Status::Delivered {
            check_manual(open.state.status, open.state.before_hold, Status::Returning)?;
        }
        if open.state.status != Status::Returning {
            let stretches = if input.legs.is_empty() { vec![NewLeg::fleet(None)] } else { input.legs };
            let way = lay_out(env, &mut tx, &open.shipment, &open.legs, stretches, Way::Back).await?;
            for leg in way {
                legs::insert(&mut tx, &leg).await?;
                open.legs.push(leg);
            }
        }
        let base = Draft::scan(Status::Returning, env.now(), source_of(caller), caller.actor);
        let draft = Draft { substatus: Some("requested".to_owned()), reason: input.reason, ..base };
        open.apply(env, &mut tx, vec![draft]).await?;
        self.base.audit(&mut tx, caller, "shipment.sent_back", id.to_string()).await?;
        self.settle(tx, open, caller).await
    }
}

/// Refuses callers who state no facts.
fn must_tell(caller: &Caller) -> Result<()> {
    match caller.role {
        Role::Admin | Role::Operator | Role::Driver => Ok(()),
        Role::Viewer | Role::Customer | Role::Device => Err(Error::Forbidden),
    }
}

/// Refuses what nobody would read: every fact is folded again with all before it.
fn must_have_room(open: &Open) -> Result<()> {
    if open.facts.len() < MOST_FACTS {
        return Ok(());
    }
    Err(Error::Conflict(format!("a shipment has at most {MOST_FACTS} facts; only corrections are taken now")))
}

/// Refuses a step that the table does not allow, from where the shipment stood then. What is told late must besides not
/// move the shipment to where no step leads from its present status: that is for corrections.
fn must_be_legal(env: &Env, open: &Open, draft: &Draft) -> Result<()> {
    let Some(to) = draft.status else { return Ok(()) };
    let now = &open.state;
    if now.since.is_none_or(|since| since < draft.occurred_at) {
        check_manual(now.status, now.before_hold, to)?;
        return Ok(());
    }
    let then = open.state_at(draft.occurred_at);
    check_manual(then.status, then.before_hold, to)?;
    let after = open.state_with(env, draft);
    if after.status != now.status {
        check_manual(now.status, now.before_hold, after.status)?;
    }
    Ok(())
}

/// Checks that what a fact is about belongs to the shipment.
async fn check_parts(db: &mut Db, open: &Open, input: &NewFact) -> Result<()> {
    if let Some(leg) = input.leg_id
        && !open.legs.iter().any(|known| known.id == leg)
    {
        return Err(Error::no_such("/leg_id"));
    }
    if let Some(package) = input.package_id {
        let found = tracklane_store::packages::get(db, package).await?;
        found.filter(|known| known.shipment_id == open.shipment.id).ok_or_else(|| Error::no_such("/package_id"))?;
    }
    if let Some(location) = input.place.as_ref().and_then(|place| place.location_id) {
        let found = tracklane_store::locations::get(db, location).await?;
        found.ok_or_else(|| Error::no_such("/place/location_id"))?;
    }
    Ok(())
}

fn must_have_fact(open: &Open, id: tracklane_core::id::TrackingEventId, pointer: &str) -> Result<()> {
    let fact = open.facts.iter().find(|fact| fact.id == id).ok_or_else(|| Error::no_such(pointer))?;
    if fact.kind == FactKind::Retraction {
        return Err(Invalid::one(pointer, "a retraction cannot be taken back; state the fact again").into());
    }
    Ok(())
}

fn draft(caller: &Caller, input: NewFact, now: Timestamp) -> Draft {
    Draft {
        kind: match input.kind {
            NewFactKind::Scan => FactKind::Scan,
            NewFactKind::Note => FactKind::Note,
        },
        status: input.status,
        substatus: input.substatus,
        reason: input.reason,
        delayed: input.delayed,
        raw_code: input.raw_code,
        raw_text: input.raw_text,
        occurred_at: input.occurred_at.unwrap_or(now),
        offset_seconds: input.offset_seconds,
        source: source_of(caller),
        actor: caller.actor,
        leg_id: input.leg_id,
        package_id: input.package_id,
        place: input.place,
        retracts: None,
    }
}
