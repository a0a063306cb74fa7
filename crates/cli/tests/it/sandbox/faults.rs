use std::time::Duration;

use serde_json::json;
use tracklane_carriers::CarrierError;
use tracklane_carriers::report::When;
use tracklane_core::lifecycle::Status;
use tracklane_core::time::TzConfidence;

use super::{Sandbox, names, number, statuses};

/// What each fault of the whole answer is for whoever asks, and for how many asks; 0 for all.
const BROKEN: &[(&str, &str, usize)] = &[
    ("fails_once", "carrier_fault", 1),
    ("fails_twice", "carrier_fault", 2),
    ("fails_thrice", "carrier_fault", 3),
    ("fails_nine_times", "carrier_fault", 9),
    ("hangs", "carrier_fault", 0),
    ("web_page", "unreadable", 0),
    ("error_inside", "carrier_fault", 0),
    ("cut", "unreadable", 0),
    ("empty", "unreadable", 0),
    ("latin1", "unreadable", 0),
    ("too_large", "unreadable", 0),
    ("throttled", "rate_limited", 1),
    ("token_refused", "unauthorised", 1),
];

const ODD: &[&str] = &["unknown_code", "no_offset", "date_only", "put_off", "shuffled"];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_the_error_that_it_should_be() {
    let told = ["none"].into_iter().chain(BROKEN.iter().map(|(fault, ..)| *fault)).chain(ODD.iter().copied());
    assert_eq!(names("fault"), told.collect::<Vec<_>>());
    // So fast that what hangs is over soon.
    let sandbox = Sandbox::start(&["--speed", "1000"]);
    let mut account = sandbox.account("faults");
    for (fault, kind, asks) in BROKEN {
        let number = number("delivered", "at_once", fault);
        for _ in 0..if *asks == 0 { 2 } else { *asks } {
            let error = account.ask(&[&number]).await.unwrap_err();
            assert_eq!(error.kind(), *kind, "{fault}: {error}");
            let words = match *fault {
                "web_page" => "Down for maintenance",
                "latin1" => "UTF-8",
                "too_large" => "more than 16777216",
                "throttled" => "too many requests",
                _ => "",
            };
            assert!(error.to_string().contains(words), "{fault}: {error}");
            if let CarrierError::RateLimited { retry_after_seconds, .. } = error {
                assert_eq!(retry_after_seconds, Some(2));
            }
        }
        if *asks > 0 {
            assert_eq!(account.one(&number).await.status(), Some(Status::Delivered), "{fault}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_hangs_does_not_answer() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("patience");
    account.one(&number("delivered", "at_once", "none")).await;
    let url = format!("{}/v1/track/{}", account.base, number("delivered", "at_once", "hangs"));
    let call = account.http.get(url).header("authorization", account.bearer()).timeout(Duration::from_millis(300));
    assert!(call.send().await.unwrap_err().is_timeout());
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_read_for_what_they_say() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("odd");
    let mut of = async |fault: &str| account.one(&number("delivered", "at_once", fault)).await;

    let unknown = of("unknown_code").await;
    assert_eq!(statuses(&unknown), ["info_received", "unknown", "in_transit", "out_for_delivery", "delivered"]);
    assert_eq!(unknown.events[1].raw_code.as_deref(), Some("Q7"));

    let no_offset = of("no_offset").await;
    let sure = |when: &When| match when {
        When::Instant { confidence, .. } | When::Day { confidence, .. } => *confidence,
        When::Undated => TzConfidence::Unknown,
    };
    let told: Vec<_> = no_offset.events.iter().map(|event| sure(&event.when)).collect();
    let place = TzConfidence::FromPlace;
    assert_eq!(told, [TzConfidence::Assumed, place, place, place, place]);

    let days = of("date_only").await;
    assert!(days.events.iter().all(|event| matches!(event.when, When::Day { .. })), "{days:?}");
    assert_eq!(days.status(), Some(Status::Delivered));

    let put_off = of("put_off").await;
    let delivered = put_off.events[4].when.instant().unwrap();
    let expected = put_off.estimates[1].until.instant().unwrap();
    assert_eq!(expected.duration_since(delivered).as_hours(), 5 * 24);

    let shuffled = of("shuffled").await;
    assert_eq!(shuffled.events[0], shuffled.events[1]);
    assert_eq!((shuffled.events.len(), shuffled.status()), (6, Some(Status::Delivered)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_number_breaks_the_batch_and_no_other_ask() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("batch");
    let (good, bad) = (number("delivered", "at_once", "none"), number("delivered", "at_once", "fails_once"));
    assert_eq!(account.ask(&[&good, &bad]).await.unwrap_err().kind(), "carrier_fault");
    assert_eq!(account.ask(&[&good, &bad]).await.unwrap().reports.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_breaks_every_answer_until_it_is_over() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("outage");
    let number = number("delivered", "at_once", "none");
    account.one(&number).await;
    let put = reqwest::Method::PUT;
    let (status, said) = account.call(put.clone(), "/v1/outage", json!({ "fault": "none", "seconds": 60 })).await;
    assert!(
        status == 400
            && said["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains("unknown variant `none`, expected one of `fails`, `hangs`"),
        "{said}"
    );
    for (fault, kind) in [("fails", "carrier_fault"), ("web_page", "unreadable"), ("latin1", "unreadable")] {
        let (status, _) = account.call(put.clone(), "/v1/outage", json!({ "fault": fault, "seconds": 600 })).await;
        assert_eq!(status, 200);
        for _ in 0..3 {
            assert_eq!(account.ask(&[&number]).await.unwrap_err().kind(), kind);
        }
    }
    assert_eq!(account.call(reqwest::Method::DELETE, "/v1/outage", json!({})).await.0, 204);
    account.one(&number).await;
}
