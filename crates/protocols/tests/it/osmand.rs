use tracklane_protocols::{decode_line, osmand};

use super::{instant, one, show};

#[track_caller]
fn check(line: &str, expected: &str) {
    let shown = one(decode_line("osmand", line)).map_or_else(|error| format!("error: {error}"), |report| show(&report));
    assert_eq!(shown, expected, "{line}");
}

#[test]
fn query() {
    check(
        "id=van-7&lat=52.5&lon=13.25&timestamp=1767225600&speed=10&bearing=90&altitude=34.5&accuracy=4&batt=81",
        "van-7 position 2026-01-01T00:00:00Z [52.5,13.25 34.50 5.14 90.00 4.00 true] {\"battery_percent\":81.0}",
    );
    // The other names, milliseconds, a heading of a full turn, and a request line instead of a query.
    check(
        "/?deviceid=van-7&location=52.5,13.25&timestamp=1767225600500&heading=360&valid=0&charge=true",
        "van-7 position 2026-01-01T00:00:00.5Z [52.5,13.25 - - 0.00 - false] {\"charging\":true}",
    );
    check(
        "id=1&lat=1&lon=2&timestamp=2026-01-01T01:00:00%2B01:00",
        "1 position 2026-01-01T00:00:00Z [1,2 - - - - true] {}",
    );
    check("id=1&lat=1&lon=2&timestamp=2026-01-01 00:00:00", "1 position 2026-01-01T00:00:00Z [1,2 - - - - true] {}");
    check("id=1&lat=1&lon=2&speed=-1&bearing=-1&accuracy=-1", "1 position - [1,2 - - - - true] {}");
    check("id=1&lat=&lon=&altitude=&batt=7", "1 attributes - [-] {\"battery_percent\":7.0}");
}

#[test]
fn free_keys_become_attributes() {
    check(
        "id=1&doors=2&temp=-3.5&open=true&route=007&note=a%20b&big=12345678901234567890&nan=NaN",
        "1 attributes - [-] {\"big\":\"12345678901234567890\",\"doors\":2,\"nan\":\"NaN\",\"note\":\"a b\",\"open\":true,\"route\":\"007\",\"temp\":-3.5}",
    );
    check("id=1&driverUniqueId=d9&notificationToken=secret", "1 attributes - [-] {\"driver\":\"d9\"}");
    check(
        "id=1&cell=262,1,30,4&cell=262,1,30,5,-70&wifi=AA-BB-CC-00-11-22,-60",
        "1 attributes - [-] {\"cells\":[{\"cid\":4,\"lac\":30,\"mcc\":262,\"mnc\":1},{\"cid\":5,\"dbm\":-70,\"lac\":30,\"mcc\":262,\"mnc\":1}],\"wifi\":[{\"dbm\":-60,\"mac\":\"aa:bb:cc:00:11:22\"}]}",
    );
}

#[test]
fn bad_queries_name_the_field() {
    check("lat=1&lon=2", "error: id is required");
    check("", "error: id is required");
    check("id=1&lat=1", "error: lon is required");
    check("id=1&lon=1", "error: lat is required");
    check("id=1&lat=91&lon=2", "error: lat must be a number of degrees from -90 to 90");
    check("id=1&lat=1&lon=-180.1", "error: lon must be a number of degrees from -180 to 180");
    check("id=1&lat=NaN&lon=2", "error: lat must be a finite number");
    check("id=1&lat=1&lon=inf", "error: lon must be a finite number");
    check("id=1&lat=1&lon=2&speed=fast", "error: speed must be a finite number");
    check("id=1&lat=1&lon=2&altitude=1e300", "error: altitude is too large");
    check("id=1&lat=1&lon=2&heading=361", "error: heading must be from 0 to 360 degrees");
    check("id=1&lat=1&lon=2&valid=yes", "error: valid must be true or false");
    check("id=1&timestamp=-5", "error: timestamp must be a time after 1970");
    check("id=1&timestamp=99999999999999999", "error: timestamp must be a time after 1970");
    let rule = "must be Unix time, or a date and time as in 2026-03-01T12:00:00Z";
    check("id=1&timestamp=yesterday", &format!("error: timestamp {rule}"));
    check("id=1&timestamp=2026-02-30T00:00:00Z", &format!("error: timestamp {rule}"));
    check("id=1&location=52.5", "error: location must be latitude,longitude");
    check("id=1&cell=1,2,3", "error: cell must be mcc,mnc,lac,cid or mcc,mnc,lac,cid,strength");
    check("id=1&wifi=aa", "error: wifi must be address,strength");
}

#[test]
fn a_key_with_one_value_must_not_repeat() {
    check("id=1&lat=1&lon=2&lat=3", "error: lat is given twice");
    check("id=1&id=1", "error: id is given twice");
    check("id=1&deviceid=2", "error: deviceid is given twice");
    check("id=1&lat=1&lon=2&location=1,2", "error: location is given twice");
    check("id=1&bearing=1&heading=1", "error: heading is given twice");
    check("id=1&doors=1&doors=2", "error: doors is given twice");
    check("id=1&batt=1&battery_percent=2", "error: battery_percent is given twice");
}

const JSON: &str = r#"{"device_id":"phone-1","location":{"timestamp":"2026-01-01T00:00:00.250Z","is_moving":true,"odometer":1200.5,
    "event":"motionchange","activity":{"type":"in_vehicle","confidence":90},"battery":{"level":0.57,"is_charging":false},
    "coords":{"latitude":52.5,"longitude":13.25,"accuracy":4,"speed":10,"heading":90,"altitude":34.5},"extras":{"seat":3}}}"#;

#[test]
fn json() {
    check(
        JSON,
        "phone-1 position 2026-01-01T00:00:00.25Z [52.5,13.25 34.50 10.00 90.00 4.00 true] {\"activity\":\"in_vehicle\",\"battery_percent\":57.0,\"charging\":false,\"event\":\"motionchange\",\"moving\":true,\"odometer_m\":1200.5,\"seat\":3}",
    );
    check(r#"{"device_id":7,"location":{"battery":{"level":-1}}}"#, "7 attributes - [-] {}");
    check(
        r#"{"device_id":"a","location":{"coords":{"latitude":1,"longitude":2,"speed":-1,"heading":-1,"accuracy":-1}}}"#,
        "a position - [1,2 - - - - true] {}",
    );
}

#[test]
fn bad_json_names_the_field() {
    check("{}", "error: device_id is required");
    check(r#"{"device_id":"a"}"#, "error: location is required");
    check(r#"{"device_id":[],"location":{}}"#, "error: device_id must be a text that is not empty");
    check(r#"{"device_id":"a","location":[]}"#, "error: location must be an object");
    let coords = |coords: &str| format!(r#"{{"device_id":"a","location":{{"coords":{coords}}}}}"#);
    check(&coords("{}"), "error: location.coords.latitude is required");
    check(&coords(r#"{"latitude":1}"#), "error: location.coords.longitude is required");
    check(&coords(r#"{"latitude":true}"#), "error: location.coords.latitude must be a finite number");
    let rule = "must be a number of degrees from -90 to 90";
    check(&coords(r#"{"latitude":99,"longitude":0}"#), &format!("error: location.coords.latitude {rule}"));
    check(
        r#"{"device_id":"a","location":{"event":1,"event":2}}"#,
        "error: the message is broken: event is given twice at line 1 column 49",
    );
    check(
        r#"{"device_id":"a","location":{"event":1,"extras":{"event":2}}}"#,
        "error: location.extras.event is given twice",
    );
    check(r#"{"device_id":"a","location":{"timestamp":1.5}}"#, "error: location.timestamp must be a time");
    assert!(decode_line("osmand", &coords(r#"{"latitude":1e999}"#)).is_err());
    assert!(decode_line("osmand", &"{\"a\":".repeat(10_000)).is_err(), "deep nesting is refused");
}

#[test]
fn the_form_of_the_message_follows_the_content_type() {
    let form = b"id=1&lat=1&lon=2&timestamp=1767225600";
    let in_body = one(osmand::decode(None, Some("application/x-www-form-urlencoded"), form)).expect("a form");
    assert_eq!(in_body.time, Some(instant("2026-01-01T00:00:00Z")));
    assert_eq!(one(osmand::decode(Some(""), None, form)).as_ref(), Ok(&in_body));
    assert_eq!(one(osmand::decode(Some("id=9"), None, form)).map(|report| report.device), Ok("9".to_owned()));
    let json = one(osmand::decode(Some("id=9"), Some("Application/JSON; charset=utf-8"), JSON.as_bytes()));
    assert_eq!(json.map(|report| report.device), Ok("phone-1".to_owned()));
    assert!(osmand::decode(None, Some("application/json"), form).is_err());
}
