//! Zones with rules: what is told, when, and that nothing is told twice.

use serde_json::{Value, json};
use tracklane_core::event::Event;
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::position::Point;
use tracklane_engine::records::NewZone;
use tracklane_engine::tracking::{DeviceRef, RowOutcome};

use crate::kit::{World, each, east, fix};

each!(
    entry_dwell_and_exit_are_dated_to_the_edge,
    noise_at_the_edge_tells_nothing,
    an_edited_or_uploaded_zone_is_never_an_entry,
    a_schedule_tells_only_what_happens_in_its_hours,
    speeding_is_told_once_it_lasts,
    a_corridor_is_entered_and_left,
    zones_at_the_antimeridian_and_the_pole,
    a_passage_is_told_where_a_zone_asks_for_it,
    a_late_fix_tells_what_it_proves_and_nothing_twice,
    a_batch_in_reverse_order_one_by_one_is_the_same_in_the_end,
    what_is_older_than_the_window_tells_nothing,
    what_was_told_stands_when_a_late_fix_contradicts_it,
    an_old_crossing_alerts_nobody,
);

/// Sends a fix that was taken so many seconds ago.
async fn ago(world: &World, device: DeviceId, seconds: i64, point: Point) -> RowOutcome {
    let at = world.ground.now() - jiff::SignedDuration::from_secs(seconds);
    let row = fix(DeviceRef::Id(device), Some(at), point);
    world.engine.tracking.submit_one(&world.boss, row).await.unwrap()
}

async fn told(world: &World, zone: ZoneId) -> Vec<Event> {
    world.log().await.into_iter().filter(|event| event.zone_id == Some(zone)).collect()
}

/// What was told, and how many seconds after the clock began it happened.
async fn story(world: &World, zone: ZoneId) -> Vec<(String, i64)> {
    let start = world.ground.start_time();
    let line = |event: Event| {
        let after = (event.occurred_at.as_microsecond() as f64 / 1e6).round() as i64 - start;
        (event.kind.as_str().to_owned(), after)
    };
    told(world, zone).await.into_iter().map(line).collect()
}

fn lines(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(kind, at)| (format!("zone.{kind}"), *at)).collect()
}

async fn entry_dwell_and_exit_are_dated_to_the_edge(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "dwell_s": 60 } })).await;
    let phone = world.device("phone", None).await.id;
    // In at 800 m (half-way between 10 and 20 s), out at 1,200 m (half-way between 90 and 100 s).
    world.go(phone, &[700.0, 900.0, 950.0, 1_000.0, 1_000.0, 1_000.0, 1_000.0, 1_050.0, 1_100.0]).await;
    world.go(phone, &[1_300.0, 1_400.0]).await;
    assert_eq!(story(&world, zone.id).await, lines(&[("entered", 15), ("dwelled", 75), ("exited", 95)]));
    let told = told(&world, zone.id).await;
    let data: Vec<_> = told.iter().map(|event| &event.data).collect();
    assert_eq!((&data[1]["inside_s"], &data[2]["inside_s"]), (&json!(60), &json!(80)));
    assert!(data.iter().all(|data| data["late"] == json!(false) && data["alert"] == json!(true)));
    assert!(data.iter().all(|data| data["zone_name"] == json!("Depot") && data["inferred"] == json!(false)));
    // Two fixes confirm: the entry was proved by the second one inside.
    assert_eq!(
        told[0].data["proved_at"],
        json!((world.ground.now() - jiff::SignedDuration::from_secs(80)).to_string())
    );
}

async fn noise_at_the_edge_tells_nothing(world: World) {
    let zone = world.zone(1_000.0, json!({})).await;
    let phone = world.device("phone", None).await.id;
    let wobble = [790.0, 812.0, 795.0, 825.0, 780.0, 805.0, 821.0, 799.0, 815.0, 788.0];
    world.go(phone, &[500.0, 700.0]).await;
    world.go(phone, &wobble).await;
    world.go(phone, &[900.0, 1_000.0]).await;
    world.go(phone, &wobble).await;
    world.go(phone, &[1_000.0, 900.0, 700.0, 500.0]).await;
    let kinds: Vec<_> = story(&world, zone.id).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["zone.entered", "zone.exited"]);
}

async fn an_edited_or_uploaded_zone_is_never_an_entry(world: World) {
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[1_000.0, 1_010.0]).await;
    let zone = world.zone(1_000.0, json!({})).await;
    world.go(phone, &[1_000.0, 1_005.0, 1_000.0]).await;
    let records = &world.engine.records.zones;
    // The same again, then another shape that holds it too, then another name.
    let mut zone = records.update(&world.boss, zone.id, zone.version, NewZone::from(&zone)).await.unwrap();
    world.go(phone, &[1_000.0, 1_005.0]).await;
    for change in [json!({ "radius_m": 300.0 }), json!({ "name": "Yard" })] {
        let mut input = serde_json::to_value(NewZone::from(&zone)).unwrap();
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let input = serde_json::from_value(input).unwrap();
        zone = records.update(&world.boss, zone.id, zone.version, input).await.unwrap();
        world.go(phone, &[1_000.0, 1_005.0]).await;
    }
    assert_eq!(story(&world, zone.id).await, []);
    // It leaves the zone as it is drawn now, under the name that it has now. Nobody saw it go in.
    world.go(phone, &[1_250.0, 1_400.0, 1_500.0]).await;
    let told = told(&world, zone.id).await;
    assert_eq!(told.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["zone.exited"]);
    assert_eq!((&told[0].data["zone_name"], told[0].data.get("inside_s")), (&json!("Yard"), None));
    // Deleted while it is inside: nothing is told.
    world.go(phone, &[1_000.0, 1_000.0]).await;
    world.engine.records.zones.delete(&world.boss, zone.id, None).await.unwrap();
    let before = world.log().await.len();
    world.go(phone, &[1_500.0, 1_600.0, 1_700.0]).await;
    assert_eq!(world.log().await.len(), before);
}

async fn a_schedule_tells_only_what_happens_in_its_hours(world: World) {
    // The clock begins on Sunday, 2026-03-01, 08:00 UTC.
    let hours = |days: Value, from: &str, until: &str| {
        json!({ "name": "Yard", "schedule": { "time_zone": "Europe/Lisbon",
            "windows": [{ "days": days, "from": from, "until": until }] } })
    };
    let open = world.zone(1_000.0, hours(json!(["sun"]), "07:00", "08:05")).await;
    let shut = world.zone(1_000.0, hours(json!(["mon", "tue"]), "00:00", "24:00")).await;
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[700.0, 900.0, 1_000.0]).await;
    world.ground.pass(600);
    // The window is over: it was inside all the time, and its exit is not told.
    world.go(phone, &[1_000.0, 1_300.0, 1_400.0]).await;
    assert_eq!(story(&world, open.id).await, lines(&[("entered", 15)]));
    assert_eq!(story(&world, shut.id).await, []);
}

async fn speeding_is_told_once_it_lasts(world: World) {
    let zone = world.zone(1_000.0, json!({ "speed_limit": { "limit_mps": 8.0, "for_s": 15 } })).await;
    let phone = world.device("phone", None).await.id;
    let speeds = [20.0, 20.0, 20.0, 7.0, 9.0, 10.0, 12.0, 11.0, 3.0];
    for (number, speed) in speeds.iter().enumerate() {
        world.ground.pass(10);
        let mut row = fix(DeviceRef::Id(phone), None, east(700.0 + 100.0 * number.min(4) as f64));
        row.fix.as_mut().unwrap().speed_mps = Some(*speed);
        world.engine.tracking.submit_one(&world.boss, row).await.unwrap();
    }
    let told = told(&world, zone.id).await;
    let speeding: Vec<_> = told.iter().filter(|event| event.kind.as_str() == "zone.speeding").collect();
    assert_eq!(speeding.len(), 1, "{told:?}");
    assert_eq!(speeding[0].occurred_at.as_second() - world.ground.start_time(), 50);
    assert_eq!(speeding[0].data["speeding"], json!({ "limit_mps": 8.0, "peak_mps": 12.0 }));
}

async fn a_corridor_is_entered_and_left(world: World) {
    let (from, to) = (east(2_000.0), east(4_000.0));
    let line = json!({ "type": "LineString", "coordinates": [[from.lon, from.lat], [to.lon, to.lat]] });
    let corridor = json!({ "name": "Road", "geometry": line, "radius_m": null, "width_m": 200 });
    let zone = world.zone(1_000.0, corridor).await;
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[1_600.0, 1_800.0, 2_000.0, 2_200.0, 3_000.0, 3_800.0, 4_000.0, 4_200.0, 4_400.0]).await;
    // Its ends are round: in at 1,900 m, out at 4,100 m.
    assert_eq!(story(&world, zone.id).await, lines(&[("entered", 25), ("exited", 75)]));
}

async fn zones_at_the_antimeridian_and_the_pole(world: World) {
    let part =
        |west: f64, east: f64| json!([[[west, -0.01], [east, -0.01], [east, 0.01], [west, 0.01], [west, -0.01]]]);
    let parts = json!([part(179.99, 180.0), part(-180.0, -179.99)]);
    let across =
        json!({ "name": "Date line", "radius_m": null, "geometry": { "type": "MultiPolygon", "coordinates": parts } });
    let across = world.zone(1_000.0, across).await;
    let round = world
        .zone(1_000.0, json!({ "radius_m": 1000, "geometry": { "type": "Point", "coordinates": [180, 0] } }))
        .await;
    let ring = json!([[-180, 89.99], [0, 89.99], [180, 89.99], [180, 90], [-180, 90], [-180, 89.99]]);
    let cap = json!({ "name": "Pole", "radius_m": null, "geometry": { "type": "Polygon", "coordinates": [ring] } });
    let cap = world.zone(1_000.0, cap).await;
    let (ship, sledge) = (world.device("ship", None).await.id, world.device("sledge", None).await.id);
    let visit = async |device: DeviceId, points: &[(f64, f64)]| {
        for (lat, lon) in points {
            world.ground.pass(60);
            world.at(device, Point { lat: *lat, lon: *lon }).await;
        }
    };
    visit(ship, &[(0.0, 179.98), (0.0, 179.985), (0.0, 179.995), (0.0, -179.998), (0.0, -179.992)]).await;
    visit(ship, &[(0.0, -179.985), (0.0, -179.98)]).await;
    visit(sledge, &[(89.98, 30.0), (89.985, 30.0), (89.995, 30.0), (90.0, 30.0), (89.995, -150.0)]).await;
    visit(sledge, &[(89.985, -150.0), (89.98, -150.0)]).await;
    for zone in [across.id, round.id, cap.id] {
        let kinds: Vec<_> = story(&world, zone).await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["zone.entered", "zone.exited"], "{zone}");
    }
    assert_eq!(story(&world, across.id).await, lines(&[("entered", 150), ("exited", 317)]));
}

async fn a_passage_is_told_where_a_zone_asks_for_it(world: World) {
    let asks = world.zone(1_000.0, json!({ "rules": { "pass_through": true } })).await;
    let silent = world.zone(1_000.0, json!({ "name": "Yard" })).await;
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[500.0, 1_500.0, 1_600.0]).await;
    assert_eq!(story(&world, asks.id).await, lines(&[("entered", 13), ("exited", 17)]));
    assert!(told(&world, asks.id).await.iter().all(|event| event.data["inferred"] == json!(true)));
    assert_eq!(story(&world, silent.id).await, []);
}

async fn a_late_fix_tells_what_it_proves_and_nothing_twice(world: World) {
    let zone = world.zone(1_000.0, json!({})).await;
    let phone = world.device("phone", None).await.id;
    // One fix inside proves nothing; the second one comes late.
    world.go(phone, &[500.0, 600.0, 900.0, 1_300.0, 1_400.0]).await;
    assert_eq!(story(&world, zone.id).await, []);
    let newest =
        world.engine.tracking.latest(&world.boss, &tracklane_engine::tracking::LatestFilter::default()).unwrap();
    assert_eq!(ago(&world, phone, 15, east(1_050.0)).await, RowOutcome::Late);
    // In at 800 m: two thirds between 20 and 30 s; out between 35 s (1,050 m) and 40 s (1,300 m).
    assert_eq!(story(&world, zone.id).await, lines(&[("entered", 27), ("exited", 38)]));
    let told_first = told(&world, zone.id).await;
    assert!(told_first.iter().all(|event| event.data["late"] == json!(true) && event.data["alert"] == json!(true)));
    let still =
        world.engine.tracking.latest(&world.boss, &tracklane_engine::tracking::LatestFilter::default()).unwrap();
    assert_eq!(still, newest, "now never moves back");
    // More late fixes, and the same again: nothing new.
    assert_eq!(ago(&world, phone, 17, east(1_000.0)).await, RowOutcome::Late);
    assert_eq!(ago(&world, phone, 15, east(1_050.0)).await, RowOutcome::Duplicate);
    world.go(phone, &[1_500.0, 1_600.0]).await;
    assert_eq!(told(&world, zone.id).await, told_first);
    world.go(phone, &[1_100.0, 1_000.0]).await;
    assert_eq!(told(&world, zone.id).await.len(), 3);
}

async fn a_batch_in_reverse_order_one_by_one_is_the_same_in_the_end(world: World) {
    let zone = world.zone(1_000.0, json!({})).await;
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[400.0]).await;
    world.ground.pass(100);
    // Taken at 20, 30, .. 100 s; the newest comes first.
    let way = [500.0, 600.0, 700.0, 900.0, 1_000.0, 1_100.0, 1_300.0, 1_400.0, 1_500.0];
    for (number, metres) in way.iter().enumerate().rev() {
        ago(&world, phone, 90 - 10 * number as i64, east(*metres)).await;
    }
    let mut story = story(&world, zone.id).await;
    story.sort_by_key(|(_, at)| *at);
    let kinds: Vec<_> = story.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["zone.entered", "zone.exited"], "{story:?}");
    // The times are those of what was known when it was told: within the window of the truth (45 and 75 s).
    assert!((story[0].1 - 45).abs() <= 30 && (story[1].1 - 75).abs() <= 30, "{story:?}");
}

async fn what_is_older_than_the_window_tells_nothing(world: World) {
    let zone = world.zone(1_000.0, json!({})).await;
    let phone = world.device("phone", None).await.id;
    let mut metres = vec![500.0, 900.0];
    metres.extend([1_300.0; 40]);
    world.go(phone, &metres).await;
    assert_eq!(ago(&world, phone, 395, east(1_000.0)).await, RowOutcome::Late);
    assert_eq!(story(&world, zone.id).await, []);
    // It is in history all the same.
    let (start, now) = (world.ground.start_time(), world.ground.now());
    let from = tracklane_core::Timestamp::from_second(start).unwrap();
    let kept = world.engine.tracking.history(&world.boss, phone, from, now, 100, true).await.unwrap();
    assert_eq!(kept.len(), 42);
}

async fn what_was_told_stands_when_a_late_fix_contradicts_it(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "enter": { "fixes": 2, "seconds": 20 } } })).await;
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[500.0, 900.0, 1_000.0, 1_100.0, 1_100.0]).await;
    let entered = story(&world, zone.id).await;
    assert_eq!(entered.len(), 1);
    // It was outside in between, so it had not been inside for twenty seconds then.
    assert_eq!(ago(&world, phone, 25, east(1_450.0)).await, RowOutcome::Late);
    assert_eq!(story(&world, zone.id).await, entered);
    // What follows goes on from what was told: one exit, no second entry.
    world.go(phone, &[1_100.0, 1_000.0, 1_400.0, 1_500.0]).await;
    let kinds: Vec<_> = story(&world, zone.id).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["zone.entered", "zone.exited"]);
}

async fn an_old_crossing_alerts_nobody(world: World) {
    let zone = world.zone(1_000.0, json!({})).await;
    let phone = world.device("phone", None).await.id;
    // A phone that was without a network for an hour sends everything at once.
    world.ground.pass(3_600);
    let now = world.ground.now();
    let row = |seconds: i64, metres: f64| {
        fix(DeviceRef::Id(phone), Some(now - jiff::SignedDuration::from_secs(seconds)), east(metres))
    };
    let rows = vec![row(3_000, 500.0), row(2_900, 900.0), row(2_800, 1_000.0), row(20, 1_300.0), row(10, 1_400.0)];
    world.engine.tracking.submit(&world.boss, rows).await.unwrap();
    let told = told(&world, zone.id).await;
    let flags: Vec<_> = told.iter().map(|event| (&event.data["late"], &event.data["alert"])).collect();
    assert_eq!(told.len(), 2);
    // The exit lies between 2,800 and 20 s ago: the edge was passed nearer to the first.
    assert_eq!(flags, [(&json!(true), &json!(false)), (&json!(true), &json!(false))]);
}
