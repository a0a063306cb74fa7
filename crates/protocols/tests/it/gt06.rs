//! GT06: messages of the protocol's description and of our own.

use tracklane_protocols::decode_line;
use tracklane_protocols::gt06::{STREAM, login};

use super::corpus_streams::{feed, session};
use super::{one, show};

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("hex")
}

/// Puts a message of a kind into a frame.
fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x78, 0x78, body.len() as u8 + 5, kind];
    frame.extend(body);
    frame.extend([0, 7]);
    let crc = frame[2..].iter().fold(0xFFFFu16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 })
    });
    frame.extend((!crc).to_be_bytes());
    frame.extend(b"\r\n");
    frame
}

/// 2023-10-26 22:46:26, 41.1456 N 8.6109 W, 36 km/h, course 270, valid, ignition on.
fn location() -> Vec<u8> {
    let (lat, lon) = (74_062_080u32, 15_499_620u32);
    let place = [lat.to_be_bytes(), lon.to_be_bytes()].concat();
    let rest = [36, 0b1101_1101, 0b0000_1110, 1, 12, 1, 0, 9, 0, 0, 5, 1, 4, 0];
    frame(0x22, &[&[23, 10, 26, 22, 46, 26, 0xCA][..], &place, &rest].concat())
}

#[test]
fn the_login_of_the_description_is_answered() {
    assert_eq!(
        hex::encode_upper(login("123456789012345", 1).expect("an IMEI")),
        "78780D01012345678901234500018CDD0D0A"
    );
    let (decoded, _) = feed(STREAM, [&bytes("78780D01012345678901234500018CDD0D0A")[..]]);
    assert_eq!(hex::encode_upper(&decoded[0].reply), "787805010001D9DC0D0A");
    assert_eq!(decoded[0].reports[0].device, "123456789012345");
}

#[test]
fn a_location() {
    let report = one(decode_line("gt06", &hex::encode(location()))).expect("a report");
    assert_eq!(
        show(&report),
        " position 2023-10-26T22:46:26Z [41.1456,-8.6109 - 10.00 270.00 - true] \
         {\"archived\":false,\"cells\":[{\"cid\":5,\"lac\":9,\"mcc\":268,\"mnc\":1}],\"event\":4,\"ignition\":true,\"satellites\":10}"
    );
}

#[test]
fn the_clock_of_the_device_is_ahead_by_what_it_said() {
    // Type 1, eight hours east.
    let login = frame(0x01, &bytes("012345678901234500013200"));
    let (decoded, _) = feed(STREAM, [&login[..], &location()]);
    assert_eq!(decoded[1].reports[0].time, Some(super::instant("2023-10-26T14:46:26Z")));
    assert_eq!(decoded[1].reports[0].device, "123456789012345");
}

#[test]
fn garbage_between_frames_is_dropped() {
    let stream = [b"GET / HTTP/1.1\r\n", &location()[..], b"\r\nxy\0", &location()].concat();
    let (decoded, error) = feed(STREAM, [&stream[..]]);
    assert_eq!(error, None);
    assert_eq!(decoded.iter().filter(|decoded| !decoded.reports.is_empty()).count(), 2);
}

#[test]
fn a_wrong_check_sum_is_an_error_on_a_connection_and_a_mark_on_a_line() {
    let mut frame = location();
    frame[6] ^= 1;
    let decoded = (STREAM.decode)(&frame, &mut session());
    assert!(decoded.reports.is_empty() && decoded.reply.is_empty());
    assert!(decoded.errors[0].to_string().starts_with("crc must be "));
    let report = one(decode_line("gt06", &hex::encode(frame))).expect("a report");
    assert_eq!(report.attributes["checksum_wrong"], true);
}

#[test]
fn who_asks_for_the_time_gets_it() {
    let decoded = (STREAM.decode)(&frame(0x8A, &[]), &mut session());
    assert_eq!(decoded.reply[3..10], [0x8A, 26, 3, 1, 12, 0, 0]);
}

#[test]
fn no_satellites_and_no_place_is_no_fix() {
    let body = [&[23, 10, 26, 22, 46, 26, 0xC0][..], &[0; 19]].concat();
    let report = one(decode_line("gt06", &hex::encode(frame(0x12, &body)))).expect("a report");
    assert_eq!((report.kind.as_str(), report.fix), ("no_fix", None));
    assert!(report.time.is_some());
}

/// Messages of every shape, by kind and body, and what they say.
const SHAPES: &[(u8, &str, &str)] = &[
    (
        0x13,
        "460604 0302",
        "heartbeat - [-] {\"alarm\":\"vibration\",\"battery_percent\":100,\"blocked\":false,\"charging\":true,\"gsm_signal\":4,\"ignition\":true,\"status\":70}",
    ),
    (
        0x23,
        "07 0190 1f",
        "heartbeat - [-] {\"armed\":true,\"battery_voltage_v\":4.0,\"charging\":true,\"gsm_signal\":31,\"ignition\":true}",
    ),
    (
        0x16,
        "170a1a162e1a ca 046a1900 00ec8164 24 1d0e 09 010c 01 0009 000005 42 05 04 06 02",
        "position 2023-10-26T22:46:26Z [41.1456,-8.6109 - 10.00 270.00 - true] {\"alarm\":\"overspeed\",\"battery_percent\":83,\"blocked\":false,\"cells\":[{\"cid\":5,\"lac\":9,\"mcc\":268,\"mnc\":1}],\"charging\":false,\"gsm_signal\":4,\"ignition\":true,\"satellites\":10,\"status\":66}",
    ),
    (
        0xA0,
        "170a1a162e1a ca 046a1900 00ec8164 24 1d0e 810c 0001 00000009 0000000000000005 01 02 01 00000064",
        "position 2023-10-26T22:46:26Z [41.1456,-8.6109 - 10.00 270.00 - true] {\"archived\":true,\"cells\":[{\"cid\":5,\"lac\":9,\"mcc\":268,\"mnc\":1}],\"event\":2,\"ignition\":true,\"odometer_m\":100,\"satellites\":10}",
    ),
    (
        0x28,
        "170a1a162e1a 010c 01 0009 000005 28 000000000000 000000000000 000000000000 000000000000 000000000000 000000000000 ff 0002",
        "network 2023-10-26T22:46:26Z [-] {\"cells\":[{\"cid\":5,\"dbm\":-40,\"lac\":9,\"mcc\":268,\"mnc\":1}]}",
    ),
    (0x95, "170a1a162e1a 91", "alarm 2023-10-26T22:46:26Z [-] {\"alarm\":\"hard_braking\"}"),
    (0x15, "06 00000000 4f4b 0002", "result - [-] {\"result\":\"OK\"}"),
    (0x77, "0102", "message - [-] {\"message_kind\":\"77\",\"payload\":\"0102\"}"),
    (
        0x12,
        "170d1a162e1a ca 046a1900 00ec8164 24 1d0e 010c 01 0009 000005",
        "date must be a date and a time, and is [17, 0d, 1a, 16, 2e, 1a]",
    ),
    (
        0x12,
        "170a1a162e1a ca 0a000000 00ec8164 24 1d0e 010c 01 0009 000005",
        "latitude must be a number of degrees from -90 to 90",
    ),
    (0x22, "170a1a162e1a ca 046a", "latitude is cut short"),
];

#[test]
fn messages_of_every_shape() {
    for (kind, body, expected) in SHAPES {
        let body = bytes(&body.replace(' ', ""));
        let read = one(decode_line("gt06", &hex::encode(frame(*kind, &body))));
        let shown = read.map_or_else(|error| error, |report| show(&report).trim_start().to_owned());
        assert_eq!(shown, *expected, "kind {kind:02x}");
    }
}
