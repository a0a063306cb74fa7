//! What devices do that they should not: clocks that are ahead, first fixes that are wrong, two senders under one name, far too
//! many fixes. None of it makes an event, hides one, or disturbs anybody else.

use serde_json::json;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::position::Mark;
use tracklane_engine::tracking::{DeviceRef, Incoming, LatestFilter, RowOutcome};

use crate::kit::{World, each, east, fix};

each!(
    late_fixes_of_a_clock_that_is_ahead_find_their_place,
    a_clock_that_is_put_right_is_believed_again,
    a_clock_that_is_ahead_and_seldom_heard_tells_what_it_proves,
    one_fix_that_is_a_moment_ahead_is_not_lost_to_zones,
    a_wrong_first_fix_enters_nothing,
    a_wrong_first_fix_of_a_clock_that_is_ahead_enters_nothing,
    who_is_inside_from_the_first_dwells_by_our_clock,
    what_was_told_and_what_comes_late_make_one_story,
    an_exit_that_was_told_leaves_no_room_for_a_dwell,
    a_fix_before_the_first_one_tells_what_it_proves,
    a_late_fix_that_nobody_can_reach_is_marked,
    a_dwell_is_told_once_though_the_entry_is_known_better_later,
    an_exit_behind_a_dwell_is_dated_by_the_entry_that_was_told,
    what_came_too_late_does_not_hide_what_comes_in_time,
    a_good_fix_takes_the_time_of_a_marked_one,
    two_senders_under_one_name_make_no_storm,
    a_thousand_fixes_a_second_are_kept_and_disturb_nobody,
);

/// A row taken so many seconds after the beginning, by a clock that is as right as ours, so many metres east.
fn row(world: &World, device: DeviceId, second: i64, metres: f64) -> Incoming {
    let at = tracklane_core::Timestamp::from_second(world.ground.start_time() + second).unwrap();
    fix(DeviceRef::Id(device), Some(at), east(metres))
}

/// Sends a row when it is this second of ours.
async fn send(world: &World, second: i64, row: Incoming) -> RowOutcome {
    world.ground.pass(world.ground.start_time() + second - world.ground.now().as_second());
    world.engine.tracking.submit_one(&world.boss, row).await.unwrap()
}

/// What was told of a zone, in order of time, in seconds after the beginning.
async fn story(world: &World, zone: ZoneId) -> Vec<(EventKind, i64)> {
    let log = world.log().await.into_iter().filter(|event| event.zone_id == Some(zone));
    let mut story: Vec<_> =
        log.map(|event| (event.kind, event.occurred_at.as_second() - world.ground.start_time())).collect();
    story.sort_by_key(|(_, at)| *at);
    story
}

async fn late_fixes_of_a_clock_that_is_ahead_find_their_place(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    const AHEAD: i64 = 60;
    let taken = |second: i64, metres: f64| row(&world, phone, second + AHEAD, metres);
    for (second, metres) in [(10, 500.0), (20, 600.0), (50, 1_300.0), (60, 1_400.0)] {
        assert_eq!(send(&world, second, taken(second, metres)).await, RowOutcome::Accepted);
    }
    assert_eq!(story(&world, zone).await, []);
    // They are ahead of our clock still, but not of the device's own way.
    assert_eq!(send(&world, 61, taken(30, 900.0)).await, RowOutcome::Late);
    assert_eq!(send(&world, 62, taken(40, 1_050.0)).await, RowOutcome::Late);
    // In at 800 m, between 20 and 30 s; out at 1,200 m, between 40 and 50 s: by our clock.
    assert_eq!(story(&world, zone).await, [(EventKind::ZoneEntered, 26), (EventKind::ZoneExited, 46)]);
    let latest = world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap();
    assert_eq!(latest[0].fix_time.as_second() - world.ground.start_time(), 60, "never ahead of our clock");
    // One that was on its way for long, and is not ahead of our clock any more, finds its place, too.
    assert_eq!(send(&world, 130, taken(120, 1_500.0)).await, RowOutcome::Accepted);
    assert_eq!(send(&world, 131, taken(65, 1_420.0)).await, RowOutcome::Late);
    assert_eq!(story(&world, zone).await.len(), 2);
}

async fn a_clock_that_is_ahead_and_seldom_heard_tells_what_it_proves(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let container = world.device("container", None).await.id;
    // Every 65 minutes, three seconds ahead.
    for (number, metres) in (0..).zip([0.0, 100.0, 1_000.0, 1_010.0, 1_000.0, 3_000.0, 3_100.0, 3_000.0]) {
        let second = 3_900 * number;
        let outcome = send(&world, second, row(&world, container, second + 3, metres)).await;
        assert_eq!(outcome, RowOutcome::Accepted, "{number}");
    }
    let kinds: Vec<_> = story(&world, zone).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [EventKind::ZoneEntered, EventKind::ZoneExited]);
}

async fn one_fix_that_is_a_moment_ahead_is_not_lost_to_zones(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "enter": { "fixes": 1 }, "exit": { "fixes": 1 } } })).await.id;
    let phone = world.device("phone", None).await.id;
    // A second ahead while it is in the zone, which is once.
    for (second, ahead, metres) in [(10, 0, 500.0), (40, 1, 1_000.0), (70, 0, 1_500.0), (100, 0, 1_600.0)] {
        let outcome = send(&world, second, row(&world, phone, second + ahead, metres)).await;
        assert_eq!(outcome, RowOutcome::Accepted, "{second}");
    }
    let kinds: Vec<_> = story(&world, zone).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [EventKind::ZoneEntered, EventKind::ZoneExited]);
}

async fn a_clock_that_is_put_right_is_believed_again(world: World) {
    use RowOutcome::{Accepted, Late};
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    for second in 0..5 {
        assert_eq!(send(&world, second * 10, row(&world, phone, second * 10 + 200, 400.0)).await, Accepted);
    }
    // By what is known of its clock these were on their way for 200 seconds: until it cannot be any more.
    let mut told = Vec::new();
    for second in 5..12 {
        told.push(send(&world, second * 10, row(&world, phone, second * 10, 400.0)).await);
    }
    assert_eq!(told, [Late, Late, Late, Late, Accepted, Accepted, Accepted]);
    for (second, metres) in [(12, 700.0), (13, 900.0), (14, 1_000.0), (15, 1_300.0), (16, 1_400.0)] {
        assert_eq!(send(&world, second * 10, row(&world, phone, second * 10, metres)).await, Accepted);
    }
    assert_eq!(story(&world, zone).await, [(EventKind::ZoneEntered, 125), (EventKind::ZoneExited, 146)]);
}

async fn a_wrong_first_fix_enters_nothing(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    let way = [50_000.0, 1_000.0, 1_010.0, 1_000.0, 1_020.0, 1_010.0];
    for (number, metres) in way.into_iter().enumerate() {
        let second = number as i64 * 10;
        let outcome = send(&world, second, row(&world, phone, second, metres)).await;
        let expected = if number == 1 { RowOutcome::Marked(Mark::Teleport) } else { RowOutcome::Accepted };
        assert_eq!(outcome, expected, "{number}");
    }
    assert_eq!(story(&world, zone).await, [], "it was inside from the first");
    for (second, metres) in [(60, 1_300.0), (70, 1_400.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    let kinds: Vec<_> = story(&world, zone).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [EventKind::ZoneExited]);
}

async fn a_wrong_first_fix_of_a_clock_that_is_ahead_enters_nothing(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    // So far ahead that by the time of its arrival the first one would be near enough to come from.
    const AHEAD: i64 = 200;
    let way = [15_000.0, 1_000.0, 1_010.0, 1_000.0, 1_020.0];
    for (number, metres) in way.into_iter().enumerate() {
        let second = number as i64 * 5;
        let outcome = send(&world, second, row(&world, phone, second + AHEAD, metres)).await;
        let expected = if number == 1 { RowOutcome::Marked(Mark::Teleport) } else { RowOutcome::Accepted };
        assert_eq!(outcome, expected, "{number}");
    }
    assert_eq!(story(&world, zone).await, [], "it was inside from the first");
}

async fn who_is_inside_from_the_first_dwells_by_our_clock(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "dwell_s": 60 } })).await.id;
    for (name, ahead) in [("right", 0), ("a little ahead", 9), ("ahead", 90)] {
        let phone = world.device(name, None).await.id;
        let begun = world.ground.now().as_second() - world.ground.start_time();
        for number in 0..=14 {
            let second = begun + number * 5;
            send(&world, second, row(&world, phone, second + ahead, 1_000.0)).await;
        }
        let told = story(&world, zone).await;
        assert_eq!(told.last(), Some(&(EventKind::ZoneDwelled, begun + 60)), "{name}");
    }
}

async fn what_was_told_and_what_comes_late_make_one_story(world: World) {
    use EventKind::{ZoneEntered, ZoneExited};
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    for (second, metres) in [(0, 500.0), (100, 1_000.0), (110, 1_000.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    assert_eq!(story(&world, zone).await, [(ZoneEntered, 60)]);
    // It was outside until later; and before that it had been in and out again, which is known bit by bit.
    let late = [(90, 500.0), (92, 500.0), (10, 1_000.0), (20, 1_000.0), (30, 1_000.0), (85, 500.0), (80, 500.0)];
    for (number, (second, metres)) in late.into_iter().enumerate() {
        assert_eq!(send(&world, 111 + number as i64, row(&world, phone, second, metres)).await, RowOutcome::Late);
    }
    let told = story(&world, zone).await;
    assert_eq!(told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [ZoneEntered, ZoneExited, ZoneEntered]);
    assert_eq!((told[0], told[2]), ((ZoneEntered, 6), (ZoneEntered, 60)), "what was told stands");
    assert!((30..=60).contains(&told[1].1), "{told:?}");
    for (second, metres) in [(120, 1_300.0), (130, 1_400.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    assert_eq!(story(&world, zone).await.len(), 4);
}

async fn an_exit_that_was_told_leaves_no_room_for_a_dwell(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "dwell_s": 60 } })).await.id;
    let phone = world.device("phone", None).await.id;
    // In at 800 m, between 0 and 10 s; out at 1,200 m, between 15 and 100 s.
    for (second, metres) in [(0, 700.0), (10, 900.0), (15, 1_000.0), (100, 1_500.0), (105, 1_500.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    let told = [(EventKind::ZoneEntered, 5), (EventKind::ZoneExited, 49)];
    assert_eq!(story(&world, zone).await, told);
    // It stayed for longer than that; but it was told that it did not.
    for second in (20..95).step_by(5) {
        send(&world, 106, row(&world, phone, second, 1_000.0)).await;
    }
    assert_eq!(story(&world, zone).await, told);
}

async fn a_fix_before_the_first_one_tells_what_it_proves(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    for second in [30, 40] {
        assert_eq!(send(&world, second, row(&world, phone, second, 1_000.0)).await, RowOutcome::Accepted);
    }
    assert_eq!(story(&world, zone).await, [], "inside from the first");
    assert_eq!(send(&world, 41, row(&world, phone, 10, 500.0)).await, RowOutcome::Late);
    assert_eq!(send(&world, 42, row(&world, phone, 20, 600.0)).await, RowOutcome::Late);
    // From 500 m at 10 s, or from 600 m at 20 s: the first one told it.
    let told = story(&world, zone).await;
    assert_eq!(told, [(EventKind::ZoneEntered, 22)]);
    for (second, metres) in [(50, 1_300.0), (60, 1_400.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    assert_eq!(story(&world, zone).await.len(), 2);
}

async fn a_late_fix_that_nobody_can_reach_is_marked(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    for (second, metres) in [(0, 900.0), (10, 950.0), (20, 1_000.0), (40, 1_010.0), (50, 1_020.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    for (second, metres) in [(30, 50_000.0), (32, 50_010.0), (34, 50_020.0)] {
        let outcome = send(&world, 51, row(&world, phone, second, metres)).await;
        assert_eq!(outcome, RowOutcome::Marked(Mark::Teleport), "{second}");
    }
    assert_eq!(send(&world, 52, row(&world, phone, 35, 1_005.0)).await, RowOutcome::Late);
    assert_eq!(story(&world, zone).await, []);
}

async fn a_dwell_is_told_once_though_the_entry_is_known_better_later(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "dwell_s": 60 } })).await.id;
    let phone = world.device("phone", None).await.id;
    for (second, metres) in [(0, 500.0), (100, 1_000.0), (110, 1_000.0), (125, 1_000.0)] {
        assert_eq!(send(&world, second, row(&world, phone, second, metres)).await, RowOutcome::Accepted);
    }
    let told = [(EventKind::ZoneEntered, 60), (EventKind::ZoneDwelled, 120)];
    assert_eq!(story(&world, zone).await, told);
    // It was outside for longer than that.
    for (second, metres) in [(90, 700.0), (92, 710.0), (80, 690.0)] {
        assert_eq!(send(&world, 126, row(&world, phone, second, metres)).await, RowOutcome::Late);
    }
    for second in (130..200).step_by(10) {
        send(&world, second, row(&world, phone, second, 1_000.0)).await;
        send(&world, second, row(&world, phone, second - 5, 1_000.0)).await;
    }
    assert_eq!(story(&world, zone).await, told);
}

async fn an_exit_behind_a_dwell_is_dated_by_the_entry_that_was_told(world: World) {
    let zone = world.zone(1_000.0, json!({ "rules": { "dwell_s": 60 } })).await.id;
    let phone = world.device("phone", None).await.id;
    for (second, metres) in [(0, 500.0), (100, 1_000.0), (110, 1_000.0), (125, 1_000.0)] {
        send(&world, second, row(&world, phone, second, metres)).await;
    }
    // By these it went in later: so late that it had not been in for a minute when it went out. The dwell was told.
    for (second, metres) in [(90, 700.0), (92, 710.0)] {
        assert_eq!(send(&world, 126, row(&world, phone, second, metres)).await, RowOutcome::Late);
    }
    for (second, metres) in [(130, 1_300.0), (140, 1_400.0)] {
        assert_eq!(send(&world, second, row(&world, phone, second, metres)).await, RowOutcome::Accepted);
    }
    // Out at 1,200 m, between 125 and 130 s.
    let told = [(EventKind::ZoneEntered, 60), (EventKind::ZoneDwelled, 120), (EventKind::ZoneExited, 128)];
    assert_eq!(story(&world, zone).await, told);
}

async fn what_came_too_late_does_not_hide_what_comes_in_time(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let phone = world.device("phone", None).await.id;
    for (second, metres) in [(0, 500.0), (10, 600.0), (190, 1_400.0), (200, 1_450.0)] {
        assert_eq!(send(&world, second, row(&world, phone, second, metres)).await, RowOutcome::Accepted);
    }
    // More than the window behind the newest: they are history, and tell nothing.
    for second in [60, 70] {
        assert_eq!(send(&world, 201, row(&world, phone, second, 1_000.0)).await, RowOutcome::Late);
    }
    assert_eq!(story(&world, zone).await, []);
    for (second, metres) in [(85, 1_000.0), (90, 1_010.0)] {
        assert_eq!(send(&world, 202, row(&world, phone, second, metres)).await, RowOutcome::Late);
    }
    // In at 800 m, between 10 and 85 s; out at 1,200 m, between 90 and 190 s.
    assert_eq!(story(&world, zone).await, [(EventKind::ZoneEntered, 47), (EventKind::ZoneExited, 138)]);
}

async fn a_good_fix_takes_the_time_of_a_marked_one(world: World) {
    use RowOutcome::{Accepted, Duplicate, Late};
    let jump = RowOutcome::Marked(Mark::Teleport);
    let phone = world.device("phone", None).await.id;
    let at = |second: i64, metres: f64| row(&world, phone, second, metres);
    assert_eq!(send(&world, 0, at(0, 100.0)).await, Accepted);
    assert_eq!(send(&world, 10, at(10, 50_000.0)).await, jump);
    assert_eq!(send(&world, 11, at(10, 50_000.0)).await, Duplicate);
    assert_eq!(send(&world, 11, at(10, 120.0)).await, Accepted);
    assert_eq!(send(&world, 11, at(10, 120.0)).await, Duplicate);
    assert_eq!(send(&world, 11, at(10, 50_000.0)).await, Duplicate);
    // The same for one that is late by now.
    assert_eq!(send(&world, 20, at(20, 50_000.0)).await, jump);
    assert_eq!(send(&world, 30, at(30, 160.0)).await, Accepted);
    let twice = vec![at(20, 140.0), at(20, 140.0)];
    assert_eq!(world.engine.tracking.submit(&world.boss, twice).await.unwrap(), [Late, Duplicate]);
    let (from, to) = (at(0, 0.0).fix_time.unwrap(), at(60, 0.0).fix_time.unwrap());
    let kept = world.engine.tracking.history(&world.boss, phone, from, to, 100, true).await.unwrap();
    assert!(kept.iter().all(|position| position.mark.is_none()), "the good ones are what is kept");
    assert_eq!(kept.len(), 4);
}

async fn two_senders_under_one_name_make_no_storm(world: World) {
    let zones = [world.zone(0.0, json!({})).await.id, world.zone(50_000.0, json!({})).await.id];
    let phone = world.device("phone", None).await.id;
    // Chance that repeats itself (Knuth's MMIX generator).
    let mut luck = 3u64;
    let mut chance = |of: u64| {
        luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (luck >> 33) % of
    };
    let (mut marked, mut kept, mut turn) = (0, 0, 0);
    const FIXES: i64 = 600;
    for number in 0..FIXES {
        let second = number * 5;
        // Each drives about in a yard of its own. Now and then one of them is late.
        let home = if chance(2) == 0 { 0.0 } else { 50_000.0 };
        let late = if chance(10) == 0 { 12 } else { 0 };
        let outcome = send(&world, second + 20, row(&world, phone, second - late, home + chance(50) as f64)).await;
        match outcome {
            RowOutcome::Marked(Mark::Teleport) => marked += 1,
            RowOutcome::Accepted => kept += 1,
            RowOutcome::Late => turn += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(marked > FIXES / 3 && kept > FIXES / 3, "{marked} marked, {kept} believed, {turn} late");
    for zone in zones {
        let told = story(&world, zone).await;
        assert!(told.len() <= 6, "{told:?}");
        assert!(told.windows(2).all(|pair| pair[0].0 != pair[1].0), "entries and exits take turns: {told:?}");
    }
    // Nothing is lost: what is not believed is kept, and says why.
    let from = tracklane_core::Timestamp::from_second(world.ground.start_time() - 100).unwrap();
    let all = world.engine.tracking.history(&world.boss, phone, from, world.ground.now(), 10_000, true).await.unwrap();
    assert_eq!(all.len() as i64, FIXES);
    let why = all.iter().filter(|position| position.mark == Some(Mark::Teleport)).count() as i64;
    assert_eq!(why, marked);
}

async fn a_thousand_fixes_a_second_are_kept_and_disturb_nobody(world: World) {
    let zone = world.zone(1_000.0, json!({})).await.id;
    let (mad, calm) = (world.device("mad", None).await.id, world.device("calm", None).await.id);
    let start = world.ground.start_time() * 1_000;
    let mut outcomes = Vec::new();
    let way = [500.0, 700.0, 900.0, 1_000.0, 1_300.0, 1_400.0];
    for (number, metres) in way.into_iter().enumerate() {
        let second = number as i64;
        world.ground.pass(1);
        // It stands, and says so a thousand times; half of its batches come before those of the second before.
        let of = second ^ 1;
        for half in [500, 0] {
            let rows = (half..half + 500).map(|milli| {
                let at = tracklane_core::Timestamp::from_millisecond(start + of * 1_000 - 1_000 + milli).unwrap();
                fix(DeviceRef::Id(mad), Some(at), east(1_000.0))
            });
            outcomes.extend(world.engine.tracking.submit(&world.boss, rows.collect()).await.unwrap());
        }
        world.ground.pass(9);
        world.at(calm, east(metres)).await;
    }
    let count = |wanted: RowOutcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let (accepted, late) = (count(RowOutcome::Accepted), count(RowOutcome::Late));
    assert_eq!(accepted + late, 6_000, "{accepted} accepted, {late} late");
    assert!(accepted >= 1_500 && late >= 3_000, "{accepted} accepted, {late} late");
    let from = tracklane_core::Timestamp::from_millisecond(start - 10_000).unwrap();
    let to = world.ground.now();
    let kept = world.engine.tracking.history(&world.boss, mad, from, to, 10_000, true).await.unwrap();
    assert_eq!(kept.len(), 6_000);
    let of_calm: Vec<_> = world
        .log()
        .await
        .into_iter()
        .filter(|event| event.zone_id == Some(zone) && event.device_id == Some(calm))
        .collect();
    assert_eq!(of_calm.len(), 2, "one entry, one exit");
    let others = world.log().await.into_iter().filter(|event| event.device_id == Some(mad)).count();
    assert_eq!(others, 0, "it was inside from the first, and never left");
}
