//! A shipment's life through the calls.

use serde_json::json;
use tracklane_core::event::EventKind;
use tracklane_core::id::TrackingEventId;
use tracklane_core::lifecycle::{FactKind, Status, TrackingEvent, legal_next};
use tracklane_core::model::LegState;
use tracklane_engine::shipments::{
    NewCancellation, NewCorrection, NewFact, NewLink, NewRetraction, NewReturn, ShipmentEdit,
};
use tracklane_engine::{Cursor, Error, Page};
use tracklane_store::{Scope, tracking_events};

use crate::kit::{World, each, east};

each!(
    a_shipment_goes_its_way_and_everybody_is_told,
    an_illegal_step_is_refused_with_what_is_allowed,
    what_comes_late_is_kept_and_moves_nothing_back,
    a_late_word_is_as_legal_as_one_in_time,
    a_shipment_may_be_entered_after_it_is_on_its_way,
    no_late_word_makes_a_step_that_the_table_does_not_know,
    the_same_fact_twice_is_counted_not_kept,
    facts_are_read_a_page_at_a_time,
    facts_are_not_taken_without_end,
    a_correction_reopens_and_a_retraction_unsays,
    two_writers_take_turns,
    cancelling_works_until_it_is_on_its_way,
    a_delivered_shipment_goes_back_under_legs_of_its_own,
    drivers_come_and_go,
    edits_need_the_version_that_was_seen,
    packages_are_added_changed_and_removed,
    a_link_shows_the_shipment_until_it_is_revoked,
);

async fn a_shipment_goes_its_way_and_everybody_is_told(world: World) {
    let made = world
        .shipment(json!({
            "reference": "A-1",
            "sender": { "name": "Ana Silva" },
            "recipient": { "name": "Rui Costa", "email": "rui@example.org", "phone": "+351912345678" },
            "origin": { "name": "Hub", "address": { "point": east(0.0) } },
            "destination": { "name": "Door", "address": { "point": east(5000.0) } },
            "packages": [{ "tracking_number": "P1", "weight_kg": 2.5, "metadata": { "fragile": true } }],
        }))
        .await;
    let id = made.shipment.id;
    assert_eq!(made.shipment.status, Status::Created);
    assert_eq!((made.packages.len(), made.legs.len(), made.events.len()), (1, 1, 1));
    assert_eq!(made.legs[0].state, LegState::Active);
    assert_eq!(made.legs[0].origin_id, made.shipment.origin_id);
    assert_eq!(made.recipient.unwrap().first_name(), "Rui");

    for status in [Status::PickedUp, Status::InTransit, Status::OutForDelivery, Status::Delivered] {
        world.ground.pass(60);
        let detail = world.engine.shipments.record(&world.boss, id, NewFact::scan(status)).await.unwrap();
        assert_eq!(detail.shipment.status, status);
    }
    let detail = world.engine.shipments.detail(&world.boss, id).await.unwrap();
    assert_eq!(detail.legs[0].state, LegState::Done);
    assert_eq!(detail.shipment.delivered_at, Some(world.ground.now()));

    let log = world.log().await;
    let mine: Vec<_> = log.iter().filter(|event| event.shipment_id == Some(id)).collect();
    let sequence: Vec<_> = mine.iter().map(|event| event.sequence).collect();
    assert_eq!(sequence, (1..=i64::try_from(mine.len()).unwrap()).collect::<Vec<_>>(), "no gaps");
    assert_eq!(detail.shipment.sequence, *sequence.last().unwrap());
    assert_eq!(mine[0].kind, EventKind::ShipmentCreated);
    let delivered: Vec<_> = mine.iter().filter(|event| event.kind == EventKind::ShipmentDelivered).collect();
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0].data["previous_status"], "out_for_delivery");
    assert_eq!((&delivered[0].data["first_entry"], &delivered[0].data["alert"]), (&json!(true), &json!(true)));
}

async fn an_illegal_step_is_refused_with_what_is_allowed(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    let refused = world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::Delivered)).await;
    let Err(Error::IllegalTransition(illegal)) = refused else { panic!("{refused:?}") };
    assert_eq!((illegal.from, illegal.to), (Status::Created, Status::Delivered));
    assert!(illegal.allowed.contains(&Status::PickedUp));
    assert_eq!(world.status(id).await.0, Status::Created);
}

async fn what_comes_late_is_kept_and_moves_nothing_back(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    world.ground.pass(3_600);
    world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::PickedUp)).await.unwrap();
    world.ground.pass(3_600);
    world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::InTransit)).await.unwrap();
    let told = world.told(id).await;
    let early = world.ground.now() - jiff::SignedDuration::from_secs(5_400);
    let late = NewFact { occurred_at: Some(early), ..NewFact::scan(Status::InfoReceived) };
    let change = world.engine.shipments.record(&world.boss, id, late).await.unwrap();
    assert_eq!(change.shipment.status, Status::InTransit);
    let [view] = change.events.as_slice() else { panic!("one fact was stated: {change:?}") };
    assert_eq!((view.event.status, view.flags.late_event), (Some(Status::InfoReceived), true));
    let detail = world.detail(id).await;
    assert_eq!(detail.shipment, change.shipment, "what is answered is what is kept");
    assert!(detail.events.contains(view));
    assert_eq!(world.told(id).await, told, "nobody is told of a status that did not change");
    let order: Vec<_> = detail.events.iter().map(|view| view.event.occurred_at).collect();
    assert!(order.is_sorted(), "the timeline is by when things happened");
}

async fn a_late_word_is_as_legal_as_one_in_time(world: World) {
    let ana = world.driver("Ana").await;
    let id = world.shipment(json!({ "driver_id": ana.id })).await.shipment.id;
    let (made, shipments) = (world.ground.now(), &world.engine.shipments);
    let at = |status: Status, seconds: i64| NewFact {
        occurred_at: Some(made + jiff::SignedDuration::from_secs(seconds)),
        ..NewFact::scan(status)
    };
    let slow_clock = shipments.record(&world.driver_caller(ana.id), id, at(Status::Delivered, -3)).await;
    assert!(matches!(slow_clock, Err(Error::IllegalTransition(_))));

    for status in [Status::PickedUp, Status::InTransit, Status::OutForDelivery] {
        world.ground.pass(60);
        shipments.record(&world.boss, id, NewFact::scan(status)).await.unwrap();
    }
    let refused = shipments.record(&world.boss, id, at(Status::Returned, 30)).await;
    let Err(Error::IllegalTransition(illegal)) = refused else { panic!("{refused:?}") };
    assert_eq!((illegal.from, illegal.to), (Status::Assigned, Status::Returned), "from where it stood then");
    let told = shipments.record(&world.boss, id, at(Status::AttemptFailed, 150)).await.unwrap();
    assert_eq!((told.shipment.status, told.shipment.attempts), (Status::OutForDelivery, 1));
}

async fn a_shipment_may_be_entered_after_it_is_on_its_way(world: World) {
    let ana = world.driver("Ana").await;
    let id = world.shipment(json!({ "driver_id": ana.id })).await.shipment.id;
    let (entered, shipments) = (world.ground.now(), &world.engine.shipments);
    let at = |status: Status, hours: i64| NewFact {
        occurred_at: Some(entered + jiff::SignedDuration::from_hours(hours)),
        ..NewFact::scan(status)
    };
    let too_far = shipments.record(&world.boss, id, at(Status::Delivered, -5)).await;
    let Err(Error::IllegalTransition(illegal)) = too_far else { panic!("{too_far:?}") };
    assert_eq!((illegal.from, illegal.to), (Status::Created, Status::Delivered), "nobody had it then");
    let undated = shipments.record(&world.boss, id, at(Status::PickedUp, -24 * 365 * 60)).await;
    let Err(Error::Invalid(invalid)) = undated else { panic!("{undated:?}") };
    assert_eq!(invalid.0[0].pointer, "#/occurred_at");

    for (status, hours) in [(Status::PickedUp, -5), (Status::InTransit, -4), (Status::OutForDelivery, -1)] {
        let told = shipments.record(&world.boss, id, at(status, hours)).await.unwrap();
        assert_eq!(
            (told.shipment.status, told.shipment.status_since),
            (status, at(status, hours).occurred_at.unwrap())
        );
    }
    let shipment = shipments.record(&world.boss, id, NewFact::scan(Status::Delivered)).await.unwrap().shipment;
    assert_eq!(shipment.picked_up_at, at(Status::PickedUp, -5).occurred_at);
    assert_eq!((shipment.status, shipment.driver_id), (Status::Delivered, Some(ana.id)));
}

async fn no_late_word_makes_a_step_that_the_table_does_not_know(world: World) {
    use Status::{Cancelled, Delivered, InTransit, OnHold, OutForDelivery, PickedUp, Returned, Returning};
    let ways: &[&[Status]] = &[
        &[PickedUp, OutForDelivery],
        &[PickedUp, InTransit, OutForDelivery, Delivered],
        &[PickedUp, OnHold],
        &[PickedUp, Returning, Returned],
        &[Cancelled],
    ];
    let shipments = &world.engine.shipments;
    for way in ways {
        for &late in Status::ALL {
            let id = world.shipment(json!({})).await.shipment.id;
            for status in *way {
                world.ground.pass(60);
                shipments.record(&world.boss, id, NewFact::scan(*status)).await.unwrap();
            }
            let before = world.status(id).await.0;
            for ago in [30, i64::try_from(way.len()).unwrap() * 60 - 30] {
                let at = world.ground.now() - jiff::SignedDuration::from_secs(ago);
                let fact = NewFact { occurred_at: Some(at), ..NewFact::scan(late) };
                let after = match shipments.record(&world.boss, id, fact).await {
                    Ok(detail) => detail.shipment.status,
                    Err(Error::IllegalTransition(_)) => continue,
                    Err(other) => panic!("{other}"),
                };
                let legal = after == before || legal_next(before, None).contains(&after);
                assert!(legal, "{way:?}, {late} {ago} s ago: {before} became {after}");
                if after != before {
                    break;
                }
            }
        }
    }
}

async fn the_same_fact_twice_is_counted_not_kept(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    world.ground.pass(10);
    let fact = NewFact { occurred_at: Some(world.ground.now()), ..NewFact::scan(Status::PickedUp) };
    world.engine.shipments.record(&world.boss, id, fact.clone()).await.unwrap();
    world.ground.pass(10);
    world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::Delivered)).await.unwrap();
    let before = world.log().await.len();
    let change = world.engine.shipments.record(&world.boss, id, fact).await.unwrap();
    let told: Vec<_> = change.events.iter().map(|view| (view.event.status, view.event.copies)).collect();
    assert_eq!(told, [(Some(Status::PickedUp), 2)], "it is answered as it was kept");
    assert_eq!(world.detail(id).await.events.len(), 3);
    assert_eq!(world.log().await.len(), before);
}

async fn facts_are_read_a_page_at_a_time(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    let shipments = &world.engine.shipments;
    for status in [Status::PickedUp, Status::InTransit, Status::OutForDelivery, Status::Delivered] {
        world.ground.pass(60);
        shipments.record(&world.boss, id, NewFact::scan(status)).await.unwrap();
    }
    let (mut read, mut page) = (Vec::new(), Page::first(2));
    for more in [true, true, false] {
        let listing = shipments.page_of_events(&world.boss, id, page).await.unwrap();
        assert_eq!(listing.next.is_some(), more);
        read.extend(listing.items);
        page.after = listing.next;
    }
    assert_eq!(read, world.detail(id).await.events);
    let whole = shipments.page_of_events(&world.boss, id, Page::first(5)).await.unwrap();
    assert_eq!((whole.items.len(), whole.next), (5, None), "a full last page is the last page");
    page.after = Some(Cursor(uuid::Uuid::nil()));
    let lost = shipments.page_of_events(&world.boss, id, page).await;
    assert!(matches!(lost, Err(Error::Invalid(_))), "{lost:?}");
}

async fn facts_are_not_taken_without_end(world: World) {
    let made = world.shipment(json!({})).await;
    let (id, shipments) = (made.shipment.id, &world.engine.shipments);
    let mut tx = world.engine.base.store.begin(Scope::Tenant(world.boss.tenant_id)).await.unwrap();
    for seq in 2..=1_000 {
        let first = made.events[0].event.clone();
        let note = Some(format!("note {seq}"));
        let id = TrackingEventId::new(&world.ground.env);
        let fact = TrackingEvent { id, seq, kind: FactKind::Note, status: None, raw_text: note, ..first };
        tracking_events::append(&mut tx, &fact).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.ground.pass(60);
    let refused = shipments.record(&world.boss, id, NewFact::scan(Status::PickedUp)).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    let correction = NewCorrection {
        status: Status::PickedUp,
        substatus: None,
        reason: None,
        reason_text: "it did go".to_owned(),
        occurred_at: None,
        retracts: None,
    };
    let corrected = shipments.correct(&world.boss, id, correction).await.unwrap();
    assert_eq!((corrected.shipment.status, corrected.events.len()), (Status::PickedUp, 1), "not the whole timeline");
    assert_eq!(world.detail(id).await.events.len(), 1_001);
}

async fn a_correction_reopens_and_a_retraction_unsays(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    for status in [Status::PickedUp, Status::Delivered] {
        world.ground.pass(60);
        world.engine.shipments.record(&world.boss, id, NewFact::scan(status)).await.unwrap();
    }
    world.ground.pass(60);
    let refused = world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::InTransit)).await;
    assert!(matches!(refused, Err(Error::IllegalTransition(_))));
    let correction = NewCorrection {
        status: Status::InTransit,
        substatus: None,
        reason: None,
        reason_text: "wrong parcel scanned".to_owned(),
        occurred_at: None,
        retracts: None,
    };
    let detail = world.engine.shipments.correct(&world.boss, id, correction).await.unwrap();
    assert_eq!(detail.shipment.status, Status::InTransit);
    assert_eq!(detail.shipment.delivered_at, None);
    assert_eq!(world.detail(id).await.legs[0].state, LegState::Active, "the way goes on");

    world.ground.pass(60);
    let lost = world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::Failed)).await.unwrap();
    let wrong = lost.events.iter().find(|view| view.event.status == Some(Status::Failed)).unwrap().event.id;
    let back = NewRetraction { event_id: wrong, reason_text: "found".to_owned() };
    let detail = world.engine.shipments.retract(&world.boss, id, back.clone()).await.unwrap();
    assert_eq!(detail.shipment.status, Status::InTransit);
    assert!(world.detail(id).await.events.iter().any(|view| view.flags.retracted));
    let unknown = NewRetraction { event_id: TrackingEventId::new(&world.ground.env), ..back };
    assert!(matches!(world.engine.shipments.retract(&world.boss, id, unknown).await, Err(Error::Invalid(_))));
}

async fn two_writers_take_turns(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::PickedUp)).await.unwrap();
    world.ground.pass(60);
    let (one, two) = tokio::join!(
        world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::Delivered)),
        world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::AttemptFailed)),
    );
    let refused = [one, two].into_iter().filter(|outcome| matches!(outcome, Err(Error::IllegalTransition(_)))).count();
    let told = world.told(id).await;
    // Whoever comes second is checked against what the first one made of it.
    assert!(refused <= 1);
    assert_eq!(told.len(), 3 - refused, "{told:?}");
}

async fn cancelling_works_until_it_is_on_its_way(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    let cancelled = world.engine.shipments.cancel(&world.boss, id, NewCancellation::default()).await.unwrap();
    assert_eq!(cancelled.shipment.status, Status::Cancelled);
    assert_eq!(cancelled.shipment.substatus.as_deref(), Some("by_operator"));
    assert_eq!(world.detail(id).await.legs[0].state, LegState::Cancelled);
    let id = world.shipment(json!({})).await.shipment.id;
    world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::PickedUp)).await.unwrap();
    let late = world.engine.shipments.cancel(&world.boss, id, NewCancellation::default()).await;
    assert!(matches!(late, Err(Error::IllegalTransition(_))));
}

async fn a_delivered_shipment_goes_back_under_legs_of_its_own(world: World) {
    let made = world.shipment(json!({ "origin": { "name": "Hub" }, "destination": { "name": "Door" } })).await;
    let id = made.shipment.id;
    for status in [Status::PickedUp, Status::Delivered] {
        world.ground.pass(60);
        world.engine.shipments.record(&world.boss, id, NewFact::scan(status)).await.unwrap();
    }
    world.ground.pass(86_400);
    let detail = world.engine.shipments.send_back(&world.boss, id, NewReturn::default()).await.unwrap();
    assert_eq!(detail.shipment.status, Status::Returning);
    assert!(detail.shipment.return_leg);
    assert!(detail.shipment.delivered_at.is_some(), "the outward way stays delivered");
    let back = &world.detail(id).await.legs[1];
    assert!(back.is_return && back.state == LegState::Active);
    assert_eq!((back.origin_id, back.destination_id), (made.shipment.destination_id, made.shipment.origin_id));
    world.ground.pass(60);
    world.engine.shipments.record(&world.boss, id, NewFact::scan(Status::Returned)).await.unwrap();
    assert_eq!(world.detail(id).await.legs[1].state, LegState::Done);
}

async fn drivers_come_and_go(world: World) {
    let (ana, rui) = (world.driver("Ana").await, world.driver("Rui").await);
    let id = world.shipment(json!({})).await.shipment.id;
    let shipments = &world.engine.shipments;
    let detail = shipments.assign(&world.boss, id, ana.id).await.unwrap();
    assert_eq!((detail.shipment.status, detail.shipment.driver_id), (Status::Assigned, Some(ana.id)));
    world.ground.pass(1);
    shipments.assign(&world.boss, id, rui.id).await.unwrap();
    world.ground.pass(1);
    let detail = shipments.unassign(&world.boss, id).await.unwrap();
    assert_eq!((detail.shipment.status, detail.shipment.driver_id), (Status::Created, None));
    let kinds: Vec<_> = world.log().await.iter().map(|event| event.kind).collect();
    let count = |kind| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((count(EventKind::DriverAssigned), count(EventKind::DriverUnassigned)), (2, 2));
    let unknown = tracklane_core::id::DriverId::new(&world.ground.env);
    assert!(matches!(shipments.assign(&world.boss, id, unknown).await, Err(Error::Invalid(_))));
}

async fn edits_need_the_version_that_was_seen(world: World) {
    let made = world.shipment(json!({ "reference": "A-1" })).await.shipment;
    let edit = ShipmentEdit { reference: Some("A-2".to_owned()), ..ShipmentEdit::from(&made) };
    let shipments = &world.engine.shipments;
    let changed = shipments.update(&world.boss, made.id, made.version, edit.clone()).await.unwrap();
    assert_eq!(changed.reference.as_deref(), Some("A-2"));
    let stale = shipments.update(&world.boss, made.id, made.version, edit.clone()).await;
    assert!(matches!(stale, Err(Error::VersionMismatch)));
    let door = world.location("New door", east(900.0)).await;
    let elsewhere = ShipmentEdit { destination_id: Some(door.id), ..ShipmentEdit::from(&changed) };
    shipments.update(&world.boss, made.id, changed.version, elsewhere).await.unwrap();
    let legs = shipments.legs(&world.boss, made.id).await.unwrap();
    assert_eq!(legs[0].destination_id, Some(door.id), "the leg ends where the shipment does");
    let other = world.shipment(json!({})).await.shipment;
    let taken = shipments.update(&world.boss, other.id, other.version, edit).await;
    assert!(matches!(taken, Err(Error::Conflict(_))), "{taken:?}");
}

async fn packages_are_added_changed_and_removed(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    let shipments = &world.engine.shipments;
    let new = |value| serde_json::from_value(value).unwrap();
    let package = shipments.add_package(&world.boss, id, new(json!({ "tracking_number": "P9" }))).await.unwrap();
    let input = new(json!({ "tracking_number": "P9", "weight_kg": 4.0 }));
    let changed = shipments.update_package(&world.boss, id, package.id, package.version, input).await.unwrap();
    assert_eq!((changed.weight_kg, changed.version), (Some(4.0), 2));
    let heavy = shipments.add_package(&world.boss, id, new(json!({ "weight_kg": -1 }))).await;
    assert!(matches!(heavy, Err(Error::Invalid(_))));
    shipments.remove_package(&world.boss, id, package.id, None).await.unwrap();
    assert!(shipments.packages(&world.boss, id).await.unwrap().is_empty());
}

async fn a_link_shows_the_shipment_until_it_is_revoked(world: World) {
    let id = world.shipment(json!({ "recipient": { "name": "Rui Costa" } })).await.shipment.id;
    let shipments = &world.engine.shipments;
    let link = shipments.add_link(&world.boss, id, NewLink::default()).await.unwrap();
    let token = shipments.link_token(&link);
    assert_eq!(shipments.public(&token).await.unwrap().detail.shipment.id, id);
    assert!(matches!(shipments.public("nonsense").await, Err(Error::NotFound)));
    shipments.revoke_link(&world.boss, id, link.id).await.unwrap();
    assert!(matches!(shipments.public(&token).await, Err(Error::NotFound)));

    let link = shipments.add_link(&world.boss, id, NewLink::default()).await.unwrap();
    shipments.cancel(&world.boss, id, NewCancellation::default()).await.unwrap();
    let token = shipments.link_token(&link);
    assert!(shipments.public(&token).await.is_ok());
    world.ground.pass(31 * 86_400);
    assert!(matches!(shipments.public(&token).await, Err(Error::NotFound)), "some days after the end it is over");
}
