//! From hub to hub: positions alone move a shipment, each milestone once and in order.

use serde_json::{Value, json};
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, DriverId, LocationId, ShipmentId};
use tracklane_core::lifecycle::{SourceKind, Status};
use tracklane_core::model::{Address, LegState, TenantSettings};
use tracklane_engine::live::{Filter, LiveItem};
use tracklane_engine::records::{NewLocation, NewTenant};
use tracklane_engine::shipments::{NewCorrection, NewFact};
use tracklane_engine::tracking::{DeviceRef, RowOutcome};

use crate::kit::{World, each, east, fix};

each!(
    a_drive_from_hub_to_hub_delivers,
    a_whole_trip_in_one_batch_is_worth_the_same,
    a_driver_who_waits_at_the_hub_has_it_at_once,
    what_was_before_the_driver_had_it_proves_nothing,
    the_policy_says_how_far_positions_go,
    only_the_own_driver_moves_it,
    legs_follow_one_another,
    what_came_too_late_to_matter_is_kept_once,
    two_drives_at_once_do_not_mix,
    what_positions_do_not_move_is_followed_all_the_same,
    other_radii_and_other_places_count_at_once,
);

const WHOLE_WAY: [&str; 5] = [
    "assigned/",
    "picked_up/from_sender",
    "in_transit/departed_facility",
    "out_for_delivery/arriving",
    "delivered/safe_place",
];

/// A driver with a phone, two hubs ten kilometres apart.
struct Track {
    world: World,
    driver: DriverId,
    phone: DeviceId,
    from: LocationId,
    to: LocationId,
}

impl Track {
    async fn on(world: World) -> Self {
        let driver = world.driver("Ana").await.id;
        let phone = world.device("phone", Some(driver)).await.id;
        let from = world.location("From", east(0.0)).await.id;
        let to = world.location("To", east(10_000.0)).await.id;
        Self { world, driver, phone, from, to }
    }

    async fn shipment(&self, extra: Value) -> ShipmentId {
        let mut input = json!({
            "origin_id": self.from, "destination_id": self.to, "driver_id": self.driver, "milestones": "full",
        });
        for (key, value) in extra.as_object().unwrap() {
            input[key] = value.clone();
        }
        self.world.shipment(input).await.shipment.id
    }

    /// Drives along the line, a fix every hundred metres and ten seconds.
    async fn drive(&self, from_m: i32, to_m: i32) {
        let step = if from_m < to_m { 100 } else { -100 };
        let mut metres = from_m;
        while metres != to_m + step {
            self.world.ground.pass(10);
            self.world.at(self.phone, east(f64::from(metres))).await;
            metres += step;
        }
    }
}

async fn a_drive_from_hub_to_hub_delivers(world: World) {
    let track = Track::on(world).await;
    track.drive(-1_000, -500).await;
    let id = track.shipment(json!({})).await;
    track.drive(-400, 10_000).await;
    assert_eq!(track.world.told(id).await, WHOLE_WAY);
    // Staying there and driving on changes nothing.
    track.drive(10_000, 12_000).await;
    track.drive(12_000, 0).await;
    assert_eq!(track.world.told(id).await, WHOLE_WAY);

    let detail = track.world.engine.shipments.detail(&track.world.boss, id).await.unwrap();
    assert_eq!(detail.legs[0].state, LegState::Done);
    let facts: Vec<_> = detail.events.iter().filter(|view| view.event.source == SourceKind::Device).collect();
    assert_eq!(facts.len(), 4);
    assert!(facts.is_sorted_by_key(|view| view.event.occurred_at));
    assert!(facts.iter().all(|view| !view.flags.out_of_order && view.event.copies == 1));
    let delivered: Vec<_> = track.world.log().await;
    let delivered = delivered.iter().filter(|event| event.kind == EventKind::ShipmentDelivered).count();
    assert_eq!(delivered, 1);
    assert_eq!(track.world.engine.tracking.sizes().legs, 0, "nothing is watched any more");
    assert_eq!(track.world.engine.tracking.sizes().zones, 0, "the zones around its ends are gone with it");
}

async fn a_whole_trip_in_one_batch_is_worth_the_same(world: World) {
    let track = Track::on(world).await;
    let id = track.shipment(json!({})).await;
    let start = track.world.ground.now();
    track.world.ground.pass(3_600);
    let rows = (0..=100_i32).rev().map(|step| {
        let at = start + jiff::SignedDuration::from_secs(60 + i64::from(step) * 10);
        fix(DeviceRef::Id(track.phone), Some(at), east(f64::from(step) * 100.0))
    });
    let outcomes = track.world.engine.tracking.submit(&track.world.boss, rows.collect()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == RowOutcome::Accepted));
    let last = track.world.status(id).await;
    assert_eq!(last, (Status::Delivered, Some("safe_place".to_owned())));
    assert_eq!(track.world.told(id).await, WHOLE_WAY);
}

async fn what_was_before_the_driver_had_it_proves_nothing(world: World) {
    let track = Track::on(world).await;
    let start = track.world.ground.now();
    track.world.ground.pass(3_600);
    let id = track.shipment(json!({})).await;
    // The phone was without a network while it went the same way with something else, and back to the hub.
    let places = (0..=100).chain((0..=100).rev());
    let rows = places.enumerate().map(|(step, metres)| {
        let at = start + jiff::SignedDuration::from_secs(60 + step as i64 * 10);
        fix(DeviceRef::Id(track.phone), Some(at), east(f64::from(metres) * 100.0))
    });
    track.world.engine.tracking.submit(&track.world.boss, rows.collect()).await.unwrap();
    assert_eq!(track.world.told(id).await, ["assigned/"]);

    // It still stands there: no crossing, and yet the next fix counts.
    track.world.ground.pass(10);
    track.world.at(track.phone, east(0.0)).await;
    assert_eq!(track.world.told(id).await, WHOLE_WAY[..2]);
    track.drive(100, 10_000).await;
    assert_eq!(track.world.told(id).await, WHOLE_WAY);
    let detail = track.world.engine.shipments.detail(&track.world.boss, id).await.unwrap();
    assert!(detail.events.iter().all(|view| !view.flags.out_of_order), "{:?}", detail.events);
}

async fn a_driver_who_waits_at_the_hub_has_it_at_once(world: World) {
    let track = Track::on(world).await;
    track.world.at(track.phone, east(0.0)).await;
    let id = track.shipment(json!({})).await;
    track.world.ground.pass(10);
    track.world.at(track.phone, east(5.0)).await;
    assert_eq!(track.world.status(id).await.0, Status::PickedUp);
}

async fn the_policy_says_how_far_positions_go(world: World) {
    let track = Track::on(world).await;
    let stops = track.shipment(json!({ "milestones": "arrivals" })).await;
    let off = track.shipment(json!({ "milestones": "off" })).await;
    track.drive(0, 10_000).await;
    assert_eq!(track.world.status(stops).await, (Status::OutForDelivery, Some("at_stop".to_owned())));
    assert_eq!(track.world.status(off).await.0, Status::Assigned);
    // The delivery itself is the driver's to say.
    track.world.ground.pass(5);
    let caller = track.world.driver_caller(track.driver);
    let said = track.world.engine.shipments.record(&caller, stops, NewFact::scan(Status::Delivered)).await.unwrap();
    assert_eq!(said.shipment.status, Status::Delivered);
}

async fn only_the_own_driver_moves_it(world: World) {
    let track = Track::on(world).await;
    let id = track.shipment(json!({})).await;
    let other = track.world.driver("Rui").await.id;
    let phone = track.world.device("other", Some(other)).await.id;
    track.world.at(phone, east(0.0)).await;
    track.world.ground.pass(10);
    track.world.at(phone, east(50.0)).await;
    assert_eq!(track.world.status(id).await.0, Status::Assigned);
    track.world.engine.shipments.assign(&track.world.boss, id, other).await.unwrap();
    track.world.ground.pass(10);
    track.world.at(phone, east(60.0)).await;
    assert_eq!(track.world.status(id).await.0, Status::PickedUp);
}

async fn legs_follow_one_another(world: World) {
    let track = Track::on(world).await;
    let middle = track.world.location("Middle", east(5_000.0)).await.id;
    let legs = json!([
        { "mode": "fleet", "driver_id": track.driver, "destination_id": middle },
        { "mode": "fleet", "driver_id": track.driver },
    ]);
    let id = track.shipment(json!({ "legs": legs, "driver_id": null })).await;
    track.drive(0, 5_000).await;
    let legs = track.world.engine.shipments.legs(&track.world.boss, id).await.unwrap();
    assert_eq!((legs[0].state, legs[1].state), (LegState::Done, LegState::Active));
    assert_eq!(track.world.status(id).await, (Status::InTransit, Some("arrived_facility".to_owned())));
    track.drive(5_100, 10_000).await;
    let told = track.world.told(id).await;
    assert_eq!(told[told.len() - 2..], ["out_for_delivery/arriving", "delivered/safe_place"], "{told:?}");
}

async fn what_came_too_late_to_matter_is_kept_once(world: World) {
    let track = Track::on(world).await;
    let id = track.shipment(json!({})).await;
    let start = track.world.ground.now();
    track.world.ground.pass(3_600);
    let correction = NewCorrection {
        status: Status::PickedUp,
        substatus: None,
        reason: None,
        reason_text: "seen in the van".to_owned(),
        occurred_at: None,
        retracts: None,
    };
    track.world.engine.shipments.correct(&track.world.boss, id, correction).await.unwrap();
    // The phone was out of reach and tells now where it was an hour ago: in and out of the hub, again and again.
    for (step, metres) in [500.0, 0.0, 500.0, 0.0, 500.0, 0.0, 500.0, 510.0, 520.0].into_iter().enumerate() {
        let at = start + jiff::SignedDuration::from_secs(60 * i64::try_from(step).unwrap() + 1);
        let row = fix(DeviceRef::Id(track.phone), Some(at), east(metres));
        track.world.engine.tracking.submit_one(&track.world.boss, row).await.unwrap();
    }
    let events = track.world.engine.shipments.events(&track.world.boss, id).await.unwrap();
    let said = events.iter().filter(|view| view.event.source == SourceKind::Device).count();
    assert_eq!(said, 1);
    assert_eq!(track.world.status(id).await.0, Status::PickedUp, "a correction says what is true from its time on");
}

async fn two_drives_at_once_do_not_mix(world: World) {
    let track = Track::on(world).await;
    let (one, two) = (track.shipment(json!({})).await, track.shipment(json!({})).await);
    track.drive(0, 10_000).await;
    assert_eq!(track.world.told(one).await, WHOLE_WAY);
    assert_eq!(track.world.told(two).await, WHOLE_WAY);
}

async fn what_positions_do_not_move_is_followed_all_the_same(world: World) {
    let track = Track::on(world).await;
    let id = track.shipment(json!({ "milestones": "off" })).await;
    let engine = &track.world.engine;
    let filter = Filter { shipments: vec![id], ..Filter::default() };
    let mut stream = engine.live.subscribe(&track.world.boss, filter, None).await.unwrap();
    track.world.at(track.phone, east(50.0)).await;
    loop {
        let item = tokio::time::timeout(std::time::Duration::from_secs(30), stream.next()).await.unwrap();
        if let LiveItem::Position(latest) = item.unwrap() {
            assert_eq!(latest.driver_id, Some(track.driver));
            break;
        }
    }
    let drivers = engine.dispatch.available_drivers(&track.world.boss).await.unwrap();
    assert_eq!(drivers[0].active_legs, 1);
    assert_eq!(engine.tracking.sizes().zones, 0, "nothing can arrive");
    let edit = json!({ "origin_id": track.from, "destination_id": track.to, "milestones": "full" });
    let version = engine.shipments.get(&track.world.boss, id).await.unwrap().version;
    let edit = serde_json::from_value(edit).unwrap();
    engine.shipments.update(&track.world.boss, id, version, edit).await.unwrap();
    track.world.ground.pass(10);
    track.world.at(track.phone, east(60.0)).await;
    assert_eq!(track.world.status(id).await.0, Status::PickedUp, "from now on positions move it");
}

async fn other_radii_and_other_places_count_at_once(world: World) {
    let track = Track::on(world).await;
    let engine = &track.world.engine;
    let id = track.shipment(json!({})).await;
    let stands = async |metres: f64| {
        track.world.ground.pass(60);
        track.world.at(track.phone, east(metres)).await;
        track.world.status(id).await.0
    };
    assert_eq!(stands(400.0).await, Status::Assigned);
    let settings = TenantSettings { hub_radius_m: 500.0, ..TenantSettings::default() };
    let wider = NewTenant { settings, ..NewTenant::from(&track.world.tenant) };
    engine.records.tenants.update(&track.world.boss, 1, wider).await.unwrap();
    assert_eq!(stands(410.0).await, Status::PickedUp);

    let from = engine.records.locations.get(&track.world.boss, track.from).await.unwrap();
    let narrower = NewLocation { radius_m: Some(100.0), ..NewLocation::from(&from) };
    engine.records.locations.update(&track.world.boss, track.from, from.version, narrower).await.unwrap();
    assert_eq!(stands(420.0).await, Status::InTransit);

    let to = engine.records.locations.get(&track.world.boss, track.to).await.unwrap();
    let address = Address { point: Some(east(1_200.0)), ..to.address.clone() };
    let nearer = NewLocation { address, ..NewLocation::from(&to) };
    engine.records.locations.update(&track.world.boss, track.to, to.version, nearer).await.unwrap();
    assert_eq!(stands(430.0).await, Status::OutForDelivery);
}
