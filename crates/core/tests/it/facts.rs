//! Facts for tests: a scan by the carrier, dated, unless said otherwise.

use tracklane_core::Timestamp;
use tracklane_core::id::{Id, ShipmentId, TrackingEventId};
use tracklane_core::lifecycle::{
    FactKind, FoldRules, Place, Reason, ShipmentState, SourceKind, Status, TrackingEvent, fold,
};
use tracklane_core::time::TzConfidence;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z and so many minutes.
pub fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + minute * 60).expect("a time")
}

pub fn id(number: i64) -> TrackingEventId {
    TrackingEventId::from_uuid(Uuid::from_u128(number as u128))
}

/// A carrier's scan. Its id and its order of receipt are `number`.
pub fn scan(number: i64, at: i64, status: Status) -> TrackingEvent {
    TrackingEvent {
        id: id(number),
        shipment_id: ShipmentId::from_uuid(Uuid::nil()),
        leg_id: None,
        package_id: None,
        kind: FactKind::Scan,
        status: Some(status),
        substatus: None,
        reason: None,
        delayed: false,
        raw_code: None,
        raw_text: None,
        occurred_at: minute(at),
        offset_seconds: None,
        tz_confidence: TzConfidence::Exact,
        received_at: minute(1000 + number),
        source: SourceKind::Carrier,
        source_name: None,
        source_trust: SourceKind::Carrier.default_trust(),
        seq: number,
        actor: None,
        place: None,
        retracts: None,
        copies: 1,
    }
}

/// What a test may change about a scan.
pub trait Change: Sized {
    fn change(self, change: impl FnOnce(&mut TrackingEvent)) -> TrackingEvent;

    fn substatus(self, substatus: &str) -> TrackingEvent {
        self.change(|fact| fact.substatus = Some(substatus.to_owned()))
    }

    fn reason(self, reason: Reason) -> TrackingEvent {
        self.change(|fact| fact.reason = Some(reason))
    }

    fn delayed(self) -> TrackingEvent {
        self.change(|fact| fact.delayed = true)
    }

    fn undated(self) -> TrackingEvent {
        self.change(|fact| fact.tz_confidence = TzConfidence::Unknown)
    }

    fn by(self, source: SourceKind) -> TrackingEvent {
        self.change(|fact| (fact.source, fact.source_trust) = (source, source.default_trust()))
    }

    fn in_city(self, city: &str) -> TrackingEvent {
        self.change(|fact| fact.place = Some(Place { city: Some(city.to_owned()), ..Place::default() }))
    }

    fn correction(self) -> TrackingEvent {
        self.by(SourceKind::Operator).change(|fact| fact.kind = FactKind::Correction)
    }

    fn taking_back(self, number: i64) -> TrackingEvent {
        self.change(|fact| fact.retracts = Some(id(number)))
    }
}

impl Change for TrackingEvent {
    fn change(mut self, change: impl FnOnce(&mut TrackingEvent)) -> TrackingEvent {
        change(&mut self);
        self
    }
}

pub fn retraction(number: i64, at: i64, of: i64) -> TrackingEvent {
    scan(number, at, Status::Created).by(SourceKind::Operator).taking_back(of).change(|fact| {
        fact.kind = FactKind::Retraction;
        fact.status = None;
    })
}

pub fn note(number: i64, at: i64) -> TrackingEvent {
    scan(number, at, Status::Created).change(|fact| {
        fact.kind = FactKind::Note;
        fact.status = None;
    })
}

pub fn state(facts: &[TrackingEvent]) -> ShipmentState {
    fold(facts, FoldRules::default())
}
