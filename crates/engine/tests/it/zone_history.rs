//! Questions about zones and the past, and many zones at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::model::{Presence, Role};
use tracklane_core::position::Point;
use tracklane_engine::Error;
use tracklane_engine::records::{ImportOutcome, ImportWords, NewZone, read_geojson, read_kml};
use tracklane_engine::tracking::{DeviceRef, Untold, VisitsQuery, ZoneOccupant};
use tracklane_geo::Shape;
use tracklane_geo::visit::{self, Rules, Travel, ZoneFix, replay};

use crate::kit::{World, each, east, fix};

each!(
    visits_are_computed_anew_from_what_is_known_now,
    who_is_inside_now_is_told_however_long_ago_it_went_in,
    an_explanation_says_what_held_an_event_back,
    an_explanation_says_why_something_was_not_told,
    a_clock_that_is_ahead_is_dated_alike_by_all,
    an_import_reports_row_by_row,
    an_import_of_kml_makes_corridors_and_circles,
    other_roles_ask_nothing,
);

fn period(world: &World, device_id: Option<DeviceId>) -> VisitsQuery {
    let from = Timestamp::from_second(world.ground.start_time()).unwrap();
    let to = from + jiff::SignedDuration::from_secs(86_400);
    VisitsQuery { from, to, device_id, after: None, limit: 10 }
}

async fn visits_are_computed_anew_from_what_is_known_now(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let (one, two) = (world.device("one", None).await.id, world.device("two", None).await.id);
    world.go(one, &[500.0, 700.0, 900.0, 1_000.0, 1_100.0, 1_300.0, 1_400.0]).await;
    world.go(two, &[1_000.0, 1_000.0, 1_300.0, 1_400.0, 1_600.0]).await;
    let mut late = vec![];
    for (seconds, metres) in [(3_000, 1_300.0), (3_010, 1_000.0), (3_020, 1_000.0), (3_030, 1_300.0), (3_040, 1_400.0)]
    {
        let at = Timestamp::from_second(world.ground.start_time() + seconds).unwrap();
        late.push(fix(DeviceRef::Id(one), Some(at), east(metres)));
    }
    world.ground.pass(8_000);
    world.at(one, east(3_000.0)).await;
    let before = world.log().await.len();
    world.ground.pass(1);
    // Far older than the window: history alone.
    world.engine.tracking.submit(&world.boss, late).await.unwrap();
    assert_eq!(world.log().await.len(), before);

    let found = world.engine.tracking.zone_visits(&world.boss, zone, period(&world, None)).await.unwrap();
    assert_eq!((found.next_cursor, found.incomplete.len()), (None, 0));
    let visits = |device| found.visits.iter().filter(move |visit| visit.device_id == device);
    let told: Vec<_> = visits(one).map(|visit| (visit.entered_at.is_some(), visit.exited_at.is_some())).collect();
    assert_eq!(told, [(true, true), (true, true)], "the late visit is there, too");
    assert!(visits(one).all(|visit| visit.inside_s > 0 && visit.inside_s < 60));
    assert_eq!(found.visits.iter().filter(|visit| visit.late).count(), 1);
    assert_eq!(visits(one).map(|visit| visit.late).collect::<Vec<_>>(), [false, true]);
    let other: Vec<_> = visits(two).collect();
    assert_eq!(other.len(), 1);
    assert_eq!(other[0].entered_at, None, "nobody saw it go in");
    assert!(other[0].exited_at.is_some());
    // Page by page.
    let first = VisitsQuery { limit: 1, ..period(&world, None) };
    let first = world.engine.tracking.zone_visits(&world.boss, zone, first).await.unwrap();
    assert_eq!(first.next_cursor, Some(one.min(two)));
    let next = VisitsQuery { limit: 1, after: first.next_cursor, ..period(&world, None) };
    let next = world.engine.tracking.zone_visits(&world.boss, zone, next).await.unwrap();
    assert_eq!(next.next_cursor, None);
    assert_eq!([first.visits, next.visits].concat(), found.visits);
    // A period without end, and one that holds nothing.
    let all = period(&world, Some(one));
    let long = VisitsQuery { to: all.from + jiff::SignedDuration::from_secs(40 * 86_400), ..all.clone() };
    assert!(matches!(world.engine.tracking.zone_visits(&world.boss, zone, long).await, Err(Error::Invalid(_))));
    let later = VisitsQuery { from: all.to, to: all.to + jiff::SignedDuration::from_secs(60), ..all };
    assert_eq!(world.engine.tracking.zone_visits(&world.boss, zone, later).await.unwrap().visits, []);
}

async fn who_is_inside_now_is_told_however_long_ago_it_went_in(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let ana = world.driver("Ana").await;
    let (one, two) = (world.device("one", Some(ana.id)).await.id, world.device("two", None).await.id);
    world.go(one, &[500.0, 700.0, 1_000.0, 1_000.0]).await;
    world.go(two, &[500.0, 1_000.0, 1_000.0, 1_300.0, 1_400.0]).await;
    world.ground.pass(90_000);
    let inside = || world.engine.tracking.zone_occupants(&world.boss, zone);
    let found = inside().unwrap();
    assert_eq!(found.len(), 1, "the other one has left");
    let ZoneOccupant { device_id, driver_id, inside_since, state, point, .. } = &found[0];
    assert_eq!((*device_id, *driver_id, *state), (one, Some(ana.id), Presence::Offline));
    let seconds = inside_since.as_second() - world.ground.start_time();
    assert!((20..=30).contains(&seconds), "at the edge, {seconds} s after the start");
    assert!((point.unwrap().lon - east(1_000.0).lon).abs() < 1e-6);
    world.go(one, &[1_300.0, 1_400.0]).await;
    assert_eq!(inside().unwrap(), []);
    let stranger = world.other().await;
    assert!(matches!(world.engine.tracking.zone_occupants(&stranger, zone), Err(Error::NotFound)));
}

async fn an_explanation_says_what_held_an_event_back(world: World) {
    let hours = json!({ "time_zone": "UTC", "windows": [{ "days": ["mon"], "from": "00:00", "until": "24:00" }] });
    let zone = world.zone(1_000.0, json!({ "schedule": hours })).await.id;
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[500.0, 700.0, 815.0, 900.0, 1_000.0]).await;
    let explain = async |seconds: i64| {
        let at = Timestamp::from_second(world.ground.start_time() + seconds).unwrap();
        world.engine.tracking.explain_zone(&world.boss, zone, phone, at).await.unwrap()
    };
    let near = explain(30).await;
    assert!(near.summary.contains("entered") && near.summary.contains("schedule was closed"), "{}", near.summary);
    assert!(!near.in_schedule && near.told.is_empty());
    let outcomes: Vec<_> = near.fixes.iter().map(|fix| fix.decision.unwrap().outcome).collect();
    use visit::{EventKind, Held, Outcome};
    let [unsure, certain] = [Outcome::Held(Held::NearEdge), Outcome::Held(Held::Confirming)];
    assert_eq!(outcomes, [Outcome::Unchanged, Outcome::Unchanged, unsure, certain, Outcome::Untold(EventKind::Enter)]);
    let nothing = explain(-7_200).await;
    assert!(nothing.summary.contains("no position"), "{}", nothing.summary);

    // A jump that no vehicle makes is listed with its mark.
    world.ground.pass(10);
    let row = fix(DeviceRef::Id(phone), None, east(90_000.0));
    world.engine.tracking.submit_one(&world.boss, row).await.unwrap();
    let marked = explain(60).await;
    assert_eq!(marked.fixes.last().unwrap().mark, Some(tracklane_core::position::Mark::Teleport));
    let stranger = world.other().await;
    let at = world.ground.now();
    assert!(matches!(world.engine.tracking.explain_zone(&stranger, zone, phone, at).await, Err(Error::NotFound)));
}

/// What an explanation of this second says that happened, and why it was not told.
async fn explained(
    world: &World,
    zone: ZoneId,
    phone: DeviceId,
    second: i64,
) -> Vec<(visit::EventKind, Option<Untold>)> {
    let at = Timestamp::from_second(world.ground.start_time() + second).unwrap();
    // Until what was told can be read.
    world.log().await;
    let why = world.engine.tracking.explain_zone(&world.boss, zone, phone, at).await.unwrap();
    let proved = why.fixes.iter().filter_map(|fix| match fix.decision?.outcome {
        visit::Outcome::Told(kind) => Some((kind, false)),
        visit::Outcome::Untold(kind) => Some((kind, true)),
        visit::Outcome::Unchanged | visit::Outcome::Held(_) => None,
    });
    let listed = why.events.iter().map(|event| (event.kind, event.untold.is_some()));
    assert_eq!(proved.collect::<Vec<_>>(), listed.collect::<Vec<_>>(), "fix by fix the same");
    why.events.iter().map(|event| (event.kind, event.untold)).collect()
}

async fn an_explanation_says_why_something_was_not_told(world: World) {
    use visit::EventKind::{Enter, Exit};
    let phone = world.device("phone", None).await.id;
    world.go(phone, &[500.0, 700.0, 1_000.0, 1_000.0]).await;
    // The zone comes when the device is in it.
    world.ground.pass(1);
    let zone = world.zone(1_000.0, json!({})).await.id;
    world.go(phone, &[1_000.0, 1_000.0, 1_000.0, 1_300.0, 1_400.0]).await;
    assert_eq!(explained(&world, zone, phone, 30).await, [(Enter, Some(Untold::ZoneChanged)), (Exit, None)]);

    // A first position that is wrong: nobody came from there.
    let other = world.device("other", None).await.id;
    let begun = world.ground.now().as_second() - world.ground.start_time();
    for metres in [50_000.0, 1_000.0, 1_000.0, 1_000.0] {
        world.ground.pass(10);
        let row = fix(DeviceRef::Id(other), Some(world.ground.now()), east(metres));
        world.engine.tracking.submit_one(&world.boss, row).await.unwrap();
    }
    assert_eq!(explained(&world, zone, other, begun).await, []);

    // Positions that come far too late.
    let third = world.device("third", None).await.id;
    let begun = world.ground.now().as_second() - world.ground.start_time();
    world.ground.pass(1_000);
    world.go(third, &[1_500.0, 1_510.0]).await;
    let late = [(100, 500.0), (110, 1_000.0), (120, 1_000.0)].map(|(second, metres)| {
        let at = Timestamp::from_second(world.ground.start_time() + begun + second).unwrap();
        fix(DeviceRef::Id(third), Some(at), east(metres))
    });
    world.engine.tracking.submit(&world.boss, late.to_vec()).await.unwrap();
    let found = explained(&world, zone, third, begun + 105).await;
    assert_eq!(found, [(Enter, Some(Untold::TooLate)), (Exit, Some(Untold::TooLate))]);
}

async fn a_clock_that_is_ahead_is_dated_alike_by_all(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    for metres in [500.0, 600.0, 700.0, 900.0, 1_000.0, 1_000.0] {
        world.ground.pass(10);
        let ahead = world.ground.now() + jiff::SignedDuration::from_secs(250);
        let row = fix(DeviceRef::Id(phone), Some(ahead), east(metres));
        world.engine.tracking.submit_one(&world.boss, row).await.unwrap();
    }
    let told = world.log().await.into_iter().find(|event| event.kind == EventKind::ZoneEntered).unwrap();
    let second = (told.occurred_at.as_microsecond() as f64 / 1e6).round() as i64 - world.ground.start_time();
    assert_eq!(second, 35, "at 800 m, by our clock");
    let inside = world.engine.tracking.zone_occupants(&world.boss, zone).unwrap();
    assert_eq!(inside[0].inside_since, told.occurred_at);
    let visits = world.engine.tracking.zone_visits(&world.boss, zone, period(&world, None)).await.unwrap().visits;
    assert_eq!(visits[0].entered_at, Some(told.occurred_at));
    let why = world.engine.tracking.explain_zone(&world.boss, zone, phone, told.occurred_at).await.unwrap();
    assert_eq!((why.events[0].at, why.events[0].untold), (told.occurred_at, None));
    assert_eq!(why.events[0].proved_at.to_string(), told.data["proved_at"].as_str().unwrap());
    assert!(why.fixes.iter().all(|fix| fix.time <= fix.received_at), "no position is shown from the future");
}

async fn an_import_reports_row_by_row(world: World) {
    let square = |west: f64| json!([[[west, 0], [west + 1.0, 0], [west + 1.0, 1], [west, 1], [west, 0]]]);
    let feature = |id: Value, name: &str, west: f64| {
        json!({ "type": "Feature", "id": id, "properties": { "name": name },
            "geometry": { "type": "Polygon", "coordinates": square(west) } })
    };
    let bowtie = json!([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]);
    let collection = json!({ "type": "FeatureCollection", "features": [
        feature(json!("A"), "Alpha", 1.0),
        feature(json!(7), "Beta", 3.0),
        { "type": "Feature", "properties": { "name": "Bow" }, "geometry": { "type": "Polygon", "coordinates": bowtie } },
        feature(json!("A"), "Alpha again", 5.0),
        { "type": "Feature", "properties": { "name": "Round", "radius_m": 50, "rules": { "dwell_s": 60 } },
            "geometry": { "type": "Point", "coordinates": [1, 1] } },
        { "type": "Feature", "properties": { "name": "Wrong", "radius_m": "wide" }, "geometry": null },
        { "type": "Feature", "properties": {}, "geometry": { "type": "Point", "coordinates": [1, 1] } },
    ]});
    let words = ImportWords::default();
    let zones = &world.engine.records.zones;
    let import = async |collection: &Value, dry| {
        zones.import(&world.boss, read_geojson(collection, &words).unwrap(), dry).await.unwrap()
    };
    let dry = import(&collection, true).await;
    assert_eq!((dry.created, dry.rejected, dry.rows.len()), (3, 4, 7));
    assert!(dry.rows.iter().all(|row| row.zone_id.is_none()));
    assert_eq!(world.engine.tracking.sizes().zones, 0, "a dry run writes nothing");

    let report = import(&collection, false).await;
    let outcomes: Vec<_> = report.rows.iter().map(|row| row.outcome).collect();
    use ImportOutcome::{Created, Rejected, Unchanged, Updated};
    assert_eq!(outcomes, [Created, Created, Rejected, Rejected, Created, Rejected, Rejected]);
    assert_eq!(
        dry.rows.iter().map(|row| &row.errors).collect::<Vec<_>>(),
        report.rows.iter().map(|row| &row.errors).collect::<Vec<_>>()
    );
    let why = |row: usize| report.rows[row].errors[0].pointer.clone();
    assert_eq!(why(2), "#/geometry/coordinates/0/0");
    assert_eq!([why(3), why(5), why(6)], ["#/reference", "#/radius_m", "#/name"]);
    assert_eq!(world.engine.tracking.sizes().zones, 3);

    // Somebody gives Alpha rules; the file says nothing of them, so an upload leaves them.
    let alpha = report.rows[0].zone_id.unwrap();
    let zone = zones.get(&world.boss, alpha).await.unwrap();
    let strict = NewZone { rules: Some(Rules { dwell_s: Some(30), ..Rules::default() }), ..NewZone::from(&zone) };
    zones.update(&world.boss, alpha, zone.version, strict).await.unwrap();
    let mut moved = collection.clone();
    moved["features"][1]["geometry"]["coordinates"] = square(4.0);
    let again = import(&moved, false).await;
    let outcomes: Vec<_> = again.rows.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Unchanged, Updated, Rejected, Rejected, Unchanged, Rejected, Rejected]);
    assert_eq!(again.rows[0].zone_id, Some(alpha));
    assert_eq!(zones.get(&world.boss, alpha).await.unwrap().rules.unwrap().dwell_s, Some(30));
    assert_eq!(world.engine.tracking.sizes().zones, 3);
    assert!(read_geojson(&json!({ "type": "Polygon" }), &words).is_err());
}

async fn an_import_of_kml_makes_corridors_and_circles(world: World) {
    let kml = "<kml><Document><Placemark><name>Road</name><LineString><coordinates>0,0 0.1,0</coordinates></LineString>\
        </Placemark>\n<Placemark><name>Door</name><Point><coordinates>1,1</coordinates></Point></Placemark>\n\
        <Placemark><name>Nothing</name></Placemark></Document></kml>";
    let words = ImportWords { radius_m: Some(40.0), width_m: Some(100.0), ..ImportWords::default() };
    let rows = read_kml(kml, &words).unwrap();
    let report = world.engine.records.zones.import(&world.boss, rows, false).await.unwrap();
    assert_eq!((report.created, report.rejected), (2, 1));
    assert_eq!((report.rows[2].line, report.rows[2].errors[0].pointer.as_str()), (Some(3), "#/geometry"));
    let road = world.engine.records.zones.get(&world.boss, report.rows[0].zone_id.unwrap()).await.unwrap();
    assert_eq!((road.width_m, road.radius_m), (Some(100.0), None));
    let rows = read_kml(kml, &words).unwrap();
    let report = world.engine.records.zones.import(&world.boss, rows, false).await.unwrap();
    assert_eq!((report.unchanged, report.rejected), (2, 1));
}

async fn other_roles_ask_nothing(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    let ana = world.driver("Ana").await;
    for caller in
        [world.driver_caller(ana.id), tracklane_core::model::Caller { role: Role::Customer, ..world.boss.clone() }]
    {
        let visits = world.engine.tracking.zone_visits(&caller, zone, period(&world, None)).await;
        assert!(matches!(visits, Err(Error::Forbidden)));
        let why = world.engine.tracking.explain_zone(&caller, zone, phone, world.ground.now()).await;
        assert!(matches!(why, Err(Error::Forbidden)));
        let inside = world.engine.tracking.zone_occupants(&caller, zone);
        assert!(matches!(inside, Err(Error::Forbidden)));
        let import = world.engine.records.zones.import(&caller, Vec::new(), true).await;
        assert!(matches!(import, Err(Error::Forbidden)));
    }
}

/// The Porto trips of the corpus through the parishes of the corpus: what the pipeline tells is what the reference computes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_trips_through_real_parishes_are_told_as_the_reference_has_it() {
    let Some(corpus) = std::env::var_os("TRACKLANE_CORPUS").map(PathBuf::from) else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return;
    };
    crate::kit::on_sqlite(async |world: World| real_trips(&world, &corpus).await).await;
}

async fn real_trips(world: &World, corpus: &std::path::Path) {
    let text = std::fs::read_to_string(corpus.join("geofences/portugal_freguesias.geojson")).unwrap();
    let words = ImportWords {
        name: Some("freguesia".to_owned()),
        reference: Some("dtmnfr".to_owned()),
        ..ImportWords::default()
    };
    let rows = read_geojson(&serde_json::from_str(&text).unwrap(), &words).unwrap();
    let report = world.engine.records.zones.import(&world.boss, rows.clone(), false).await.unwrap();
    assert_eq!((report.created, report.rejected), (3_035, 14));
    let parishes: BTreeMap<ZoneId, Shape> = report
        .rows
        .iter()
        .filter_map(|row| {
            let zone = rows[row.row].zone.as_ref().ok()?;
            Some((row.zone_id?, Shape::parse(&zone.geometry, None).ok()?))
        })
        .collect();

    let mut expected = Vec::new();
    let start = world.ground.start_time() - 7_200;
    let mut positions = 0;
    for (number, trip) in trips(corpus, 120).into_iter().enumerate() {
        let device = world.device(&format!("taxi-{number}"), None).await.id;
        let at = |step: usize| Timestamp::from_second(start + 15 * step as i64).unwrap();
        // In batches, as a phone with a bad network sends them.
        for batch in trip.iter().enumerate().collect::<Vec<_>>().chunks(7) {
            let rows = batch.iter().map(|(step, point)| fix(DeviceRef::Id(device), Some(at(*step)), **point));
            world.engine.tracking.submit(&world.boss, rows.collect()).await.unwrap();
        }
        // What was believed, as history keeps it.
        let (from, to) = (at(0), world.ground.now());
        let kept = world.engine.tracking.history(&world.boss, device, from, to, 10_000, false).await.unwrap();
        let track: Vec<_> = kept
            .iter()
            .map(|position| ZoneFix { at: position.fix_time, point: position.fix.point, accuracy_m: None })
            .collect();
        positions += track.len();
        for (zone, shape) in parishes.iter().filter(|(_, shape)| is_near(shape, &track)) {
            let told = replay(&track, shape, Travel::default(), &Rules::default());
            expected
                .extend(told.into_iter().map(|event| (device, *zone, event.kind == visit::EventKind::Enter, event.at)));
        }
    }
    let log = world.log().await;
    let mut told: Vec<_> = log
        .iter()
        .filter(|event| event.zone_id.is_some())
        .map(|event| {
            let entered = event.kind == EventKind::ZoneEntered;
            (event.device_id.unwrap(), event.zone_id.unwrap(), entered, event.occurred_at)
        })
        .collect();
    println!("{positions} positions of 120 trips, {} events in {} parishes", told.len(), parishes.len());
    told.sort_unstable();
    expected.sort_unstable();
    assert!(told.len() > 200, "too few to prove anything: {}", told.len());
    assert_eq!(told, expected);
}

/// Others are five kilometres away from every fix, so nothing can happen there.
fn is_near(shape: &Shape, track: &[ZoneFix]) -> bool {
    let points: Vec<Point> = track.iter().map(|fix| fix.point).collect();
    let way = tracklane_geo::shape::Bbox::around(&points);
    let reaches = |bbox: &tracklane_geo::shape::Bbox| {
        bbox.west - 0.05 <= way.east
            && way.west <= bbox.east + 0.05
            && bbox.south - 0.05 <= way.north
            && way.south <= bbox.north + 0.05
    };
    shape.bboxes().iter().any(reaches)
}

/// The first trips of the Porto file that are long enough.
fn trips(corpus: &std::path::Path, most: usize) -> Vec<Vec<Point>> {
    let text = std::fs::read_to_string(corpus.join("traces/porto_taxi_trips.csv")).unwrap();
    let polyline = |line: &str| -> Option<Vec<Point>> {
        let json = &line[line.find("[[")?..=line.rfind("]]")? + 1];
        let points: Vec<[f64; 2]> = serde_json::from_str(json).ok()?;
        Some(points.into_iter().map(|[lon, lat]| Point { lat, lon }).collect())
    };
    text.lines().filter_map(polyline).filter(|trip| trip.len() > 20).take(most).collect()
}
