use serde_json::Value;

use crate::support::{err, out, run, run_with};

fn decode(protocol: &str, input: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let output = run_with(folder.path(), &["decode", protocol], input);
    assert!(output.status.success(), "{}", err(&output));
    out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn osmand_lines_become_positions_and_a_bad_one_an_error() {
    let found = decode(
        "osmand",
        "id=van-7&timestamp=1700000000&lat=41.15&lon=-8.61&altitude=80&bearing=90&accuracy=5&batt=77\n\
         nonsense\n\
         id=van-7&timestamp=1700000015&lat=41.16&lon=-8.62\n",
    );
    assert_eq!(found.len(), 3);
    assert_eq!(found[0]["device"], "van-7");
    assert_eq!(found[0]["time"], "2023-11-14T22:13:20Z");
    assert_eq!(found[0]["altitude_m"], 80.0);
    assert_eq!(found[0]["course_deg"], 90.0);
    assert_eq!(found[0]["valid"], true);
    assert!(found[1]["error"].is_string(), "{}", found[1]);
    assert_eq!(found[2]["line"], 3);
}

#[test]
fn owntracks_messages_without_a_position_say_so() {
    let found = decode(
        "owntracks",
        "{\"_type\":\"location\",\"tst\":1700000000,\"lat\":41.15,\"lon\":-8.61,\"vel\":36,\"tid\":\"ab\"}\n\
         {\"_type\":\"lwt\",\"tst\":1700000000}\n",
    );
    assert_eq!(found[0]["speed_mps"], 10.0);
    assert_eq!(found[1]["position"], Value::Null);
    assert_eq!(found[1]["kind"], "lwt");
}

#[test]
fn what_a_broker_passes_on_is_read_with_its_topic() {
    let found = decode(
        "mqtt",
        "tracklane/acme/van-7 {\"fix_time\":\"2026-01-05T08:00:00Z\",\"lat\":41.15,\"lon\":-8.61}\n\
         owntracks/ana/phone {\"_type\":\"lwt\",\"tst\":1700000000}\n\
         weather/porto 17\n",
    );
    assert_eq!((&found[0]["device"], &found[0]["lat"]), (&"van-7".into(), &41.15.into()));
    assert_eq!((&found[1]["device"], &found[1]["kind"]), (&"ana/phone".into(), &"lwt".into()));
    assert!(found[2]["error"].as_str().unwrap().contains("topic must be"), "{found:?}");
}

#[test]
fn the_help_names_every_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let help = out(&run(folder.path(), &["decode", "--help"]));
    for protocol in tracklane_protocols::registry::PROTOCOLS {
        assert!(help.contains(protocol.name), "{} is missing in:\n{help}", protocol.name);
    }
}

#[test]
fn every_message_of_the_corpus_is_answered_line_by_line() {
    let Ok(corpus) = std::env::var("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return;
    };
    for protocol in ["osmand", "owntracks"] {
        let text = std::fs::read_to_string(format!("{corpus}/devices/traccar_{protocol}.jsonl")).unwrap();
        let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let input: String = cases.iter().map(|case| format!("{}\n", line_of(case))).collect();
        let found = decode(protocol, &input);
        for (index, case) in cases.iter().enumerate() {
            let answers: Vec<&Value> = found.iter().filter(|answer| answer["line"] == index + 1).collect();
            let with_position = answers.iter().any(|answer| answer["lat"].is_number());
            let wants = matches!(case["assertion"].as_str(), Some("position" | "positions"));
            assert!(!answers.is_empty() || !wants, "no answer to {case}");
            assert!(with_position || !wants, "no position in {case}: {answers:?}");
        }
    }
}

/// The message of a case as one line: the query, or the body.
fn line_of(case: &Value) -> String {
    let message = &case["message"];
    let body = message["body"]["data"].as_str().or(message["body"].as_str()).unwrap_or_default();
    if !body.is_empty() {
        return body.replace('\n', " ");
    }
    let path = message["path"].as_str().unwrap_or_default();
    path.split_once('?').map_or(path, |(_, query)| query).to_owned()
}
