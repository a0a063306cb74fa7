//! The event log and its readers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_store::events::EventFilter;
use tracklane_store::{Error, Scope, cursors, events, shipments};

use crate::fixtures::{self, at, id};
use crate::harness::{World, admin, conformance};

conformance!(
    events_round_trip,
    many_events_keep_their_order,
    events_are_filtered,
    events_of_a_zone_are_found_listed_or_not,
    a_late_commit_is_not_skipped,
    a_shipment_s_events_keep_their_order,
    many_writers_leave_no_gap,
    a_restored_log_goes_on,
    cursors_move_forward,
    commits_are_announced,
);

async fn events_round_trip(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let mut about = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut again = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut bare = fixtures::event(world.tenant.id, None);
    (bare.driver_id, bare.device_id, bare.zone_id, bare.endpoint_id) = (None, None, None, None);
    let mut foreign = fixtures::event(world.other.id, None);
    let mut tx = world.begin_system().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    for event in [&mut about, &mut bare, &mut again, &mut foreign] {
        events::append(&mut tx, event).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!((about.sequence, again.sequence, bare.sequence), (1, 2, 0));
    shown(&world, &foreign).await;

    let mut db = world.read_system().await;
    let all = events::after_any_tenant(&mut db, LogPosition::default(), 100).await.unwrap();
    let bodies: Vec<_> = all.iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(bodies, [about.clone(), bare.clone(), again.clone(), foreign.clone()]);
    assert!(all.is_sorted_by(|a, b| a.0 < b.0));
    let rest = events::after_any_tenant(&mut db, all[1].0, 1).await.unwrap();
    assert_eq!(rest, all[2..3]);
    assert_eq!(events::head_any_tenant(&mut db).await, Ok(all[3].0));
    assert_eq!(events::after_any_tenant(&mut db, all[3].0, 100).await, Ok(Vec::new()));

    let mut db = world.read().await;
    assert_eq!(events::get(&mut db, about.id).await, Ok(Some(all[0].clone())));
    assert_eq!(events::get(&mut db, foreign.id).await, Ok(None));
    let any = EventFilter::default();
    assert_eq!(events::list(&mut db, &any, LogPosition::default(), 100).await, Ok(all[..3].to_vec()));
    // The version is for writers of the record; the log does not touch it.
    let read = shipments::get(&mut db, shipment.id).await.unwrap().unwrap();
    assert_eq!((read.sequence, read.version), (2, 1));
    let mut db = world.read_other().await;
    assert_eq!(events::get(&mut db, about.id).await, Ok(None));
    assert_eq!(events::list(&mut db, &any, LogPosition::default(), 100).await, Ok(all[3..].to_vec()));
    drop(db);

    let mut tx = world.begin_other().await;
    let mut stolen = fixtures::event(world.other.id, Some(shipment.id));
    assert_eq!(events::append(&mut tx, &mut stolen).await, Err(Error::ForeignKey));
    assert_eq!(tx.commit().await, Err(Error::Spent));
    let mut tx = world.begin_other().await;
    assert!(matches!(events::append(&mut tx, &mut about).await, Err(Error::Scope(_))));
}

async fn many_events_keep_their_order(world: World) {
    // More than fit into one statement, and what is left over.
    let many: Vec<Event> = (0..93).map(|_| fixtures::event(world.tenant.id, None)).collect();
    let mut tx = world.begin().await;
    events::append_many(&mut tx, many.clone()).await.unwrap();
    events::append_many(&mut tx, Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
    shown(&world, &many[92]).await;
    let mut db = world.read_system().await;
    let all = events::after_any_tenant(&mut db, LogPosition::default(), 100).await.unwrap();
    assert!(all.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(all.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), many);

    let shipment = fixtures::shipment(world.tenant.id);
    let mut tx = world.begin().await;
    let about = fixtures::event(world.tenant.id, Some(shipment.id));
    assert!(matches!(events::append_many(&mut tx, vec![about]).await, Err(Error::Other(_))), "it needs a number");
    drop(tx);
    let mut tx = world.begin().await;
    let foreign = fixtures::event(world.other.id, None);
    assert!(matches!(events::append_many(&mut tx, vec![foreign]).await, Err(Error::Scope(_))));
}

async fn events_are_filtered(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let mut first = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut second = fixtures::event(world.tenant.id, None);
    (second.kind, second.recorded_at) = (EventKind::ZoneEntered, at(60));
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    events::append(&mut tx, &mut first).await.unwrap();
    events::append(&mut tx, &mut second).await.unwrap();
    tx.commit().await.unwrap();
    shown(&world, &second).await;
    let mut db = world.read().await;
    let any = EventFilter::default;
    for (filter, found) in [
        (EventFilter { kinds: vec![EventKind::ZoneEntered], ..any() }, vec![second.id]),
        (
            EventFilter { kinds: vec![EventKind::ZoneEntered, EventKind::StatusChanged], ..any() },
            vec![first.id, second.id],
        ),
        (EventFilter { shipment_id: Some(shipment.id), ..any() }, vec![first.id]),
        (EventFilter { shipment_id: Some(id()), ..any() }, vec![]),
        (EventFilter { zone_id: first.zone_id, ..any() }, vec![first.id]),
        (EventFilter { zone_id: Some(id()), ..any() }, vec![]),
        (EventFilter { device_id: second.device_id, ..any() }, vec![second.id]),
        (EventFilter { occurred_from: Some(first.occurred_at), ..any() }, vec![first.id, second.id]),
        (EventFilter { occurred_to: Some(first.occurred_at), ..any() }, vec![]),
        (EventFilter { recorded_from: Some(at(60)), ..any() }, vec![second.id]),
        (EventFilter { recorded_to: Some(at(60)), ..any() }, vec![first.id]),
    ] {
        let listed = events::list(&mut db, &filter, LogPosition::default(), 10).await.unwrap();
        assert_eq!(listed.iter().map(|(_, event)| event.id).collect::<Vec<_>>(), found, "{filter:?}");
    }
}

/// Where entries are listed by zone, those that are listed and those that are not yet are found alike.
async fn events_of_a_zone_are_found_listed_or_not(world: World) {
    let zones = [id(), id()];
    let event = |number: i64, tenant| {
        let mut event = fixtures::event(tenant, None);
        (event.zone_id, event.occurred_at) = (Some(zones[number as usize % 2]), at(number));
        event
    };
    let mut expected = Vec::new();
    // What is listed at once, what is left over, and what comes later.
    for (turn, least) in [(0, 1), (1, 100), (2, 1), (3, 100)] {
        let many: Vec<Event> = (turn * 30..turn * 30 + 30).map(|number| event(number, world.tenant.id)).collect();
        let mut tx = world.begin().await;
        events::append_many(&mut tx, many.clone()).await.unwrap();
        events::append(&mut tx, &mut fixtures::event(world.tenant.id, None)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = world.begin_other().await;
        let mut foreign = event(turn * 2, world.other.id);
        events::append(&mut tx, &mut foreign).await.unwrap();
        tx.commit().await.unwrap();
        shown(&world, &foreign).await;
        world.store.list_zones(least).await.unwrap();
        expected.extend(many.into_iter().filter(|event| event.zone_id == Some(zones[0])));

        let filter = EventFilter { zone_id: Some(zones[0]), ..EventFilter::default() };
        for page in [1, 7, 1_000] {
            let (mut place, mut found) = (LogPosition::default(), Vec::new());
            loop {
                let some = events::list(&mut world.read().await, &filter, place, page).await.unwrap();
                let Some((last, _)) = some.last() else { break };
                place = *last;
                found.extend(some.into_iter().map(|(_, event)| event));
            }
            assert_eq!(found, expected, "turn {turn}, {page} at a time");
        }
        let filter = EventFilter { occurred_from: Some(at(20)), occurred_to: Some(at(70)), ..filter };
        let within = |event: &&Event| (at(20)..at(70)).contains(&event.occurred_at);
        let expected: Vec<_> = expected.iter().filter(within).cloned().collect();
        let found = events::list(&mut world.read().await, &filter, LogPosition::default(), 100).await.unwrap();
        assert_eq!(found.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), expected, "turn {turn}");
    }
}

/// Waits until an entry is shown. PostgreSQL counts transactions over all its databases, so that those of other tests
/// hold it back for a while.
async fn shown(world: &World, event: &Event) {
    let mut db = world.store.read(Scope::Tenant(event.tenant_id)).await.unwrap();
    let (place, _) = events::get(&mut db, event.id).await.unwrap().unwrap();
    let mut db = world.read_system().await;
    for _ in 0..1000 {
        if events::head_any_tenant(&mut db).await.unwrap() >= place {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{event:?} was never shown");
}

/// Everything behind `position`, which then stands at the end.
async fn tail(world: &World, position: &mut LogPosition) -> Vec<Event> {
    let found = events::after_any_tenant(&mut world.read_system().await, *position, 1000).await.unwrap();
    if let Some((last, _)) = found.last() {
        *position = *last;
    }
    found.into_iter().map(|(_, event)| event).collect()
}

async fn a_late_commit_is_not_skipped(world: World) {
    if !world.is_postgres() {
        // There is one writer: the order of commits is the order of numbers.
        return;
    }
    let mut position = LogPosition::default();
    let mut early = fixtures::event(world.tenant.id, None);
    let mut late = fixtures::event(world.tenant.id, None);
    let mut first = world.begin().await;
    events::append(&mut first, &mut early).await.unwrap();
    let mut second = world.begin().await;
    events::append(&mut second, &mut late).await.unwrap();
    second.commit().await.unwrap();
    // The second one has committed, but showing it would put a reader behind the first one.
    assert_eq!(tail(&world, &mut position).await, []);
    assert_eq!(events::head_any_tenant(&mut world.read_system().await).await, Ok(LogPosition::default()));
    first.commit().await.unwrap();
    shown(&world, &late).await;
    assert_eq!(tail(&world, &mut position).await, [early, late]);
    assert_eq!(tail(&world, &mut position).await, []);
}

async fn a_shipment_s_events_keep_their_order(world: World) {
    if !world.is_postgres() {
        return;
    }
    let shipment = fixtures::shipment(world.tenant.id);
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    tx.commit().await.unwrap();
    let mut position = LogPosition::default();
    // The first transaction gets its number before the second one, but writes about the shipment after it.
    let mut unrelated = fixtures::event(world.tenant.id, None);
    let mut earlier = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut later = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut first = world.begin().await;
    events::append(&mut first, &mut unrelated).await.unwrap();
    let mut second = world.begin().await;
    events::append(&mut second, &mut earlier).await.unwrap();
    second.commit().await.unwrap();
    events::append(&mut first, &mut later).await.unwrap();
    assert_eq!(tail(&world, &mut position).await, []);
    first.commit().await.unwrap();
    assert_eq!((earlier.sequence, later.sequence), (1, 2));
    shown(&world, &later).await;
    assert_eq!(tail(&world, &mut position).await, [unrelated, earlier, later]);
}

async fn many_writers_leave_no_gap(world: World) {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let shared: Vec<_> = (0..3).map(|_| fixtures::shipment(world.tenant.id)).collect();
    let mut tx = world.begin().await;
    for shipment in &shared {
        shipments::insert(&mut tx, shipment).await.unwrap();
    }
    tx.commit().await.unwrap();

    let world = Arc::new(world);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (world, shared) = (world.clone(), shared.clone());
            tokio::spawn(async move {
                for number in 0..EACH {
                    let shipment = &shared[(writer + number) % shared.len()];
                    let mut tx = world.begin().await;
                    let mut event = fixtures::event(world.tenant.id, Some(shipment.id));
                    events::append(&mut tx, &mut event).await.unwrap();
                    tokio::task::yield_now().await;
                    // Some change their mind.
                    if number % 5 != 4 {
                        tx.commit().await.unwrap();
                    }
                }
            })
        })
        .collect();
    // Reads all the while, as a worker does.
    let (mut position, mut seen) = (LogPosition::default(), Vec::new());
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        seen.extend(tail(&world, &mut position).await);
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut last = fixtures::event(world.tenant.id, None);
    let mut tx = world.begin().await;
    events::append(&mut tx, &mut last).await.unwrap();
    tx.commit().await.unwrap();
    shown(&world, &last).await;
    seen.extend(tail(&world, &mut position).await);
    assert_eq!(seen.pop(), Some(last));
    assert_eq!(seen.len(), WRITERS * EACH * 4 / 5);
    let mut sequences: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for event in seen {
        sequences.entry(event.shipment_id).or_default().push(event.sequence);
    }
    for (shipment, sequence) in sequences {
        let wanted: Vec<_> = (1..).take(sequence.len()).collect();
        assert_eq!(sequence, wanted, "{shipment:?}");
    }
}

async fn a_restored_log_goes_on(world: World) {
    let shipment = fixtures::shipment(world.tenant.id);
    let mut before = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut unread = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &shipment).await.unwrap();
    events::append(&mut tx, &mut before).await.unwrap();
    events::append(&mut tx, &mut unread).await.unwrap();
    tx.commit().await.unwrap();
    shown(&world, &unread).await;
    let mut position = LogPosition::default();
    tail(&world, &mut position).await;
    position.number -= 1;
    let mut tx = world.begin_system().await;
    cursors::advance_any_tenant(&mut tx, "webhooks", LogPosition::default(), position).await.unwrap();
    tx.commit().await.unwrap();

    if let Some(url) = &world.url {
        // As if from a dump of a database with more transactions behind it.
        let age = "SET tracklane.scope = 'system'; UPDATE events SET tx = tx + 1000000000000; UPDATE shipments SET log_tx = log_tx + 1000000000000;
                   UPDATE cursors SET tx = tx + 1000000000000";
        admin(url, age.to_owned()).await;
        position.transaction += 1_000_000_000_000;
        tracklane_store::Store::open(url).await.unwrap().close().await;
    }
    let mut after = fixtures::event(world.tenant.id, Some(shipment.id));
    let mut tx = world.begin().await;
    events::append(&mut tx, &mut after).await.unwrap();
    tx.commit().await.unwrap();
    shown(&world, &after).await;
    let mut kept = cursors::get_any_tenant(&mut world.read_system().await, "webhooks").await.unwrap();
    assert_eq!(tail(&world, &mut kept).await, [unread.clone(), after.clone()]);
    assert_eq!(tail(&world, &mut position).await, [unread, after]);
}

async fn cursors_move_forward(world: World) {
    let start = LogPosition::default();
    let (one, two) = (LogPosition { transaction: 7, number: 1 }, LogPosition { transaction: 7, number: 2 });
    let mut tx = world.begin_system().await;
    assert_eq!(cursors::get_any_tenant(&mut tx, "webhooks").await, Ok(start));
    assert_eq!(cursors::find_any_tenant(&mut tx, "webhooks").await, Ok(None));
    assert_eq!(cursors::advance_any_tenant(&mut tx, "new", start, start).await, Ok(true));
    assert_eq!(cursors::find_any_tenant(&mut tx, "new").await, Ok(Some(start)), "it was heard of");
    assert_eq!(cursors::advance_any_tenant(&mut tx, "webhooks", one, two).await, Ok(false));
    assert_eq!(cursors::advance_any_tenant(&mut tx, "webhooks", start, one).await, Ok(true));
    tx.commit().await.unwrap();
    let mut tx = world.begin_system().await;
    // Somebody else was faster.
    assert_eq!(cursors::advance_any_tenant(&mut tx, "webhooks", start, two).await, Ok(false));
    assert_eq!(cursors::advance_any_tenant(&mut tx, "webhooks", one, two).await, Ok(true));
    assert_eq!(cursors::get_any_tenant(&mut tx, "webhooks").await, Ok(two));
    assert_eq!(cursors::get_any_tenant(&mut tx, "live").await, Ok(start));
}

async fn commits_are_announced(world: World) {
    let mut changed = world.store.events_changed();
    let mut tx = world.begin().await;
    events::append(&mut tx, &mut fixtures::event(world.tenant.id, None)).await.unwrap();
    assert!(!changed.has_changed().unwrap());
    tx.commit().await.unwrap();
    assert!(changed.has_changed().unwrap());
    changed.mark_unchanged();
    world.begin().await.commit().await.unwrap();
    let mut tx = world.begin().await;
    events::append(&mut tx, &mut fixtures::event(world.tenant.id, None)).await.unwrap();
    drop(tx);
    assert!(!changed.has_changed().unwrap());
}
