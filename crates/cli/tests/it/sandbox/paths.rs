use std::collections::BTreeSet;
use std::time::Duration;

use tracklane_carriers::carriers::Registry;
use tracklane_carriers::report::{ReferenceKind, When};
use tracklane_core::lifecycle::Status;
use tracklane_core::time::TzConfidence;

use super::{Sandbox, names, number, statuses};
use crate::support::{err, out, run};

/// The statuses of each path, once all is over; none for numbers that are not found the first time.
const PATHS: &[(&str, &[&str])] = &[
    ("delivered", &["info_received", "picked_up", "in_transit", "out_for_delivery", "delivered"]),
    (
        "second_attempt",
        &[
            "info_received",
            "picked_up",
            "in_transit",
            "out_for_delivery",
            "attempt_failed",
            "out_for_delivery",
            "delivered",
        ],
    ),
    (
        "collected",
        &[
            "info_received",
            "picked_up",
            "in_transit",
            "out_for_delivery",
            "attempt_failed",
            "available_for_pickup",
            "delivered",
        ],
    ),
    (
        "returned",
        &[
            "info_received",
            "picked_up",
            "in_transit",
            "out_for_delivery",
            "attempt_failed",
            "out_for_delivery",
            "attempt_failed",
            "returning",
            "returned",
        ],
    ),
    (
        "customs",
        &["info_received", "picked_up", "on_hold", "in_transit", "in_transit", "out_for_delivery", "delivered"],
    ),
    ("damaged", &["info_received", "picked_up", "exception"]),
    ("silent", &["info_received", "picked_up"]),
    ("lost", &["info_received", "picked_up", "in_transit", "failed"]),
    ("handed_over", &["info_received", "picked_up", "in_transit", "in_transit"]),
    ("second_carrier", &["in_transit", "out_for_delivery", "delivered"]),
    ("cancelled", &["info_received", "cancelled"]),
    ("found_later", &[]),
    ("never_existed", &[]),
    ("used_again", &["info_received", "picked_up", "in_transit", "out_for_delivery", "delivered"]),
    ("late", &["info_received", "picked_up", "-", "in_transit", "out_for_delivery", "delivered"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_path_is_told_in_one_batch_and_every_status_of_a_carrier_is_on_one() {
    assert_eq!(names("path"), PATHS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("paths");
    let numbers: Vec<String> = PATHS.iter().map(|(path, _)| number(path, "at_once", "none")).collect();
    let wrong = "TLSB000000000019";
    let asked: Vec<&str> = numbers.iter().map(String::as_str).chain([wrong]).collect();
    let parsed = account.ask(&asked).await.unwrap();
    let mut seen = BTreeSet::new();
    for ((path, expected), number) in PATHS.iter().zip(&numbers) {
        let of_number: Vec<_> = parsed.reports.iter().filter(|report| report.number == *number).collect();
        let problem = parsed.problems.iter().find(|problem| problem.number.as_ref() == Some(number));
        if expected.is_empty() {
            assert_eq!((of_number.len(), problem.unwrap().error.kind()), (0, "not_found"), "{path}");
            continue;
        }
        assert!(of_number.len() == 1 && problem.is_none(), "{path}: {of_number:?} {problem:?}");
        assert_eq!(statuses(of_number[0]), *expected, "{path}");
        for event in &of_number[0].events {
            assert!(matches!(event.when, When::Instant { confidence: TzConfidence::Exact, .. }), "{path}: {event:?}");
            seen.extend(event.status);
        }
    }
    let refused = parsed.problems.iter().find(|problem| problem.number.as_deref() == Some(wrong)).unwrap();
    assert_eq!(refused.error.kind(), "refused");
    assert!(refused.error.to_string().contains("the check digit must be 8, not 9"), "{refused:?}");
    let own = [Status::Created, Status::Assigned, Status::Expired, Status::Unknown];
    assert!(Status::ALL.iter().all(|status| seen.contains(status) != own.contains(status)), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn details_go_with_their_paths() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("details");
    let delivered = account.one(&number("delivered", "at_once", "none")).await;
    assert_eq!(delivered.proof.unwrap().signed_by.as_deref(), Some("S. Ample"));
    let at = delivered.events.last().unwrap().when.instant();
    assert_eq!(delivered.estimates[1].until.instant(), at);

    let late = account.one(&number("late", "at_once", "none")).await;
    assert!(late.events[2].delayed);
    let hour = late.events[1].when.instant().unwrap().duration_since(late.events[0].when.instant().unwrap());
    assert_eq!(hour.as_secs(), 3_600);
    assert_eq!(late.estimates[1].until.instant(), late.events[5].when.instant());

    let handed = account.one(&number("handed_over", "at_once", "none")).await;
    let next = &handed.references[0];
    assert_eq!((next.kind, next.carrier.as_deref()), (ReferenceKind::HandOver, Some("sandbox")));
    assert_eq!(account.one(&next.value).await.status(), Some(Status::Delivered));

    let later = number("found_later", "at_once", "none");
    for _ in 0..2 {
        assert_eq!(account.ask(&[&later]).await.unwrap().problems[0].error.kind(), "not_found");
    }
    assert_eq!(account.one(&later).await.status(), Some(Status::Delivered));

    let again = number("used_again", "at_once", "none");
    account.one(&again).await;
    let both = account.ask(&[&again]).await.unwrap().reports;
    let ends: Vec<_> = both.iter().map(|report| report.events.last().unwrap().when.instant().unwrap()).collect();
    assert!(ends[1].duration_since(ends[0]).as_hours() == 400 * 24, "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_come_one_after_the_other_at_their_times() {
    // A day each, a hundred and fifty milliseconds in the sandbox.
    let sandbox = Sandbox::start(&["--speed", "576000", "--requests-per-minute", "0"]);
    let mut account = sandbox.account("pace");
    let number = number("delivered", "1d", "none");
    let mut counts = Vec::new();
    let last = loop {
        let report = account.one(&number).await;
        counts.push(report.events.len());
        if report.status() == Some(Status::Delivered) {
            break report;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(counts.is_sorted() && counts[0] < 5, "{counts:?}");
    let times: Vec<_> = last.events.iter().map(|event| event.when.instant().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_millis() == 150), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_can_be_asked_for_alone() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../carriers/src/carriers/declared/sandbox.toml");
    let file = std::fs::read_to_string(path).unwrap();
    let alone = file
        .replace("batch = 30", "batch = 1")
        .replace("method = \"POST\"", "method = \"GET\"")
        .replace("path = \"/v1/track\"", "path = \"/v1/track/{number}\"");
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("one");
    account.carrier = Registry::built_in().clone().declare(&alone).unwrap().clone();
    assert_eq!(account.one(&number("returned", "at_once", "none")).await.status(), Some(Status::Returned));
    for (number, kind) in [(number("never_existed", "at_once", "none").as_str(), "not_found"), ("HELLO", "refused")] {
        assert_eq!(account.ask(&[number]).await.unwrap_err().kind(), kind);
    }
    let many = vec!["x"; 31];
    account.carrier = Registry::built_in().clone().declare(&file.replace("batch = 30", "batch = 31")).unwrap().clone();
    let error = account.ask(&many).await.unwrap_err();
    assert!(error.to_string().contains("numbers must be 1 to 30, not 31"), "{error}");
}

#[test]
fn numbers_are_listed_made_and_detected() {
    let folder = tempfile::tempdir().unwrap();
    let table = out(&run(folder.path(), &["sandbox", "numbers"]));
    assert!(table.lines().any(|line| line.starts_with("path   04") && line.contains("customs")), "{table}");
    let made = out(&run(folder.path(), &["sandbox", "numbers", "--path", "04", "--pace", "1m", "--count", "3"]));
    assert_eq!(made.lines().count(), 3);
    for number in made.lines() {
        assert!(number.starts_with("TLSB04400"), "{number}");
        let found = out(&run(folder.path(), &["detect", number, "-o", "json"]));
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        assert_eq!(found[0]["candidates"][0]["courier"], "sandbox");
        assert!(found[0]["candidates"][0]["confidence"].as_u64().unwrap() > 95, "{found}");
    }
    let unknown = run(folder.path(), &["sandbox", "numbers", "--fault", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("unknown fault \"nonsense\"; known are none, fails_once"), "{}", err(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_of_the_carrier_look_like_its_answers() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("samples");
    let numbers: Vec<String> = PATHS.iter().map(|(path, _)| number(path, "at_once", "none")).collect();
    account.one(&numbers[0]).await;
    let (_, live) = account.call(reqwest::Method::POST, "/v1/track", serde_json::json!({ "numbers": numbers })).await;
    account.token = None;
    let (_, refused) =
        account.call(reqwest::Method::POST, "/v1/track", serde_json::json!({ "numbers": numbers })).await;
    let (mut sampled, mut told) = (BTreeSet::new(), BTreeSet::new());
    for answer in [live, refused] {
        places(&answer, "", &mut told);
    }
    for sample in tracklane_carriers::samples::samples("sandbox") {
        places(&serde_json::from_str(sample.body).unwrap(), "", &mut sampled);
    }
    assert_eq!(sampled, told);
}

/// The paths of all that stands in an answer, elements of lists taken together.
fn places(tree: &serde_json::Value, at: &str, found: &mut BTreeSet<String>) {
    match tree {
        serde_json::Value::Object(children) => {
            children.iter().for_each(|(name, child)| places(child, &format!("{at}.{name}"), found));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|child| places(child, at, found)),
        _ => {
            found.insert(at.to_owned());
        }
    }
}
