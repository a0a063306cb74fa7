use tracklane_core::lifecycle::Status;
use tracklane_core::milestone::{MilestonePolicy, Whereabouts, next_milestone};

const ORIGIN: Whereabouts = Whereabouts { at_origin: true, near_destination: false, at_destination: false };
const ROAD: Whereabouts = Whereabouts { at_origin: false, near_destination: false, at_destination: false };
const NEAR: Whereabouts = Whereabouts { at_origin: false, near_destination: true, at_destination: false };
const THERE: Whereabouts = Whereabouts { at_origin: false, near_destination: true, at_destination: true };

/// Everything that a drive proves, one fix after the other, the way the pipeline asks.
fn drive(policy: MilestonePolicy, from: Status, places: &[Whereabouts], last_leg: bool) -> Vec<String> {
    let (mut status, mut substatus, mut proven) = (from, None, Vec::new());
    for place in places {
        while let Some(milestone) = next_milestone(policy, status, substatus, *place, last_leg) {
            (status, substatus) = (milestone.status, Some(milestone.substatus));
            proven.push(format!("{status}.{}", milestone.substatus));
            assert!(proven.len() < 20, "it must come to an end: {proven:?}");
        }
    }
    proven
}

#[track_caller]
fn check(policy: MilestonePolicy, from: Status, places: &[Whereabouts], expected: &[&str]) {
    assert_eq!(drive(policy, from, places, true), expected);
}

#[test]
fn a_drive_from_hub_to_door() {
    let whole = [ROAD, ORIGIN, ORIGIN, ROAD, NEAR, THERE, THERE];
    let up_to_the_stop = [
        "picked_up.from_sender",
        "in_transit.departed_facility",
        "out_for_delivery.arriving",
        "out_for_delivery.at_stop",
    ];
    for from in [Status::Created, Status::InfoReceived, Status::Assigned] {
        check(MilestonePolicy::Arrivals, from, &whole, &up_to_the_stop);
        check(MilestonePolicy::Off, from, &whole, &[]);
    }
    let mut delivered = up_to_the_stop[..3].to_vec();
    delivered.push("delivered.safe_place");
    check(MilestonePolicy::Full, Status::Assigned, &whole, &delivered);
}

#[test]
fn one_fix_may_prove_several() {
    check(
        MilestonePolicy::Full,
        Status::PickedUp,
        &[THERE],
        &["in_transit.departed_facility", "out_for_delivery.arriving", "delivered.safe_place"],
    );
    // Origin and destination so near that the zones overlap.
    let both = Whereabouts { at_origin: true, near_destination: true, at_destination: true };
    check(MilestonePolicy::Full, Status::Assigned, &[both], &["picked_up.from_sender"]);
}

#[test]
fn nothing_is_proven_without_the_pick_up_or_after_the_end() {
    check(MilestonePolicy::Full, Status::Assigned, &[ROAD, NEAR, THERE], &[]);
    for status in Status::ALL.iter().copied().filter(|status| status.is_terminal() || status.rank().is_none()) {
        check(MilestonePolicy::Full, status, &[ORIGIN, ROAD, NEAR, THERE], &[]);
    }
}

#[test]
fn on_a_leg_that_is_not_the_last_arriving_is_a_facility_scan() {
    let proven = drive(MilestonePolicy::Full, Status::Assigned, &[ORIGIN, ROAD, NEAR, THERE, THERE], false);
    assert_eq!(proven, ["picked_up.from_sender", "in_transit.departed_facility", "in_transit.arrived_facility"]);
}
