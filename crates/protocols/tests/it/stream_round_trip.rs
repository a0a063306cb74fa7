//! Protocols over TCP and UDP: what we write, we read; what nobody wrote does not bring us down.

use proptest::prelude::*;
use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Point, Report};
use tracklane_protocols::teltonika::Codec;
use tracklane_protocols::{PROTOCOLS, ProtocolKind, Stream, gt06, teltonika};

use super::corpus_streams::{feed, session};

/// Fixes in the steps of the protocols: km/h, degrees, metres.
fn any_fix() -> impl Strategy<Value = Fix> {
    let place = (-900_000_000i32..=900_000_000, -1_800_000_000i32..=1_800_000_000);
    (place, 0u8..=200, 0u16..360, any::<bool>()).prop_map(|((lat, lon), kmh, course, valid)| Fix {
        point: Point { lat: f64::from(lat) / 1e7, lon: f64::from(lon) / 1e7 },
        altitude_m: None,
        speed_mps: Some((f64::from(kmh) / 3.6) as f32),
        course_deg: Some(f32::from(course)),
        accuracy_m: None,
        valid,
    })
}

fn any_report() -> impl Strategy<Value = Report> {
    (any_fix(), 946_684_800i64..4_000_000_000, any::<Option<bool>>()).prop_map(|(fix, second, ignition)| {
        let attributes = ignition.map(|on| ("ignition".to_owned(), json!(on))).into_iter().collect();
        let time = Timestamp::from_second(second).ok();
        Report { device: "356307042441013".to_owned(), kind: "position".to_owned(), time, fix: Some(fix), attributes }
    })
}

/// Elements by our names, in the steps of the protocol, and ones without a name.
fn any_elements() -> impl Strategy<Value = Attributes> {
    let element = prop_oneof![
        (0u16..=0xFFFF).prop_map(|mv| ("external_voltage_v".to_owned(), json!(f64::from(mv) / 1000.0))),
        any::<i16>().prop_map(|raw| ("sensor_2_temperature_c".to_owned(), json!(f64::from(raw) / 100.0))),
        any::<i32>().prop_map(|raw| ("temperature_1_c".to_owned(), json!(f64::from(raw) / 10.0))),
        any::<u32>().prop_map(|metres| ("odometer_m".to_owned(), json!(metres))),
        (1u64..).prop_map(|key| ("driver".to_owned(), json!(format!("{key:016X}")))),
        prop::sample::select(&["towing", "power_cut", "hard_braking"][..]).prop_map(|a| ("alarm".to_owned(), json!(a))),
        any::<bool>().prop_map(|on| ("moving".to_owned(), json!(on))),
        (0u8..=100).prop_map(|percent| ("battery_percent".to_owned(), json!(percent))),
        (100u8..=112, any::<u64>()).prop_map(|(id, number)| (format!("io{id}"), json!(number))),
    ];
    prop::collection::vec(element, 0..8).prop_map(|elements| elements.into_iter().collect())
}

/// The same place to the step of the protocol.
fn assert_same(read: &Report, written: &Report, step: f64) {
    assert_eq!((&read.device, &read.kind, read.time), (&written.device, &written.kind, written.time));
    let (read, written) = (read.fix.as_ref().expect("a fix"), written.fix.as_ref().expect("a fix"));
    assert!((read.point.lat - written.point.lat).abs() <= step, "{read:?} against {written:?}");
    assert!((read.point.lon - written.point.lon).abs() <= step, "{read:?} against {written:?}");
    assert_eq!((read.valid, read.course_deg), (written.valid, written.course_deg));
    let (a, b) = (read.speed_mps.expect("a speed"), written.speed_mps.expect("a speed"));
    assert!((a - b).abs() < 1e-3, "{a} against {b}");
}

/// Feeds a login and a message after it, and takes the report of the message.
fn read_after_login(stream: Stream, device: &str, message: &[u8]) -> Report {
    let login = (stream.login)(device).expect("an identity");
    let (decoded, error) = feed(stream, [&login[..], message]);
    assert_eq!(error, None);
    let last = decoded.last().expect("a frame");
    assert_eq!(last.errors, []);
    last.reports.last().expect("a report").clone()
}

fn streams() -> impl Iterator<Item = (&'static str, &'static Stream)> {
    PROTOCOLS.iter().filter_map(|protocol| match protocol.kind {
        ProtocolKind::Stream(stream) => Some((protocol.name, stream)),
        ProtocolKind::Http | ProtocolKind::Mqtt => None,
    })
}

proptest! {
    #[test]
    fn every_stream_reads_what_it_writes(report in any_report(), serial in any::<u16>()) {
        for (name, stream) in streams() {
            let message = (stream.encode)(&report, serial).unwrap_or_else(|| panic!("{name} cannot write {report:?}"));
            let read = read_after_login(*stream, &report.device, &message);
            assert_same(&read, &report, 2e-6);
            if matches!(name, "teltonika" | "gt06") && report.attributes.contains_key("ignition") {
                prop_assert_eq!(&read.attributes["ignition"], &report.attributes["ignition"]);
            }
        }
    }

    #[test]
    fn teltonika_keeps_elements_in_every_codec(
        reports in prop::collection::vec((any_report(), any_elements()), 1..5),
        codec in prop::sample::select(&[Codec::Eight, Codec::EightExtended, Codec::Sixteen][..]),
        packet in any::<u16>(),
    ) {
        let reports: Vec<_> = reports
            .into_iter()
            .map(|(report, elements)| Report { attributes: elements, ..report })
            .collect();
        let frame = teltonika::encode(codec, &reports).expect("a frame");
        let datagram = teltonika::encode_datagram(codec, &reports, "356307042441013", packet).expect("a datagram");
        let mut known = session();
        known.device = "356307042441013".to_owned();
        for decoded in [
            (teltonika::STREAM.decode)(&frame, &mut known),
            (teltonika::STREAM.datagram)(&datagram, &mut session()),
        ] {
            prop_assert_eq!(&decoded.errors, &[]);
            prop_assert_eq!(decoded.reports.len(), reports.len());
            for (read, written) in decoded.reports.iter().zip(&reports) {
                assert_same(read, written, 1e-7);
                for (name, value) in &written.attributes {
                    prop_assert_eq!(read.attributes.get(name).and_then(Value::as_f64), value.as_f64(), "{}", name);
                    prop_assert_eq!(read.attributes.get(name).and_then(Value::as_str), value.as_str());
                }
            }
        }
    }

    #[test]
    fn no_bytes_bring_a_stream_down(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for (_, stream) in streams() {
            feed(*stream, bytes.chunks(7));
            (stream.decode)(&bytes, &mut session());
            (stream.datagram)(&bytes, &mut session());
        }
    }

    /// Messages of ours with a few bytes changed, all the way down: no other outcome than reports on earth and errors.
    #[test]
    fn no_change_of_a_message_brings_a_stream_down(
        report in any_report(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), 0x20u8..0x7F]), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        for (name, stream) in streams() {
            let mut message = (stream.encode)(&report, 7).expect("a message");
            for (at, byte) in &changes {
                let at = at.index(message.len());
                message[at] = *byte;
            }
            let whole = feed(*stream, [&message[..]]);
            let (start, end) = message.split_at(cut.index(message.len()));
            prop_assert_eq!(&feed(*stream, [start, end]), &whole, "{}", name);
            let line = match name {
                "teltonika" | "gt06" => hex::encode(&message),
                _ => String::from_utf8_lossy(&message).into_owned(),
            };
            let read = tracklane_protocols::decode_line(name, &line).unwrap_or_default();
            let reports = whole.0.into_iter().flat_map(|decoded| decoded.reports).chain(read);
            for fix in reports.filter_map(|report| report.fix) {
                prop_assert!(fix.point.check().is_ok());
                prop_assert!(fix.course_deg.is_none_or(|course| (0.0..360.0).contains(&course)));
                prop_assert!(fix.speed_mps.is_none_or(|speed| speed >= 0.0));
            }
        }
    }

    /// Bytes that get past the envelope: a frame of ours with a few bytes changed and its check sum put right.
    #[test]
    fn no_body_brings_gt06_down(kind in any::<u8>(), long in any::<bool>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut frame = if long { vec![0x79, 0x79, 0] } else { vec![0x78, 0x78] };
        frame.push(body.len() as u8 + 5);
        frame.push(kind);
        frame.extend(&body);
        frame.extend([0; 4]);
        frame.extend(b"\r\n");
        let mut session = session();
        (gt06::STREAM.decode)(&frame, &mut session);
        // A line is read whatever its check sum.
        let _ = tracklane_protocols::decode_line("gt06", &hex::encode(&frame));
    }

    #[test]
    fn no_data_brings_teltonika_down(codec in prop::sample::select(&[0x08u8, 0x8E, 0x10, 0x0C, 0x0D, 0x0E][..]), body in prop::collection::vec(any::<u8>(), 0..300)) {
        let data = [&[codec], &body[..]].concat();
        let frame = [&[0, 0, 0, 0][..], &(data.len() as u32).to_be_bytes(), &data, &[0; 4]].concat();
        let _ = tracklane_protocols::decode_line("teltonika", &hex::encode(frame));
    }
}

#[test]
fn bodies_after_a_true_header_do_not_grow_the_buffer() {
    for (_, stream) in streams() {
        for start in
            [&b"\x79\x79\xff\xff"[..], b"\x78\x78\x05", b"\0\0\0\0\0\0\x40\0", b"*HQ,", b"(", b"imei:", b"+RESP:"]
        {
            let flood = vec![0x41; 100_000];
            feed(*stream, std::iter::once(start).chain(flood.chunks(997)));
        }
    }
}
