//! Packets of MQTT: written and read back, cut at every byte, and made of noise.

use proptest::prelude::*;
use tracklane_protocols::decode_line;
use tracklane_protocols::mqtt::{Ack, AckKind, ConnAck, Connect, Packet, Publish, Terms, Version, frame, reason};

const VERSIONS: [Version; 2] = [Version::V3, Version::V5];

fn connect(version: Version) -> Connect<'static> {
    Connect {
        version,
        client_id: "van-7",
        clean: false,
        keep_alive_seconds: 60,
        session_seconds: if version == Version::V3 { u32::MAX } else { 3_600 },
        user: Some("van-7"),
        password: Some(b"secret"),
        will_topic: Some("owntracks/ana/phone"),
        has_method: false,
    }
}

/// One of each, as both versions can say it.
fn packets(version: Version) -> Vec<Packet<'static>> {
    let v5 = version == Version::V5;
    let code = if v5 { reason::NOT_AUTHORIZED } else { reason::SUCCESS };
    let terms = Terms {
        client_id: Some("made"),
        packet_limit: Some(65_536),
        in_flight: Some(20),
        keep_alive_seconds: Some(30),
        only_takes: true,
    };
    let publish = |qos| Publish {
        qos,
        again: qos > 0,
        id: if qos > 0 { 0x0102 } else { 0 },
        topic: "tracklane/acme/van-7",
        payload: b"{}",
    };
    let ack = |kind| Packet::Ack(Ack { kind, id: 7, code });
    let mut all = vec![
        Packet::Connect(connect(version)),
        Packet::Connect(Connect {
            user: None,
            password: None,
            will_topic: None,
            clean: true,
            session_seconds: 0,
            ..connect(version)
        }),
        Packet::ConnAck(ConnAck {
            session_present: true,
            code: reason::SUCCESS,
            terms: if v5 { terms } else { Terms::default() },
        }),
        Packet::ConnAck(ConnAck { code: reason::BAD_CREDENTIALS, ..ConnAck::default() }),
        Packet::Subscribe { id: 1, filters: vec!["#", "a/+"] },
        Packet::SubAck { id: 1, codes: vec![if v5 { reason::NOT_AUTHORIZED } else { 0x80 }, 1] },
        Packet::Unsubscribe { id: 2, filters: vec!["#"] },
        Packet::UnsubAck { id: 2, codes: if v5 { vec![reason::NO_SUBSCRIPTION] } else { vec![] } },
        Packet::PingReq,
        Packet::PingResp,
        Packet::Disconnect(reason::SUCCESS),
    ];
    all.extend([0, 1, 2].map(|qos| Packet::Publish(publish(qos))));
    all.extend([AckKind::PubAck, AckKind::PubRec, AckKind::PubRel, AckKind::PubComp].map(ack));
    if v5 {
        all.extend([Packet::Auth, Packet::Disconnect(reason::TAKEN_OVER)]);
    }
    all
}

fn written(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(packet.write(version, &mut bytes), "{packet:?}");
    bytes
}

#[test]
fn what_is_written_is_read_back_wherever_it_is_cut() {
    for version in VERSIONS {
        for packet in packets(version) {
            let bytes = written(&packet, version);
            assert_eq!(frame(&bytes, bytes.len()), Ok(Some(bytes.len())), "{packet:?}");
            assert_eq!(Packet::read(&bytes, version).as_ref(), Ok(&packet), "{bytes:02x?}");
            for cut in 0..bytes.len() {
                let known = frame(&bytes[..cut], usize::MAX).expect("the begin of a packet");
                assert!(known.is_none_or(|length| length == bytes.len()), "{packet:?} cut at {cut}");
                if let Ok(other) = Packet::read(&bytes[..cut], version) {
                    panic!("{packet:?} cut at {cut} is read as {other:?}");
                }
            }
        }
    }
}

/// Packets as other programs write them: byte by byte from the standard, and from `mosquitto_pub`.
#[test]
fn packets_of_others_are_read() {
    // MQTT 3.1.1, section 3.3, with the example of figure 3.11: topic a/b, packet identifier 10.
    let publish = b"\x32\x07\x00\x03a/b\x00\x0a";
    let expected = Publish { qos: 1, again: false, id: 10, topic: "a/b", payload: b"" };
    assert_eq!(Packet::read(publish, Version::V3), Ok(Packet::Publish(expected)));
    // Section 3.1, figures 3.2 to 3.6: user name, password, will with QoS 1, clean, ten seconds.
    let connect = b"\x10\x1e\x00\x04MQTT\x04\xce\x00\x0a\x00\x02id\x00\x01w\x00\x02by\x00\x02me\x00\x03\xff\x00\x01";
    let Ok(Packet::Connect(connect)) = Packet::read(connect, Version::V3) else { panic!("it is a CONNECT") };
    assert_eq!((connect.client_id, connect.user, connect.password), ("id", Some("me"), Some(&b"\xff\x00\x01"[..])));
    assert_eq!((connect.clean, connect.session_seconds, connect.will_topic), (true, 0, Some("w")));
    // mosquitto_pub -V mqttv5 -q 1 with -D publish user-property a b.
    let publish = b"\x32\x11\x00\x01t\x00\x01\x07\x26\x00\x01a\x00\x01bhi{}";
    let Ok(Packet::Publish(publish)) = Packet::read(publish, Version::V5) else { panic!("{publish:02x?}") };
    assert_eq!((publish.topic, publish.payload), ("t", &b"hi{}"[..]));
}

#[test]
fn what_is_wrong_has_its_reason() {
    let cases: [(&[u8], Version, u8); 16] = [
        (b"\x00\x00", Version::V3, reason::MALFORMED),
        (b"\xf0\x00", Version::V3, reason::MALFORMED),
        (b"\x34\x05\x00\x01t\x00\x00", Version::V3, reason::PROTOCOL_ERROR),
        (b"\x36\x05\x00\x01t\x00\x01", Version::V3, reason::MALFORMED),
        (b"\x38\x03\x00\x01t", Version::V3, reason::MALFORMED),
        (b"\x30\x02\x00\x00", Version::V3, reason::TOPIC),
        (b"\x30\x05\x00\x03a/#", Version::V3, reason::TOPIC),
        (b"\x30\x03\x00\x01\xff", Version::V3, reason::MALFORMED),
        (b"\x30\x03\x00\x01\x00", Version::V3, reason::MALFORMED),
        (b"\x30\x07\x00\x01t\x03\x23\x00\x01", Version::V5, reason::TOPIC_ALIAS),
        (b"\x30\x08\x00\x01t\x04\x01\x00\x01\x00", Version::V5, reason::PROTOCOL_ERROR),
        (b"\x80\x06\x00\x01\x00\x01a\x01", Version::V3, reason::MALFORMED),
        (b"\x82\x02\x00\x01", Version::V3, reason::PROTOCOL_ERROR),
        (b"\x10\x0a\x00\x04MQTT\x06\x02\x00\x0a", Version::V3, reason::UNSUPPORTED_VERSION),
        (b"\x10\x0c\x00\x06MQIsdp\x03\x02\x00\x0a", Version::V3, reason::UNSUPPORTED_VERSION),
        (b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x0a\x00\x00", Version::V3, reason::MALFORMED),
    ];
    for (bytes, version, expected) in cases {
        assert_eq!(Packet::read(bytes, version).map_err(|fault| fault.reason), Err(expected), "{bytes:02x?}");
    }
    assert_eq!(frame(b"\x30\xff\xff\xff\xff", usize::MAX).map_err(|fault| fault.reason), Err(reason::MALFORMED));
    // Refused by its header, before any of it has come.
    assert_eq!(frame(b"\x30\x80\x80\x01", 1_000).map_err(|fault| fault.reason), Err(reason::TOO_LARGE));
}

proptest! {
    #[test]
    fn noise_is_refused_and_nothing_more(bytes in prop::collection::vec(any::<u8>(), 0..200), first in any::<u8>()) {
        for version in VERSIONS {
            let _ = frame(&bytes, 100);
            let _ = Packet::read(&bytes, version);
            // As a packet of each type with a right length, so that the noise is looked at.
            let mut whole = vec![first];
            let length = bytes.len();
            if length >= 128 {
                whole.push((length & 0x7f) as u8 | 0x80);
                whole.push((length >> 7) as u8);
            } else {
                whole.push(length as u8);
            }
            whole.extend(&bytes);
            prop_assert_eq!(frame(&whole, usize::MAX), Ok(Some(whole.len())));
            let _ = Packet::read(&whole, version);
        }
    }

    #[test]
    fn a_changed_byte_is_read_as_something_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), which in any::<prop::sample::Index>()) {
        for version in VERSIONS {
            let all = packets(version);
            let mut bytes = written(&all[which.index(all.len())], version);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(packet) = Packet::read(&bytes, version) {
                // Whatever is read can be written, and says the same again.
                let mut again = Vec::new();
                let own = if let Packet::Connect(connect) = &packet { connect.version } else { version };
                if packet.write(own, &mut again) {
                    prop_assert_eq!(Packet::read(&again, own), Ok(packet.clone()));
                }
            }
        }
    }

    #[test]
    fn messages_of_any_length_are_read_back(payload in prop::collection::vec(any::<u8>(), 0..70_000), id in 1_u16.., qos in 0_u8..3) {
        for version in VERSIONS {
            let publish = Publish { qos, again: false, id: if qos > 0 { id } else { 0 }, topic: "a/b/c", payload: &payload };
            let bytes = written(&Packet::Publish(publish.clone()), version);
            prop_assert_eq!(Packet::read(&bytes, version), Ok(Packet::Publish(publish)));
        }
    }
}

#[test]
fn a_line_is_a_topic_with_a_message_or_packets_in_hex() {
    let message = r#"{"fix_time":"2026-01-05T08:00:00Z","lat":41.1,"lon":-8.6,"speed_mps":3}"#;
    let found = decode_line("mqtt", &format!("tracklane/acme/van-7 [{message}]")).expect("a position");
    assert_eq!((found.len(), found[0].device.as_str()), (1, "van-7"));
    let location = r#"owntracks/ana/phone {"_type":"location","lat":41.1,"lon":-8.6,"tst":1767600000}"#;
    assert_eq!(decode_line("mqtt", location).expect("a location")[0].device, "ana/phone");
    let lost = decode_line("mqtt", r#"owntracks/ana/phone {"_type":"lwt","tst":1767600000}"#).expect("a last will");
    assert_eq!((lost[0].kind.as_str(), lost[0].fix.is_none()), ("lwt", true));
    let publish = Publish { qos: 1, again: false, id: 1, topic: "tracklane/acme/van-7", payload: message.as_bytes() };
    for version in VERSIONS {
        let all = [Packet::Connect(connect(version)), Packet::Publish(publish.clone()), Packet::PingReq];
        let hex: String =
            all.iter().flat_map(|packet| written(packet, version)).map(|byte| format!("{byte:02x}")).collect();
        let found = decode_line("mqtt", &hex).expect("packets");
        assert_eq!(found[0].fix.as_ref().and_then(|fix| fix.speed_mps), Some(3.0));
        assert!(decode_line("mqtt", &hex[..hex.len() - 6]).is_err(), "it is cut short");
    }
    for wrong in ["van-7", "weather/porto/now 7", "tracklane/acme/van-7 {}", "3003"] {
        assert!(decode_line("mqtt", wrong).is_err(), "{wrong}");
    }
}
