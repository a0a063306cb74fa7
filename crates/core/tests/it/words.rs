//! Texts: what is written is read back, and the list of words is what it was.

use std::fmt::Debug;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracklane_core::event::{EventKind, LogPosition};
use tracklane_core::id::{DriverId, Id, ShipmentId};
use tracklane_core::lifecycle::{FactKind, Reason, SourceKind, Status};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::ZoneKind;
use tracklane_core::time::TzConfidence;
use uuid::Uuid;

/// JSON uses the same word as `as_str`, for every value.
#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug + Copy>(all: &[T], word: impl Fn(T) -> &'static str) {
    for value in all.iter().copied() {
        let json = serde_json::to_value(value).expect("to JSON");
        assert_eq!(json, word(value));
        assert_eq!(serde_json::from_value::<T>(json).expect("from JSON"), value);
    }
    let mut words: Vec<_> = all.iter().copied().map(word).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), all.len(), "each word once");
}

#[test]
fn json_and_database_use_the_same_words() {
    check(Status::ALL, Status::as_str);
    check(Reason::ALL, Reason::as_str);
    check(EventKind::ALL, EventKind::as_str);
    check(&FactKind::ALL, FactKind::as_str);
    check(&SourceKind::ALL, SourceKind::as_str);
    check(&TzConfidence::ALL, TzConfidence::as_str);
    check(&MilestonePolicy::ALL, MilestonePolicy::as_str);
    check(&ZoneKind::ALL, ZoneKind::as_str);
}

#[test]
fn statuses_and_reasons_are_read_from_their_words() {
    for status in Status::ALL.iter().copied() {
        assert_eq!(status.to_string().parse(), Ok(status));
    }
    for reason in Reason::ALL.iter().copied() {
        assert_eq!(reason.as_str().parse(), Ok(reason));
    }
    let error = "Delivered".parse::<Status>().expect_err("words are in lower case").to_string();
    assert!(error.starts_with("unknown status \"Delivered\"; known are created, info_received, "), "{error}");
    let error = "bad_mood".parse::<Reason>().expect_err("no such reason").to_string();
    assert!(error.contains("\"bad_mood\"") && error.contains("no_attempt"), "{error}");
}

#[test]
fn a_more_trusted_source_stands_later_in_the_list() {
    assert!(SourceKind::ALL.windows(2).all(|pair| pair[0].default_trust() < pair[1].default_trust()));
}

#[test]
fn filters_know_names_aliases_and_groups() {
    let matching = |filter: &str| -> Vec<&str> {
        EventKind::ALL.iter().filter(|kind| kind.matches(filter)).map(|kind| kind.as_str()).collect()
    };
    assert_eq!(matching("shipment.delivered"), ["shipment.delivered"]);
    assert_eq!(matching("delivery.completed"), ["shipment.delivered"]);
    assert_eq!(matching("delivery.*"), ["shipment.created", "shipment.delivered"]);
    assert_eq!(matching("zone.*"), ["zone.entered", "zone.exited", "zone.dwelled", "zone.speeding"]);
    assert_eq!(matching("status.changed"), ["shipment.status_changed"]);
    for nothing in ["", "*", ".*", "zone", "zone.", "zon.*", "zone.entered.*", "shipment.*.*"] {
        assert!(matching(nothing).is_empty(), "{nothing:?} matches {:?}", matching(nothing));
    }
    assert_eq!(EventKind::parse("delivery.created"), Some(EventKind::ShipmentCreated));
    assert_eq!(EventKind::parse("shipment.*"), None);
}

#[test]
fn names_and_aliases_of_events_are_unique() {
    let mut names: Vec<_> =
        EventKind::ALL.iter().flat_map(|kind| kind.aliases().iter().copied().chain([kind.as_str()])).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn log_positions_are_read_back_and_nothing_else_is() {
    for bad in ["", "7", "7-", "-7", "7--8", "a-b", "1-2-3", "99999999999999999999-0", " 1-2"] {
        assert!(bad.parse::<LogPosition>().is_err(), "{bad:?}");
    }
    assert!("1-9".parse::<LogPosition>().expect("a place") < "2-0".parse().expect("a place"));
}

proptest! {
    #[test]
    fn ids_round_trip_and_sort_like_their_bytes(a in any::<u128>(), b in any::<u128>()) {
        let (a, b) = (ShipmentId::from_uuid(Uuid::from_u128(a)), ShipmentId::from_uuid(Uuid::from_u128(b)));
        prop_assert_eq!(a.to_string().parse(), Ok(a));
        prop_assert_eq!(serde_json::from_value::<ShipmentId>(serde_json::to_value(a).expect("JSON")).ok(), Some(a));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert!(a.to_string().parse::<DriverId>().is_err());
    }

    #[test]
    fn no_text_brings_the_parsers_down(text in "\\PC{0,40}", tail in "[0-9a-zI-Z]{26}") {
        for text in [text, format!("shp_{tail}")] {
            if let Ok(id) = text.parse::<ShipmentId>() {
                prop_assert_eq!(id.to_string(), text.clone());
            }
            let _ = text.parse::<LogPosition>();
            let _ = text.parse::<Status>();
        }
    }

    #[test]
    fn log_positions_round_trip(transaction in 0i64.., number in 0i64..) {
        let place = LogPosition { transaction, number };
        prop_assert_eq!(place.to_string().parse(), Ok(place));
    }
}
