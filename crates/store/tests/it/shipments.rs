//! Shipments, packages, legs, facts, links.

use std::time::Duration;

use tracklane_core::lifecycle::{Actor, FactKind, Status};
use tracklane_core::model::{LegMode, LegState, Shipment};
use tracklane_store::shipments::ShipmentFilter;
use tracklane_store::{
    Counts, Error, Page, Tx, customers, drivers, events, legs, locations, packages, shipments, tracking_events,
    tracking_links,
};

use crate::fixtures::{self, at, id};
use crate::harness::{World, conformance};

conformance!(
    shipments_round_trip,
    shipments_are_listed_by_every_filter,
    a_lock_is_waited_for,
    packages_round_trip,
    legs_round_trip,
    facts_round_trip,
    links_round_trip,
    shipments_are_counted,
);

/// A shipment with everything it can refer to.
async fn full(world: &World, tx: &mut Tx) -> Shipment {
    let tenant = world.tenant.id;
    let (sender, recipient) = (fixtures::customer(tenant), fixtures::customer(tenant));
    let (origin, destination) = (fixtures::location(tenant), fixtures::location(tenant));
    let driver = fixtures::driver(tenant);
    customers::insert(tx, &sender).await.unwrap();
    customers::insert(tx, &recipient).await.unwrap();
    locations::insert(tx, &origin).await.unwrap();
    locations::insert(tx, &destination).await.unwrap();
    drivers::insert(tx, &driver).await.unwrap();
    let mut shipment = fixtures::shipment(tenant);
    (shipment.sender_id, shipment.recipient_id) = (Some(sender.id), Some(recipient.id));
    (shipment.origin_id, shipment.destination_id) = (Some(origin.id), Some(destination.id));
    shipment.driver_id = Some(driver.id);
    shipments::insert(tx, &shipment).await.unwrap();
    shipment
}

async fn shipments_round_trip(world: World) {
    let mut tx = world.begin().await;
    let shipment = full(&world, &mut tx).await;
    let mut bare = fixtures::shipment(world.tenant.id);
    (bare.reference, bare.substatus, bare.reason) = (None, None, None);
    (bare.eta_from, bare.eta_to, bare.picked_up_at, bare.delivered_at) = (None, None, None, None);
    shipments::insert(&mut tx, &bare).await.unwrap();
    tx.commit().await.unwrap();

    let mut db = world.read().await;
    assert_eq!(shipments::get(&mut db, shipment.id).await, Ok(Some(shipment.clone())));
    assert_eq!(shipments::get(&mut db, bare.id).await, Ok(Some(bare.clone())));
    assert_eq!(shipments::get_many(&mut db, &[bare.id, id()]).await, Ok(vec![bare.clone()]));
    let mut db = world.read_other().await;
    assert_eq!(shipments::get(&mut db, shipment.id).await, Ok(None));
    assert_eq!(shipments::get_many(&mut db, &[shipment.id]).await, Ok(Vec::new()));
    let listed = shipments::list(&mut db, &ShipmentFilter::default(), Page::first(9)).await.unwrap();
    assert!(listed.items.is_empty());
    drop(db);
    assert_eq!(shipments::lock(&mut *world.begin_other().await, shipment.id).await, Ok(None));

    let mut tx = world.begin().await;
    let mut changed = shipments::lock(&mut tx, shipment.id).await.unwrap().unwrap();
    assert_eq!(changed, shipment);
    (changed.status, changed.driver_id, changed.sequence) = (Status::Delivered, None, 99);
    changed.metadata.clear();
    assert_eq!(shipments::update(&mut tx, &mut changed, &shipment, &mut []).await, Ok(true));
    assert_eq!((changed.version, changed.sequence), (2, 0));
    assert_eq!(shipments::get(&mut tx, shipment.id).await, Ok(Some(changed.clone())));
    // What somebody else has changed in the meantime is left as it is, and told of to nobody.
    let mut told = [fixtures::event(world.tenant.id, Some(shipment.id))];
    assert_eq!(shipments::update(&mut tx, &mut changed.clone(), &shipment, &mut told).await, Ok(false));
    assert_eq!(shipments::get(&mut tx, shipment.id).await, Ok(Some(changed.clone())));
    assert_eq!(events::get(&mut tx, told[0].id).await, Ok(None));
    // With what is told of it, which is numbered on.
    let before = changed.clone();
    changed.attempts = 7;
    let mut told = [(); 3].map(|()| fixtures::event(world.tenant.id, Some(shipment.id)));
    assert_eq!(shipments::update(&mut tx, &mut changed, &before, &mut told[..2]).await, Ok(true));
    events::append(&mut tx, &mut told[2]).await.unwrap();
    assert_eq!(told.each_ref().map(|event| event.sequence), [1, 2, 3]);
    assert_eq!((changed.version, changed.sequence), (3, 2));
    for event in &told {
        assert_eq!(events::get(&mut tx, event.id).await.unwrap().unwrap().1, *event);
    }
    changed.sequence = 3;
    assert_eq!(shipments::get(&mut tx, shipment.id).await, Ok(Some(changed)));
    let mut twin = fixtures::shipment(world.tenant.id);
    twin.reference = shipment.reference;
    let refused = shipments::insert(&mut tx, &twin).await;
    assert_eq!(refused, Err(Error::NotUnique { constraint: "shipments_tenant_id_reference_key".to_owned() }));
}

async fn shipments_are_listed_by_every_filter(world: World) {
    let mut tx = world.begin().await;
    let shipment = full(&world, &mut tx).await;
    let mut plain = fixtures::shipment(world.tenant.id);
    (plain.status, plain.substatus, plain.delayed, plain.return_leg) = (Status::Delivered, None, false, false);
    (plain.created_at, plain.updated_at, plain.reference) = (at(1000), at(2000), None);
    shipments::insert(&mut tx, &plain).await.unwrap();
    let package = fixtures::package(&shipment);
    packages::insert(&mut tx, &package).await.unwrap();
    let mut leg = fixtures::leg(&plain);
    leg.tracking_number = Some("JJD-Leg".to_owned());
    legs::insert(&mut tx, &leg).await.unwrap();
    tx.commit().await.unwrap();

    let mut db = world.read().await;
    let (first, second) = (vec![shipment.id], vec![plain.id]);
    let both = vec![plain.id, shipment.id];
    let some = |value: &str| Some(value.to_owned());
    let any = ShipmentFilter::default;
    for (filter, found) in [
        (any(), both.clone()),
        (ShipmentFilter { statuses: vec![Status::Delivered], ..any() }, second.clone()),
        (ShipmentFilter { statuses: vec![Status::Delivered, Status::AttemptFailed], ..any() }, both.clone()),
        (ShipmentFilter { statuses: vec![Status::Created], ..any() }, vec![]),
        (ShipmentFilter { substatus: some("will_retry"), ..any() }, first.clone()),
        (ShipmentFilter { driver_id: shipment.driver_id, ..any() }, first.clone()),
        (ShipmentFilter { driver_id: Some(id()), ..any() }, vec![]),
        (ShipmentFilter { customer_id: shipment.sender_id, ..any() }, first.clone()),
        (ShipmentFilter { customer_id: shipment.recipient_id, ..any() }, first.clone()),
        (ShipmentFilter { customer_id: Some(id()), ..any() }, vec![]),
        (ShipmentFilter { sender_id: shipment.sender_id, ..any() }, first.clone()),
        (ShipmentFilter { sender_id: shipment.recipient_id, ..any() }, vec![]),
        (ShipmentFilter { recipient_id: shipment.recipient_id, ..any() }, first.clone()),
        (ShipmentFilter { origin_id: shipment.origin_id, ..any() }, first.clone()),
        (ShipmentFilter { destination_id: shipment.destination_id, ..any() }, first.clone()),
        (ShipmentFilter { destination_id: shipment.origin_id, ..any() }, vec![]),
        (ShipmentFilter { reference: shipment.reference.clone(), ..any() }, first.clone()),
        (ShipmentFilter { tracking_number: package.tracking_number.clone(), ..any() }, first.clone()),
        (ShipmentFilter { tracking_number: some("JJD-Leg"), ..any() }, second.clone()),
        (ShipmentFilter { tracking_number: some("JJD"), ..any() }, vec![]),
        (ShipmentFilter { delayed: Some(true), ..any() }, first.clone()),
        (ShipmentFilter { delayed: Some(false), ..any() }, second.clone()),
        (ShipmentFilter { return_leg: Some(true), ..any() }, first.clone()),
        (ShipmentFilter { active: Some(true), ..any() }, first.clone()),
        (ShipmentFilter { active: Some(false), ..any() }, second.clone()),
        (ShipmentFilter { active: Some(true), statuses: vec![Status::Delivered], ..any() }, vec![]),
        (ShipmentFilter { created_from: Some(at(1000)), ..any() }, second.clone()),
        (ShipmentFilter { created_to: Some(at(1000)), ..any() }, first.clone()),
        (ShipmentFilter { updated_from: Some(at(3)), ..any() }, second.clone()),
        (ShipmentFilter { updated_to: Some(at(3)), ..any() }, first.clone()),
        (ShipmentFilter { q: some("ORDER-SHP"), ..any() }, first.clone()),
        (ShipmentFilter { q: some("pkgpkg_"), ..any() }, first.clone()),
        (ShipmentFilter { q: some("d-leg"), ..any() }, second.clone()),
        (ShipmentFilter { q: some("%"), ..any() }, vec![]),
        (
            ShipmentFilter {
                statuses: vec![Status::AttemptFailed],
                customer_id: shipment.sender_id,
                delayed: Some(true),
                q: some("order"),
                tracking_number: package.tracking_number.clone(),
                ..any()
            },
            first.clone(),
        ),
    ] {
        let items = shipments::list(&mut db, &filter, Page::first(9)).await.unwrap().items;
        assert_eq!(items.iter().map(|shipment| shipment.id).collect::<Vec<_>>(), found, "{filter:?}");
    }
}

async fn a_lock_is_waited_for(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    tx.commit().await.unwrap();

    let mut first = world.begin().await;
    let mut locked = shipments::lock(&mut first, shipment.id).await.unwrap().unwrap();
    let world = std::sync::Arc::new(world);
    let waiting = tokio::spawn({
        let (world, id) = (world.clone(), shipment.id);
        async move { shipments::lock(&mut *world.begin().await, id).await.unwrap().unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    let was = locked.clone();
    locked.attempts = 3;
    assert_eq!(shipments::update(&mut first, &mut locked, &was, &mut []).await, Ok(true));
    first.commit().await.unwrap();
    let seen = waiting.await.unwrap();
    assert_eq!((seen.attempts, seen.version), (3, 2));
}

async fn packages_round_trip(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let (package, second) = (fixtures::package(&shipment), fixtures::package(&shipment));
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    packages::insert(&mut tx, &package).await.unwrap();
    packages::insert(&mut tx, &second).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(packages::get(&mut db, package.id).await, Ok(Some(package.clone())));
    assert_eq!(packages::list_of_shipment(&mut db, shipment.id).await, Ok(vec![package.clone(), second.clone()]));
    let mut db = world.read_other().await;
    assert_eq!(packages::get(&mut db, package.id).await, Ok(None));
    assert_eq!(packages::list_of_shipment(&mut db, shipment.id).await, Ok(Vec::new()));
    drop(db);
    assert_eq!(packages::delete(&mut *world.begin_other().await, package.id).await, Ok(false));

    let mut tx = world.begin().await;
    let mut changed = package.clone();
    (changed.description, changed.weight_kg) = (None, None);
    assert_eq!(packages::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(packages::get(&mut tx, package.id).await, Ok(Some(changed)));
    assert_eq!(packages::delete(&mut tx, second.id).await, Ok(true));
    let mut twin = fixtures::package(&shipment);
    twin.tracking_number = package.tracking_number.clone();
    let refused = packages::insert(&mut tx, &twin).await;
    assert_eq!(refused, Err(Error::NotUnique { constraint: "packages_tenant_id_tracking_number_key".to_owned() }));
}

async fn legs_round_trip(world: World) {
    let mut tx = world.begin().await;
    let shipment = full(&world, &mut tx).await;
    let driver_id = shipment.driver_id.unwrap();
    let mut fleet = fixtures::leg(&shipment);
    (fleet.mode, fleet.state, fleet.driver_id, fleet.position) = (LegMode::Fleet, LegState::Active, Some(driver_id), 2);
    (fleet.origin_id, fleet.destination_id) = (shipment.origin_id, shipment.destination_id);
    let carrier = fixtures::leg(&shipment);
    legs::insert(&mut tx, &fleet).await.unwrap();
    legs::insert(&mut tx, &carrier).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(legs::list_of_shipment(&mut db, shipment.id).await, Ok(vec![carrier.clone(), fleet.clone()]));
    assert_eq!(legs::list_of_shipments(&mut db, &[id(), shipment.id]).await, Ok(vec![carrier, fleet.clone()]));
    assert_eq!(legs::list_of_shipments(&mut db, &[]).await, Ok(Vec::new()));
    let active = legs::active_fleet_legs_any_tenant(&mut world.read_system().await).await;
    assert_eq!(active, Ok(vec![fleet.clone()]));
    let mut db = world.read_other().await;
    assert_eq!(legs::list_of_shipment(&mut db, shipment.id).await, Ok(Vec::new()));
    assert_eq!(legs::list_of_shipments(&mut db, &[shipment.id]).await, Ok(Vec::new()));
    drop(db);

    let mut tx = world.begin().await;
    let mut done = fleet.clone();
    (done.state, done.ended_at) = (LegState::Done, Some(at(77)));
    assert_eq!(legs::update(&mut tx, &done).await, Ok(true));
    assert_eq!(legs::update(&mut tx, &done).await, Ok(false));
    done.version = 2;
    assert_eq!(legs::list_of_shipment(&mut tx, shipment.id).await.map(|mut legs| legs.pop()), Ok(Some(done)));
    let active = legs::active_fleet_legs_any_tenant(&mut world.read_system().await).await;
    assert_eq!(active, Ok(vec![fleet]), "until it is committed");
    tx.commit().await.unwrap();
    let active = legs::active_fleet_legs_any_tenant(&mut world.read_system().await).await;
    assert_eq!(active, Ok(Vec::new()));
}

async fn facts_round_trip(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let (package, leg) = (fixtures::package(&shipment), fixtures::leg(&shipment));
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    packages::insert(&mut tx, &package).await.unwrap();
    legs::insert(&mut tx, &leg).await.unwrap();
    let mut fact = fixtures::fact(shipment.id, 1);
    (fact.package_id, fact.leg_id) = (Some(package.id), Some(leg.id));
    let mut taken_back = fixtures::fact(shipment.id, 2);
    (taken_back.kind, taken_back.retracts) = (FactKind::Retraction, Some(fact.id));
    (taken_back.status, taken_back.reason, taken_back.place, taken_back.offset_seconds) = (None, None, None, None);
    taken_back.actor = Some(Actor::System);
    let mut silent = fixtures::fact(shipment.id, 3);
    silent.actor = None;
    for fact in [&fact, &taken_back, &silent] {
        tracking_events::append(&mut tx, fact).await.unwrap();
    }
    assert_eq!(tracking_events::bump_copies(&mut tx, fact.shipment_id, fact.id).await, Ok(true));
    assert_eq!(tracking_events::bump_copies(&mut tx, fact.shipment_id, id()).await, Ok(false));
    fact.copies = 2;
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    let listed = tracking_events::list_of_shipment(&mut db, shipment.id).await;
    assert_eq!(listed, Ok(vec![fact.clone(), taken_back, silent]));
    let mut db = world.read_other().await;
    assert_eq!(tracking_events::list_of_shipment(&mut db, shipment.id).await, Ok(Vec::new()));
    drop(db);
    assert_eq!(
        tracking_events::bump_copies(&mut *world.begin_other().await, fact.shipment_id, fact.id).await,
        Ok(false)
    );
    let foreign = fixtures::fact(shipment.id, 9);
    assert_eq!(tracking_events::append(&mut *world.begin_other().await, &foreign).await, Err(Error::ForeignKey));
    let twin = fixtures::fact(shipment.id, 1);
    let refused = tracking_events::append(&mut *world.begin().await, &twin).await;
    let constraint = "tracking_events_tenant_id_shipment_id_seq_key".to_owned();
    assert_eq!(refused, Err(Error::NotUnique { constraint }));
    // A package that a fact names stays.
    assert_eq!(packages::delete(&mut *world.begin().await, package.id).await, Err(Error::ForeignKey));
}

async fn links_round_trip(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let (mut link, second) = (fixtures::link(&shipment), fixtures::link(&shipment));
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    tracking_links::insert(&mut tx, &link, &[1; 32]).await.unwrap();
    tracking_links::insert(&mut tx, &second, &[2; 32]).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read_system().await;
    assert_eq!(tracking_links::find_by_token_hash_any_tenant(&mut db, &[1; 32]).await, Ok(Some(link.clone())));
    assert_eq!(tracking_links::find_by_token_hash_any_tenant(&mut db, &[3; 32]).await, Ok(None));
    let mut db = world.read_other().await;
    assert_eq!(tracking_links::get(&mut db, link.id).await, Ok(None));
    assert_eq!(tracking_links::list_of_shipment(&mut db, shipment.id).await, Ok(Vec::new()));
    drop(db);
    assert_eq!(tracking_links::revoke(&mut *world.begin_other().await, link.id, at(9)).await, Ok(false));

    let mut tx = world.begin().await;
    assert_eq!(tracking_links::revoke(&mut tx, link.id, at(9)).await, Ok(true));
    assert_eq!(tracking_links::revoke(&mut tx, link.id, at(10)).await, Ok(false));
    tx.commit().await.unwrap();
    link.revoked_at = Some(at(9));
    let mut db = world.read().await;
    assert_eq!(tracking_links::get(&mut db, link.id).await, Ok(Some(link.clone())));
    assert_eq!(tracking_links::list_of_shipment(&mut db, shipment.id).await, Ok(vec![second, link]));
}

async fn shipments_are_counted(world: World) {
    let now = at(100_000);
    let none = Counts { active_shipments: 0, pending_messages: 0, average_delivery_seconds: None };
    assert_eq!(world.store.counts(now).await, Ok(none));
    let mut tx = world.begin().await;
    // From pick-up, from creation, too long ago, still under way.
    for (status, created, picked_up, delivered) in [
        (Status::Delivered, 90_000, Some(91_000), Some(92_000)),
        (Status::Delivered, 90_000, None, Some(93_500)),
        (Status::Delivered, 1, Some(2), Some(3)),
        (Status::InTransit, 1, Some(2), None),
    ] {
        let mut shipment = fixtures::shipment(world.tenant.id);
        (shipment.status, shipment.created_at) = (status, at(created));
        (shipment.picked_up_at, shipment.delivered_at) = (picked_up.map(at), delivered.map(at));
        shipments::insert(&mut tx, &shipment).await.unwrap();
    }
    tx.commit().await.unwrap();
    let counts = world.store.counts(now).await.unwrap();
    let expected = Counts { active_shipments: 1, pending_messages: 0, average_delivery_seconds: Some(2_250.0) };
    assert_eq!(counts, expected);
}
