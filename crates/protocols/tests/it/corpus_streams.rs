//! Messages of protocols over TCP and UDP from other projects' tests, when the corpus is there: whole, cut short, and split
//! at every byte.

use bytes::BytesMut;
use serde_json::{Value, json};
use tracklane_core::position::{Fix, Report};
use tracklane_protocols::{
    DecodeError, Decoded, Session, Stream, decode_line, gl200, gps103, gt06, h02, teltonika, tk103,
};

use super::corpus::cases;
use super::instant;

/// Why the value of an attribute is not read.
const MODEL: &str = "where or what it is depends on a model that the message does not say";

/// Why a fix is not read.
const ZERO: &str = "coordinates of zero that the device does not vouch for are no fix";

/// What one protocol's messages need.
struct Corpus {
    protocol: &'static str,
    file: &'static str,
    count: usize,
    stream: Stream,
    /// Makes a message whole that was changed for publication.
    repair: fn(&mut Vec<u8>),
    /// Messages without a frame to find, and why.
    unframed: &'static [(&'static str, &'static str)],
    /// Assertions that are not checked, and why.
    unchecked: &'static [(&'static str, &'static str)],
}

pub(super) fn session() -> Session {
    Session::new(instant("2026-03-01T12:00:00Z"))
}

/// Feeds pieces as a connection would.
pub(super) fn feed<'a>(
    stream: Stream,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Decoded>, Option<DecodeError>) {
    let (mut buffer, mut session, mut all) = (BytesMut::new(), session(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match (stream.frame)(&mut buffer) {
                Ok(Some(frame)) => {
                    assert!(frame.len() <= stream.max_frame);
                    all.push((stream.decode)(&frame, &mut session));
                }
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        assert!(buffer.len() <= stream.max_frame, "{} bytes wait", buffer.len());
    }
    (all, None)
}

/// The same whether it comes whole, split anywhere, or byte by byte; and no beginning of it brings the decoder down.
fn decode_every_way(stream: Stream, bytes: &[u8], id: &str) -> Vec<Decoded> {
    let whole = feed(stream, [bytes]);
    for at in 0..bytes.len() {
        let (start, end) = bytes.split_at(at);
        assert_eq!(feed(stream, [start, end]), whole, "{id} split at {at}");
        feed(stream, [start]);
        (stream.datagram)(start, &mut session());
        (stream.decode)(start, &mut session());
    }
    assert_eq!(feed(stream, bytes.chunks(1)), whole, "{id} byte by byte");
    assert_eq!(whole.1, None, "{id}");
    whole.0
}

fn message(case: &Value) -> Vec<u8> {
    let data = case["message"]["data"].as_str().expect("data");
    match case["message"]["kind"].as_str() {
        Some("hex") => hex::decode(data).expect("hex"),
        _ => data.chars().map(|c| c as u8).collect(),
    }
}

fn check(corpus: &Corpus) {
    let cases = cases(corpus.file);
    assert!(cases.is_empty() || cases.len() == corpus.count, "{} messages", cases.len());
    let (mut checked, mut left_out, mut with_fix, mut lines_read, mut failures) = (0, 0, 0, 0, Vec::new());
    for case in &cases {
        let id = case["id"].as_str().expect("an id");
        let mut bytes = message(case);
        // As it was published, whatever its check sum.
        let line = case["message"]["data"].as_str().expect("data");
        lines_read += usize::from(decode_line(corpus.protocol, line).is_ok());
        (corpus.repair)(&mut bytes);
        let is_datagram = case["test_method"] == "testDecodeConnectionless";
        let decoded = if is_datagram {
            (0..bytes.len()).for_each(|end| drop((corpus.stream.datagram)(&bytes[..end], &mut session())));
            vec![(corpus.stream.datagram)(&bytes, &mut session())]
        } else {
            decode_every_way(corpus.stream, &bytes, id)
        };
        let listed = |list: &[(&str, &str)]| list.iter().any(|(left_out, _)| id.ends_with(left_out));
        if listed(corpus.unframed) {
            assert!(decoded.iter().all(|decoded| decoded.reports.is_empty()), "{id} can be read after all");
            left_out += 1;
            continue;
        }
        let reports: Vec<_> = decoded.iter().flat_map(|decoded| decoded.reports.clone()).collect();
        with_fix += usize::from(reports.iter().any(|report| report.fix.is_some()));
        let outcome =
            asserted(case, &bytes, corpus.stream, &decoded, &reports).and_then(|()| independent(case, &decoded));
        match (outcome, listed(corpus.unchecked)) {
            (Ok(()), false) => checked += 1,
            (Err(_), true) => left_out += 1,
            (Ok(()), true) => failures.push(format!("{id} holds after all")),
            (Err(error), false) => failures.push(format!("{id}: {error}")),
        }
    }
    println!(
        "{}: {} messages, {checked} checked, {left_out} left out, {with_fix} with a fix, {lines_read} read as a line",
        corpus.file,
        cases.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn ensure(holds: bool, what: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

/// What the other project's test asserts of a message.
fn asserted(case: &Value, bytes: &[u8], stream: Stream, decoded: &[Decoded], reports: &[Report]) -> Result<(), String> {
    let errors: Vec<_> = decoded.iter().flat_map(|decoded| &decoded.errors).map(ToString::to_string).collect();
    let fixes: Vec<&Fix> = reports.iter().filter_map(|report| report.fix.as_ref()).collect();
    let assertion = case["assertion"].as_str().expect("an assertion");
    if assertion != "null" && assertion != "frame" {
        ensure(errors.is_empty(), format!("errors {errors:?}"))?;
        ensure(!reports.is_empty(), "no report")?;
    }
    match assertion {
        "position" | "positions" => {
            ensure(fixes.len() == reports.len(), format!("{} fixes in {} reports", fixes.len(), reports.len()))?;
        }
        "null" => ensure(fixes.is_empty(), "a fix")?,
        "frame" => {
            let frame = (stream.frame)(&mut BytesMut::from(bytes)).map_err(|error| error.to_string())?;
            let frame = frame.map(hex::encode).unwrap_or_default();
            ensure(case["expected_frame"]["data"] == frame, format!("the frame is {frame}"))?;
        }
        "attributes_only" | "positions_without_location" => {
            ensure(reports.iter().all(|report| !report.attributes.is_empty()), "no attributes")?;
        }
        "attribute" | "not_null" => {}
        other => return Err(format!("unknown assertion {other}")),
    }
    if let Some(expected) = case.get("expected_position") {
        let (report, fix) = reports.first().zip(fixes.first()).ok_or("no fix")?;
        ensure(fix.valid == expected["valid"], "validity")?;
        if let Some(time) = expected["time"].as_str() {
            ensure(report.time == Some(instant(time)), format!("the time is {:?}", report.time))?;
        }
        let place = [("lat", fix.point.lat), ("lon", fix.point.lon)];
        for (name, value) in place {
            let expected = expected[name].as_f64().expect("a number");
            ensure(near(value, expected, 1e-5), format!("{name} is {value}, not {expected}"))?;
        }
    }
    match case.get("expected_attribute") {
        Some(expected) => {
            let report = reports.first().ok_or("no report")?;
            attribute(expected["key"].as_str().expect("a key"), &expected["value"], report)
        }
        None => Ok(()),
    }
}

/// Compares an attribute under the other project's name and unit with ours.
fn attribute(key: &str, expected: &Value, report: &Report) -> Result<(), String> {
    let get = |name: &str| report.attributes.get(name).cloned().unwrap_or(Value::Null);
    let scaled = |value: &Value, factor: f64| value.as_f64().map_or(Value::Null, |number| json!(number * factor));
    let found = match key {
        "driverUniqueId" => get("driver"),
        "power" => get("external_voltage_v"),
        "battery" => get("battery_voltage_v"),
        "batteryLevel" => get("battery_percent"),
        "humidity" => get("humidity_percent"),
        "temp1" => get("temperature_1_c"),
        "adc1" => get("analog_1_v"),
        "serial" => get("serial_data"),
        "result" if report.attributes.contains_key("serial_data") => get("serial_data"),
        "eyeTemp1" => get("eye_1_temperature_c"),
        "tag1Voltage" => scaled(&get("beacons")[0]["voltage_v"], 1000.0),
        "hours" => scaled(&get("engine_hours_s"), 1000.0),
        "networkTechnology" => json!(get("network").as_str().map(str::to_uppercase)),
        "course" => json!(report.fix.as_ref().and_then(|fix| fix.course_deg)),
        "fuel1" => get("fuel_1_percent"),
        "altitude" => json!(report.fix.as_ref().and_then(|fix| fix.altitude_m)),
        "alarm" => {
            let ours = get("alarm");
            let mut words = ours.as_str().unwrap_or_default().split('_');
            let first = words.next().unwrap_or_default().to_owned();
            let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
            json!(words.fold(first, |name, word| name + &capital(word)))
        }
        _ => get(key),
    };
    let same = match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => near(found, expected, 1e-6 * expected.abs().max(1.0)),
        _ => found == *expected,
    };
    ensure(same, format!("{key} is {found}, not {expected}: {:?}", report.attributes))
}

/// What a second library makes of the same bytes.
fn independent(case: &Value, decoded: &[Decoded]) -> Result<(), String> {
    let Some(other) = case.get("independent_decode") else { return Ok(()) };
    let [decoded] = decoded else { return Err(format!("{} frames", decoded.len())) };
    if let Some(imei) = other["imei"].as_str() {
        ensure(decoded.reports[0].device == imei, format!("the device is {}", decoded.reports[0].device))?;
    }
    if let Some(answer) = other["ack_hex"].as_str() {
        ensure(hex::encode(&decoded.reply) == answer, format!("the reply is {}", hex::encode(&decoded.reply)))?;
    }
    let records = other["records"].as_array().map_or(&[][..], Vec::as_slice);
    ensure(records.is_empty() || records.len() == decoded.reports.len(), "the number of records")?;
    for (record, report) in records.iter().zip(&decoded.reports) {
        let number = |name: &str| record[name].as_f64().expect("a number");
        // It takes the identity of some models for a time and a place.
        if number("lat").abs() > 90.0 {
            continue;
        }
        ensure(
            report.time.is_some_and(|time| time.as_millisecond() == record["time_ms"]),
            format!("the time is {:?}", report.time),
        )?;
        let Some(fix) = &report.fix else {
            ensure(number("lat") == 0.0 && number("lon") == 0.0, "no fix")?;
            continue;
        };
        let speed = fix.speed_mps.map_or(f64::NAN, |speed| f64::from(speed) * 3.6);
        let course = fix.course_deg.map_or(f64::NAN, f64::from);
        ensure(near(fix.point.lat, number("lat"), 1e-6), format!("lat is {}", fix.point.lat))?;
        ensure(near(fix.point.lon, number("lon"), 1e-6), format!("lon is {}", fix.point.lon))?;
        ensure(near(speed, number("speed_kmh"), 1e-3), format!("the speed is {speed}"))?;
        ensure(near(course, number("course_deg"), 0.0), format!("the course is {course}"))?;
        ensure(fix.valid == record["position_valid"], "validity")?;
        if let Some(altitude) = record["altitude_m"].as_f64() {
            ensure(fix.altitude_m.is_some_and(|ours| near(ours.into(), altitude, 0.0)), "the altitude")?;
            ensure(report.attributes["satellites"] == record["satellites"], "the satellites")?;
        }
    }
    Ok(())
}

/// Puts in the check sum that the bytes have now.
fn repair_teltonika(bytes: &mut Vec<u8>) {
    let Some([0, 0, 0, 0, length @ ..]) = bytes.first_chunk::<8>() else { return };
    let end = 8 + u32::from_be_bytes(*length) as usize;
    if let Some(data) = bytes.get(8..end) {
        let crc = reflected_crc(data, 0, 0xA001);
        bytes.truncate(end);
        bytes.extend(u32::from(crc).to_be_bytes());
    }
}

fn repair_gt06(bytes: &mut Vec<u8>) {
    if bytes.ends_with(b"\r") {
        bytes.push(b'\n');
    }
    let stated = if bytes[0] == 0x78 {
        5 + usize::from(bytes[2])
    } else {
        6 + usize::from(bytes[3]) + 256 * usize::from(bytes[2])
    };
    let end = bytes.len() - 4;
    if stated == bytes.len() && stated > 8 {
        let crc = !reflected_crc(&bytes[2..end], 0xFFFF, 0x8408);
        bytes[end..end + 2].copy_from_slice(&crc.to_be_bytes());
    }
}

fn reflected_crc(bytes: &[u8], start: u16, polynomial: u16) -> u16 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 })
    })
}

#[test]
fn teltonika_messages() {
    check(&Corpus {
        protocol: "teltonika",
        file: "devices/traccar_teltonika.jsonl",
        count: 37,
        stream: teltonika::STREAM,
        repair: repair_teltonika,
        unframed: &[("DecoderTest#126", "codec 7 of devices before 2012")],
        unchecked: &[("DecoderTest#60", "the length leaves out the time before the text")],
    });
}

#[test]
fn gt06_messages() {
    check(&Corpus {
        protocol: "gt06",
        file: "devices/traccar_gt06.jsonl",
        count: 130,
        stream: gt06::STREAM,
        repair: repair_gt06,
        unframed: &[],
        unchecked: &[
            ("FrameDecoderTest#17", "it ends before the length says, which only the end of a connection can show"),
            ("#46", MODEL),
            ("#70", MODEL),
            ("#138", MODEL),
            ("#579", MODEL),
            ("#585", MODEL),
            ("#644", MODEL),
        ],
    });
}

#[test]
fn h02_messages() {
    check(&Corpus {
        protocol: "h02",
        file: "devices/traccar_h02.jsonl",
        count: 60,
        stream: h02::STREAM,
        repair: |_| (),
        unframed: &[],
        unchecked: &[],
    });
}

#[test]
fn tk103_messages() {
    check(&Corpus {
        protocol: "tk103",
        file: "devices/traccar_tk103.jsonl",
        count: 52,
        stream: tk103::STREAM,
        repair: |_| (),
        unframed: &[],
        unchecked: &[
            ("#17", "the batteries of an electric vehicle are kept as they come"),
            ("#53", "it has a cell, and no fix"),
            ("#62", ZERO),
            ("#74", MODEL),
            ("#145", ZERO),
        ],
    });
}

/// Puts in the end mark that the other project's framing takes off.
fn ended(bytes: &mut Vec<u8>, mark: u8) {
    if bytes.last() != Some(&mark) {
        bytes.push(mark);
    }
}

#[test]
fn gps103_messages() {
    check(&Corpus {
        protocol: "gps103",
        file: "devices/traccar_gps103.jsonl",
        count: 53,
        stream: gps103::STREAM,
        repair: |bytes| ended(bytes, b';'),
        unframed: &[],
        unchecked: &[],
    });
}

#[test]
fn gl200_messages() {
    check(&Corpus {
        protocol: "gl200",
        file: "devices/traccar_gl200text.jsonl",
        count: 129,
        stream: gl200::STREAM,
        repair: |bytes| ended(bytes, b'$'),
        unframed: &[],
        unchecked: &[
            ("#42", MODEL),
            ("#74", MODEL),
            ("#153", MODEL),
            ("#157", "what a device on the serial port says is kept as it comes"),
            ("#164", MODEL),
            ("#175", MODEL),
            ("#196", MODEL),
            ("#200", MODEL),
            ("#208", MODEL),
            ("#607", MODEL),
        ],
    });
}
