use tracklane_protocols::decode_line;
use tracklane_protocols::owntracks::{Sender, decode};

use super::{one, show};

#[track_caller]
fn check(line: &str, expected: &str) {
    let shown =
        one(decode_line("owntracks", line)).map_or_else(|error| format!("error: {error}"), |report| show(&report));
    assert_eq!(shown, expected, "{line}");
}

#[test]
fn location() {
    check(
        r#"{"_type":"location","topic":"owntracks/ana/bike","lat":52.5,"lon":13.25,"tst":1767225600,"acc":8,"alt":34,"vel":36,"cog":359,"vac":3,"batt":81,"bs":2,"t":"u","conn":"m","tid":"an","p":101.3,"inregions":["depot"],"image":"AAAA"}"#,
        "ana/bike position 2026-01-01T00:00:00Z [52.5,13.25 34.00 10.00 359.00 8.00 true] {\"battery_percent\":81,\"battery_status\":\"charging\",\"connection\":\"mobile\",\"pressure_kpa\":101.3,\"regions\":[\"depot\"],\"tracker_id\":\"an\",\"trigger\":\"manual\",\"vertical_accuracy_m\":3}",
    );
    check(
        r#"{"_type":"location","lat":"1.5","lon":2,"tst":"1767225600","vel":-1,"cog":-1,"batt":-1}"#,
        " position 2026-01-01T00:00:00Z [1.5,2 - - - - true] {}",
    );
    check(
        r#"{"_type":"location","lat":1,"lon":2,"new":{"a":1}}"#,
        " position - [1,2 - - - - true] {\"new\":{\"a\":1}}",
    );
}

#[test]
fn messages_without_a_position_tell_their_kind() {
    check(
        r#"{"_type":"transition","event":"enter","desc":"depot","tst":1767225600,"wtst":1,"lat":1,"lon":2,"acc":5,"t":"c"}"#,
        " transition 2026-01-01T00:00:00Z [-] {\"acc\":5,\"desc\":\"depot\",\"event\":\"enter\",\"lat\":1,\"lon\":2,\"t\":\"c\",\"wtst\":1}",
    );
    check(r#"{"_type":"lwt","tst":1767225600}"#, " lwt - [-] {\"tst\":1767225600}");
    check(
        r#"{"_type":"waypoint","desc":"depot","tst":1,"lat":1,"lon":2,"rad":50}"#,
        " waypoint - [-] {\"desc\":\"depot\",\"lat\":1,\"lon\":2,\"rad\":50,\"tst\":1}",
    );
    check(r#"{"_type":"waypoints","waypoints":[]}"#, " waypoints - [-] {\"waypoints\":[]}");
    check(r#"{"_type":"card","name":"Ana","face":"AAAA"}"#, " card - [-] {\"name\":\"Ana\"}");
    check(r#"{"_type":"cmd","action":"dump"}"#, " cmd - [-] {\"action\":\"dump\"}");
    check(r#"{"_type":"encrypted","data":"c2VjcmV0"}"#, " encrypted - [-] {}");
    check(r#"{"_type":"configuration","password":"s"}"#, " configuration - [-] {}");
    check(r#"{"_type":"of_tomorrow","x":1}"#, " of_tomorrow - [-] {}");
}

#[test]
fn bad_messages_name_the_field() {
    check("{}", "error: _type is required");
    check("[]", "error: the message is broken: a JSON object was expected");
    check(r#"{"_type":1}"#, "error: _type must be a text");
    check(r#"{"_type":"location","lon":2}"#, "error: lat is required");
    check(r#"{"_type":"location","lat":1}"#, "error: lon is required");
    check(r#"{"_type":"location","lat":-91,"lon":2}"#, "error: lat must be a number of degrees from -90 to 90");
    check(r#"{"_type":"location","lat":"NaN","lon":2}"#, "error: lat must be a finite number");
    check(r#"{"_type":"location","lat":1,"lon":2,"tst":-1}"#, "error: tst must be a time after 1970");
    check(r#"{"_type":"location","lat":1,"lon":2,"tst":1.5}"#, "error: tst must be whole seconds");
    check(r#"{"_type":"location","lat":1,"lon":2,"cog":400}"#, "error: cog must be from 0 to 360 degrees");
    check(r#"{"_type":"transition","event":"jump"}"#, "error: event must be enter or leave");
    check(
        r#"{"_type":"location","lat":1,"lat":2}"#,
        "error: the message is broken: lat is given twice at line 1 column 36",
    );
    check(r#"{"_type":"location","lat":1,"lon":2,"t":"u","trigger":"x"}"#, "error: trigger is given twice");
}

#[test]
fn the_device_comes_from_topic_then_headers_then_query() {
    let full =
        Sender { header_user: Some("hu"), header_device: Some("hd"), query_user: Some("qu"), query_device: Some("qd") };
    let headers_gone = Sender { header_user: None, header_device: None, ..full };
    let user_only = Sender { query_device: Some(""), ..headers_gone };
    let with_topic = r#"{"_type":"lwt","topic":"owntracks/ana/bike/event"}"#;
    let half_topic = r#"{"_type":"lwt","topic":"owntracks"}"#;
    let plain = r#"{"_type":"lwt","tid":"xx"}"#;
    for (message, sender, device) in [
        (with_topic, full, "ana/bike"),
        (half_topic, full, "hu/hd"),
        (plain, full, "hu/hd"),
        (plain, headers_gone, "qu/qd"),
        (plain, user_only, "qu"),
        (plain, Sender::default(), ""),
    ] {
        assert_eq!(one(decode(message.as_bytes(), &sender)).map(|report| report.device), Ok(device.to_owned()));
    }
}

#[test]
fn an_empty_body_is_a_sign_of_life() {
    assert_eq!(decode(b"", &Sender::default()), Ok(vec![]));
    assert_eq!(decode(b" \n", &Sender::default()), Ok(vec![]));
}
