//! What devices did, whether they are heard of, what they raise and measure.

use std::time::Duration;

use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::DeviceId;
use tracklane_core::model::{DutyState, MovementKind, Presence, TenantSettings};
use tracklane_core::position::{Mark, Point};
use tracklane_engine::records::{DeviceFilter, NewDriver, NewTenant};
use tracklane_engine::tracking::{Area, BoundingBox, DeviceRef, Incoming, Movements, RowOutcome};
use tracklane_engine::{Error, Settings};
use tracklane_store::Page;

use crate::kit::{Ground, World, east, fix};
use crate::stage::eventually;

/// Runs each of these tests on both databases, with states saved and devices looked after each second.
macro_rules! each {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(super::world(crate::kit::Ground::new()).await).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::kit::with_postgres(async |ground| {
                        let world = super::world(ground).await;
                        let (engine, store) = (world.engine.clone(), world.engine.base.store.clone());
                        super::$name(world).await;
                        engine.shutdown().await;
                        store.close().await;
                    })
                    .await;
                }
            )*
        }
    };
}

each!(
    an_alarm_is_told_once_and_where,
    an_alarm_is_told_though_nobody_knows_where,
    a_silent_device_is_told_of_once_and_its_return_too,
    a_tenant_says_itself_when_a_device_is_silent_or_stands,
    a_tenant_says_itself_how_late_is_too_late,
    trips_and_stops_are_listed_as_they_end,
    late_positions_change_the_trips,
    readings_come_by_name_and_in_pages,
    who_was_there_is_found_by_box_and_by_zone,
);

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.tracking.checkpoint_seconds = 1;
    settings
}

async fn world(ground: Ground) -> World {
    let engine = ground.start_with(settings()).await;
    World::on(ground, engine).await
}

fn after(world: &World, seconds: i64) -> Timestamp {
    Timestamp::from_second(world.ground.start_time() + seconds).unwrap()
}

/// A row so many seconds after the start, so many metres east.
fn row(world: &World, device: DeviceId, seconds: i64, metres: f64) -> Incoming {
    fix(DeviceRef::Id(device), Some(after(world, seconds)), east(metres))
}

fn with(row: Incoming, attributes: Value) -> Incoming {
    let Value::Object(attributes) = attributes else { panic!("{attributes} is no object") };
    Incoming { attributes, ..row }
}

async fn send(world: &World, rows: Vec<Incoming>) {
    world.engine.tracking.submit(&world.boss, rows).await.unwrap();
}

async fn told(world: &World, kinds: &[EventKind]) -> Vec<Event> {
    world.log().await.into_iter().filter(|event| kinds.contains(&event.kind)).collect()
}

async fn an_alarm_is_told_once_and_where(world: World) {
    let driver = world.driver("Ana").await.id;
    let device = world.device("van", Some(driver)).await.id;
    world.ground.pass(2_000);
    let sos = |seconds, metres| with(row(&world, device, seconds, metres), json!({ "alarm": "sos" }));
    send(&world, vec![row(&world, device, 1_000, 0.0), sos(1_010, 10.0), sos(1_020, 20.0)]).await;
    send(&world, vec![sos(1_030, 30.0), row(&world, device, 1_040, 40.0), sos(1_050, 50.0)]).await;
    // Over, and raised again; what comes with it is not believed.
    let mut blind = sos(1_200, 90_000.0);
    blind.fix.as_mut().unwrap().valid = false;
    send(&world, vec![row(&world, device, 1_150, 60.0), blind.clone()]).await;
    // From long before, told late.
    send(&world, vec![with(row(&world, device, 500, 0.0), json!({ "alarm": "door,sos" }))]).await;
    // A duplicate says nothing new.
    send(&world, vec![blind]).await;

    let events = told(&world, &[EventKind::DeviceAlarm]).await;
    let said = |event: &Event| {
        let seconds = event.occurred_at.as_second() - world.ground.start_time();
        let word = event.data["alarm"].as_str().unwrap_or_default().to_owned();
        (seconds, word, event.data["late"] == true, event.data["alert"] == true)
    };
    let expected = [
        (1_010, "sos", false, false),
        (1_200, "sos", false, true),
        (500, "door", true, false),
        (500, "sos", true, false),
    ];
    let expected: Vec<_> = expected.map(|(at, word, late, alert)| (at, word.to_owned(), late, alert)).into();
    assert_eq!(events.iter().map(said).collect::<Vec<_>>(), expected);
    assert!(events.iter().all(|event| (event.device_id, event.driver_id) == (Some(device), Some(driver))));
    assert_eq!(events[1].data["mark"], "invalid");
    let near = events[1].data["point"]["lon"].as_f64().unwrap();
    assert!((near - east(60.0).lon).abs() < 1e-6, "the last place that is believed");
    let status = world.engine.tracking.status(&world.boss, device).unwrap();
    assert_eq!((status.state, status.alarms), (Presence::Online, vec!["sos".to_owned()]));
    assert_eq!(world.engine.tracking.stats().snapshot().alarms, 4);
}

async fn an_alarm_is_told_though_nobody_knows_where(world: World) {
    let device = world.device("van", None).await.id;
    let blind = |seconds, attributes| Incoming { fix: None, ..with(row(&world, device, seconds, 0.0), attributes) };
    world.ground.pass(50);
    let rows = vec![blind(10, json!({ "alarm": "sos" })), blind(20, json!({ "alarm": "sos" })), blind(30, json!({}))];
    let outcomes = world.engine.tracking.submit(&world.boss, rows).await.unwrap();
    let told_of = RowOutcome::Marked(Mark::NoFix);
    assert_eq!(outcomes[..2], [told_of.clone(), told_of]);
    assert!(matches!(outcomes[2], RowOutcome::Rejected(_)), "it raises nothing, and says no place");
    let alarms = told(&world, &[EventKind::DeviceAlarm]).await;
    assert_eq!(alarms.len(), 1, "once");
    assert_eq!((&alarms[0].data["alarm"], &alarms[0].data["point"]), (&json!("sos"), &Value::Null));
    assert_eq!(alarms[0].occurred_at, after(&world, 10));
    let kept = world.engine.tracking.history(&world.boss, device, after(&world, 0), after(&world, 99), 10, true).await;
    assert_eq!(kept.unwrap(), [], "there is no place that history could keep");
    assert_eq!(world.engine.tracking.status(&world.boss, device).unwrap().alarms, ["sos"]);
    // Once it has said where it is, everything is as ever.
    send(&world, vec![row(&world, device, 40, 500.0), blind(50, json!({ "alarm": "sos,door" }))]).await;
    let alarms = told(&world, &[EventKind::DeviceAlarm]).await;
    assert_eq!(alarms.len(), 2);
    assert_eq!(alarms[1].data["alarm"], "door");
    assert!(alarms[1].data["point"]["lon"].is_number());
}

async fn a_silent_device_is_told_of_once_and_its_return_too(world: World) {
    let ana = world.driver("Ana").await;
    let van = world.device("van", None).await.id;
    world.ground.pass(1);
    let phone = world.device("phone", Some(ana.id)).await.id;
    let never = world.device("never", None).await.id;
    send(&world, vec![row(&world, van, 0, 0.0), row(&world, phone, 0, 0.0)]).await;
    let duty = NewDriver { duty: DutyState::OffDuty, ..NewDriver::from(&ana) };
    world.engine.records.drivers.update(&world.boss, ana.id, ana.version, duty).await.unwrap();
    let list = async |state| {
        let filter = DeviceFilter { state: Some(state), ..DeviceFilter::default() };
        let found = world.engine.records.devices.list(&world.boss, &filter, Page::first(10)).await.unwrap();
        found.items.into_iter().map(|device| device.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Presence::Online).await, [phone, van]);
    assert_eq!(list(Presence::Unknown).await, [never]);
    assert_eq!(list(Presence::Offline).await, []);
    let filter = DeviceFilter { state: Some(Presence::Online), ..DeviceFilter::default() };
    let first = world.engine.records.devices.list(&world.boss, &filter, Page::first(1)).await.unwrap();
    let second = Page { after: first.next, limit: 1 };
    let second = world.engine.records.devices.list(&world.boss, &filter, second).await.unwrap();
    assert_eq!((second.items[0].id, second.next), (van, None), "pages of one");

    world.ground.pass(902);
    let kinds = [EventKind::DeviceOffline, EventKind::DeviceOnline];
    let events = eventually("the van to be told of", async || {
        let events = told(&world, &kinds).await;
        (!events.is_empty()).then_some(events)
    })
    .await;
    assert_eq!((events.len(), events[0].kind, events[0].device_id), (1, EventKind::DeviceOffline, Some(van)));
    assert_eq!(list(Presence::Offline).await, [phone, van], "off duty is silent, too, and not told of");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(told(&world, &kinds).await.len(), 1, "told once");

    send(&world, vec![row(&world, van, 890, 0.0), row(&world, van, 900, 0.0)]).await;
    let events = told(&world, &kinds).await;
    assert_eq!((events.len(), events[1].kind), (2, EventKind::DeviceOnline));
    assert_eq!(events[1].data["heard_at"], json!(after(&world, 1)));
    assert_eq!(world.engine.tracking.status(&world.boss, van).unwrap().state, Presence::Idle);
}

async fn a_tenant_says_itself_when_a_device_is_silent_or_stands(world: World) {
    let tenants = &world.engine.records.tenants;
    let own = tenants.own(&world.boss).await.unwrap();
    let set = async |version, offline_seconds, idle_seconds| {
        let settings = TenantSettings { offline_seconds, idle_seconds, ..own.settings.clone() };
        let input = NewTenant { settings, ..NewTenant::from(&own) };
        tenants.update(&world.boss, version, input).await.unwrap().version
    };
    let van = world.device("van", None).await.id;
    let state = || world.engine.tracking.status(&world.boss, van).unwrap().state;
    world.ground.pass(200);
    send(&world, (0..20).map(|turn| row(&world, van, turn * 10, 0.0)).collect()).await;
    assert_eq!(state(), Presence::Online);
    let version = set(own.version, Some(30), Some(10)).await;
    world.ground.pass(60);
    assert_eq!(state(), Presence::Offline);
    let kinds = [EventKind::DeviceOffline];
    eventually("the van to be told of", async || (told(&world, &kinds).await.len() == 1).then_some(())).await;
    let version = set(version, Some(500), Some(10)).await;
    assert_eq!(state(), Presence::Idle);
    set(version, None, None).await;
    assert_eq!(state(), Presence::Online, "as the server is set");
}

/// A fix that is four minutes late enters a zone where the tenant waits so long.
async fn a_tenant_says_itself_how_late_is_too_late(world: World) {
    let centre = east(1_000.0);
    let zone = json!({ "name": "Depot", "radius_m": 200,
        "geometry": { "type": "Point", "coordinates": [centre.lon, centre.lat] } });
    let zone = serde_json::from_value(zone).unwrap();
    world.engine.records.zones.create(&world.boss, zone).await.unwrap();
    let tenants = &world.engine.records.tenants;
    let own = tenants.own(&world.boss).await.unwrap();
    let kinds = [EventKind::ZoneEntered, EventKind::ZoneExited];
    for (window, expected) in [(None, 0), (Some(600), 2)] {
        let current = tenants.own(&world.boss).await.unwrap();
        let settings = TenantSettings { reorder_window_seconds: window, ..own.settings.clone() };
        let input = NewTenant { settings, ..NewTenant::from(&own) };
        tenants.update(&world.boss, current.version, input).await.unwrap();
        let van = world.device(&format!("van-{expected}"), None).await.id;
        world.ground.pass(3_600);
        let now = world.ground.now().as_second() - world.ground.start_time();
        let at = |ago: i64, metres| row(&world, van, now - ago, metres);
        send(&world, vec![at(400, 0.0), at(350, 0.0), at(60, 0.0), at(0, 0.0)]).await;
        send(&world, vec![at(300, 1_000.0), at(290, 1_000.0), at(280, 1_000.0), at(100, 0.0)]).await;
        let found = told(&world, &kinds).await;
        assert_eq!(found.len(), expected, "{window:?}");
        assert!(found.iter().all(|event| event.data["late"] == true));
    }
}

/// Five minutes on the way, five at a door, five on the way; the clock is an hour later.
async fn drive(world: &World) -> DeviceId {
    let device = world.device("van", None).await.id;
    world.ground.pass(3_600);
    let way = |from: i64, metres: f64| (0..30).map(move |n| (from + n * 10, metres + n as f64 * 100.0));
    let stand = (0..=30).map(|n| (300 + n * 10, 3_000.0 + (n % 5) as f64 * 7.0));
    let track = way(0, 0.0).chain(stand).chain(way(610, 3_100.0));
    send(world, track.map(|(at, metres)| row(world, device, at, metres)).collect()).await;
    device
}

async fn all(world: &World, device: DeviceId) -> Movements {
    let span = (after(world, -10_000), after(world, 10_000));
    world.engine.tracking.movements(&world.boss, device, &[], span, 100).await.unwrap()
}

/// Kinds with seconds after the start, what goes on last.
fn spans(world: &World, movements: &Movements) -> Vec<(MovementKind, i64, i64)> {
    let second = |at: Timestamp| at.as_second() - world.ground.start_time();
    let every = movements.ended.iter().chain(&movements.ongoing);
    every.map(|one| (one.kind, second(one.started_at), second(one.ended_at))).collect()
}

use MovementKind::{Gap, Stop, Trip};

async fn trips_and_stops_are_listed_as_they_end(world: World) {
    let device = drive(&world).await;
    let whole = [(Trip, 0, 300), (Stop, 300, 600), (Trip, 600, 900)];
    assert_eq!(spans(&world, &all(&world, device).await), whole);
    // In the store, and not in memory alone, they are the same.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let movements = all(&world, device).await;
    assert_eq!(spans(&world, &movements), whole);
    assert!((movements.ended[0].distance_m - 3_000.0).abs() < 1.0);
    assert_eq!(movements.ended[1].start, movements.ended[1].end);
    let tracking = &world.engine.tracking;
    let span = (after(&world, 0), after(&world, 1_000));
    let stops = tracking.movements(&world.boss, device, &[Stop], span, 10).await.unwrap();
    assert_eq!(spans(&world, &stops), [(Stop, 300, 600)]);
    let early = (after(&world, 0), after(&world, 300));
    let early = tracking.movements(&world.boss, device, &[], early, 10).await.unwrap();
    assert_eq!(spans(&world, &early), [(Trip, 0, 300)]);
    let one = tracking.movements(&world.boss, device, &[], span, 1).await.unwrap();
    assert_eq!((spans(&world, &one), one.has_more), (vec![(Trip, 0, 300)], true));
    let stranger = world.other().await;
    let foreign = tracking.movements(&stranger, device, &[], span, 1).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
    // A long silence, and then elsewhere.
    world.ground.pass(10_000);
    send(&world, vec![row(&world, device, 9_000, 50_000.0), row(&world, device, 9_010, 50_100.0)]).await;
    let found = spans(&world, &all(&world, device).await);
    assert_eq!(found[2..], [(Trip, 600, 900), (Gap, 900, 9_000), (Trip, 9_000, 9_010)]);
}

async fn late_positions_change_the_trips(world: World) {
    let device = drive(&world).await;
    let expected = spans(&world, &all(&world, device).await);
    // Of another device the middle comes late: the way to the door and half of the time there.
    let late = world.device("late", None).await.id;
    let way = |from: i64, metres: f64| (0..30).map(move |n| (from + n * 10, metres + n as f64 * 100.0));
    let stand = (0..=30).map(|n| (300 + n * 10, 3_000.0 + (n % 5) as f64 * 7.0));
    let track: Vec<(i64, f64)> = way(0, 0.0).chain(stand).chain(way(610, 3_100.0)).collect();
    let is_late = |at: i64| (100..450).contains(&at);
    let rows = |wanted: bool| {
        let some = track.iter().filter(move |(at, _)| is_late(*at) == wanted);
        some.map(|(at, metres)| row(&world, late, *at, *metres)).collect::<Vec<_>>()
    };
    send(&world, rows(false)).await;
    let before = spans(&world, &all(&world, late).await);
    assert_ne!(before, expected);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    send(&world, rows(true)).await;
    // A jump among those that come late is seen now that its neighbours are known.
    send(&world, vec![row(&world, late, 205, 80_000.0)]).await;
    eventually("the trips to be done again", async || {
        let found = all(&world, late).await;
        (spans(&world, &found) == expected).then_some(())
    })
    .await;
    let trip = &all(&world, late).await.ended[0];
    assert!((trip.distance_m - 3_000.0).abs() < 1.0, "{}", trip.distance_m);
}

async fn readings_come_by_name_and_in_pages(world: World) {
    let device = world.device("van", None).await.id;
    world.ground.pass(100);
    let said =
        |n: i64| with(row(&world, device, n, n as f64), json!({ "battery_percent": 90 - n, "temperature_c": 4.5 }));
    send(&world, (0..10).map(said).collect()).await;
    let tracking = &world.engine.tracking;
    let span = (after(&world, 0), after(&world, 50));
    // What comes without a place is kept where the device last was, and not believed to be there.
    let mut blind = with(row(&world, device, 60, 0.0), json!({ "fuel_l": 33 }));
    blind.fix = None;
    assert_eq!(world.engine.tracking.submit_one(&world.boss, blind).await.unwrap(), RowOutcome::Marked(Mark::NoFix));
    let mut unknown = fix(DeviceRef::Id(world.device("new", None).await.id), None, east(0.0));
    unknown.fix = None;
    let refused = world.engine.tracking.submit_one(&world.boss, unknown).await.unwrap();
    assert!(matches!(refused, RowOutcome::Rejected(_)), "{refused:?}");
    let fuel = (after(&world, 60), after(&world, 61));
    let fuel = world.engine.tracking.readings(&world.boss, device, &[], fuel, 10).await.unwrap();
    assert_eq!((fuel.items[0].name.as_str(), &fuel.items[0].value), ("fuel_l", &json!(33)));
    let names = ["battery_percent".to_owned()];
    let first = tracking.readings(&world.boss, device, &names, span, 4).await.unwrap();
    let values = |readings: &[tracklane_engine::tracking::Reading]| -> Vec<i64> {
        readings.iter().map(|reading| reading.value.as_i64().unwrap()).collect()
    };
    assert_eq!(values(&first.items), [90, 89, 88, 87]);
    let rest = tracking.readings(&world.boss, device, &names, (first.next.unwrap(), span.1), 100).await.unwrap();
    assert_eq!((values(&rest.items), rest.next), ((81..=86).rev().collect(), None));
    let every = tracking.readings(&world.boss, device, &[], span, 100).await.unwrap();
    assert_eq!(every.items.len(), 20);
    assert_eq!((every.items[1].name.as_str(), &every.items[1].value), ("temperature_c", &json!(4.5)));
}

async fn who_was_there_is_found_by_box_and_by_zone(world: World) {
    let mut devices = Vec::new();
    for name in ["a", "b", "c"] {
        devices.push(world.device(name, None).await.id);
        world.ground.pass(300);
    }
    for (number, device) in devices.iter().enumerate() {
        // The first one never comes near; the others pass through.
        let start = if number == 0 { -50_000.0 } else { 0.0 };
        send(&world, (0..20).map(|n| row(&world, *device, n * 10, start + n as f64 * 100.0)).collect()).await;
    }
    // A jump into the area does not count.
    send(&world, vec![row(&world, devices[0], 250, 1_000.0)]).await;
    let centre = east(1_000.0);
    let zone = json!({ "name": "Depot", "radius_m": 250, "geometry": { "type": "Point", "coordinates": [centre.lon, centre.lat] } });
    let zone = world.engine.records.zones.create(&world.boss, serde_json::from_value(zone).unwrap()).await.unwrap();
    let box_of = |from: Point, to: Point| BoundingBox { west: from.lon, south: 41.1, east: to.lon, north: 41.2 };
    let tracking = &world.engine.tracking;
    let span = (after(&world, 0), after(&world, 1_000));
    for area in [Area::Zone(zone.id), Area::Box(box_of(east(750.0), east(1_250.0)))] {
        let found = tracking.search(&world.boss, area, span, 10, None).await.unwrap();
        let seconds = |at: Timestamp| at.as_second() - world.ground.start_time();
        let found: Vec<_> = found
            .items
            .iter()
            .map(|one| (one.device_id, seconds(one.first_at), seconds(one.last_at), one.positions))
            .collect();
        assert_eq!(found, [(devices[1], 80, 120, 5), (devices[2], 80, 120, 5)], "{area:?}");
        let first = tracking.search(&world.boss, area, span, 1, None).await.unwrap();
        let cursor = first.next.unwrap().to_string().parse().unwrap();
        let second = tracking.search(&world.boss, area, span, 1, Some(cursor)).await.unwrap();
        assert_eq!((first.items.len(), second.items.len()), (1, 1));
        assert_eq!((second.items[0].device_id, second.next), (devices[2], None));
    }
    let stranger = world.other().await;
    let everywhere = Area::Box(BoundingBox { west: -180.0, south: -90.0, east: 180.0, north: 90.0 });
    assert_eq!(tracking.search(&stranger, everywhere, span, 10, None).await.unwrap().items, []);
    let foreign = tracking.search(&stranger, Area::Zone(zone.id), span, 10, None).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
}
