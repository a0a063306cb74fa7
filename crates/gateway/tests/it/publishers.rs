//! Devices that publish to us: by two clients of others (`rumqttc`, `mosquitto_pub`), and packet by packet.

use std::process::{Command, Output};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, Packet as Said, QoS};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracklane_core::model::{Device, Role};
use tracklane_engine::access::NewApiKey;
use tracklane_gateway::{Ending, Gateway, GatewaySettings, Outcome, Transport};
use tracklane_protocols::mqtt::{Ack, AckKind, ConnAck, Connect, Packet, Publish, Version, frame, reason};

use crate::support::{Disk, World, at, connect, counts, eventually, is_silent, read_all};

const LISTEN: &str = "mqtt://127.0.0.1:0";
const VERSIONS: [Version; 2] = [Version::V3, Version::V5];

async fn credential(world: &World, device: &Device) -> String {
    world.engine.access.set_device_credential(&world.caller, device.id).await.unwrap()
}

async fn api_key(world: &World, role: Role, scopes: &[&str]) -> String {
    let key = NewApiKey {
        name: "fleet".to_owned(),
        role,
        scopes: scopes.iter().map(ToString::to_string).collect(),
        driver_id: None,
        customer_id: None,
        device_id: None,
        requests_per_minute: None,
        expires_at: None,
    };
    world.engine.access.create_api_key(&world.caller, key).await.unwrap().secret
}

fn topic(world: &World, device: &str) -> String {
    format!("tracklane/{}/{device}", world.tenant.slug)
}

fn position(number: i64) -> Vec<u8> {
    let time = format!("2026-01-05T07:{:02}:{:02}Z", number / 60 % 60, number % 60);
    json!({ "fix_time": time, "lat": 41.1, "lon": -8.6 }).to_string().into_bytes()
}

async fn kept(world: &World, device: &Device) -> usize {
    world.kept(world.tenant.id, device.id).await.len()
}

/// What runs for as long as the other side of a connection has something to say.
async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it comes to an end")
}

/// A connection, packet by packet.
struct Talk {
    socket: TcpStream,
    version: Version,
    unread: Vec<u8>,
}

impl Talk {
    async fn begin(gateway: &Gateway, version: Version) -> Self {
        Self { socket: connect(gateway, "mqtt").await, version, unread: Vec::new() }
    }

    /// Connected as somebody; what was answered, too.
    async fn login(gateway: &Gateway, connect: &Connect<'_>) -> (Self, bool, u8) {
        let mut talk = Self::begin(gateway, connect.version).await;
        talk.say(&Packet::Connect(connect.clone())).await;
        let answer = talk.hear().await.expect("an answer");
        let Packet::ConnAck(ConnAck { session_present, code, .. }) = Packet::read(&answer, talk.version).unwrap()
        else {
            panic!("{answer:02x?} is no CONNACK");
        };
        (talk, session_present, code)
    }

    async fn say(&mut self, packet: &Packet<'_>) {
        let mut bytes = Vec::new();
        assert!(packet.write(self.version, &mut bytes));
        self.socket.write_all(&bytes).await.unwrap();
    }

    async fn publish(&mut self, qos: u8, id: u16, topic: &str, payload: &[u8]) {
        self.say(&Packet::Publish(Publish { qos, again: false, id, topic, payload })).await;
    }

    /// The next packet; none when the connection ends before.
    async fn hear(&mut self) -> Option<Vec<u8>> {
        patiently(async {
            loop {
                if let Some(length) = frame(&self.unread, usize::MAX).unwrap()
                    && length <= self.unread.len()
                {
                    return Some(self.unread.drain(..length).collect());
                }
                if self.socket.read_buf(&mut self.unread).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        })
        .await
    }

    async fn acknowledged(&mut self, kind: AckKind, id: u16, code: u8) {
        let heard = self.hear().await.expect("an answer");
        assert_eq!(Packet::read(&heard, self.version), Ok(Packet::Ack(Ack { kind, id, code })));
    }

    /// What version 5 is told at the end.
    async fn ended(&mut self) -> Option<u8> {
        let heard = self.hear().await?;
        match Packet::read(&heard, self.version) {
            Ok(Packet::Disconnect(code)) => {
                assert_eq!(self.hear().await, None);
                Some(code)
            }
            other => panic!("{other:?}"),
        }
    }
}

fn hello<'a>(version: Version, user: &'a str, password: &'a str) -> Connect<'a> {
    Connect {
        version,
        client_id: "client",
        clean: true,
        keep_alive_seconds: 60,
        session_seconds: 0,
        user: Some(user),
        password: Some(password.as_bytes()).filter(|password| !password.is_empty()),
        will_topic: None,
        has_method: false,
    }
}

fn options(gateway: &Gateway, user: &str, password: &str) -> MqttOptions {
    let mut options = MqttOptions::new("phone", "127.0.0.1", at(gateway, "mqtt", Transport::Tcp).port());
    options.set_credentials(user, password).set_clean_session(false).set_inflight(20);
    options
}

/// `mosquitto_pub`; none, said in one line, where it is not installed.
fn mosquitto_pub(gateway: &Gateway, arguments: &[&str]) -> Option<Output> {
    let port = at(gateway, "mqtt", Transport::Tcp).port().to_string();
    let ran = Command::new("mosquitto_pub").args(["-h", "127.0.0.1", "-p", &port]).args(arguments).output();
    if ran.is_err() {
        eprintln!("left out: there is no mosquitto_pub");
    }
    ran.ok()
}

#[tokio::test]
async fn another_s_client_publishes_and_hears_when_it_is_durable() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let device = world.device("van-7").await;
    let secret = credential(&world, &device).await;
    let (client, mut events) = AsyncClient::new(options(&gateway, "van-7", &secret), 1_000);
    world.disk(Disk::Waits);
    for number in 0..500 {
        client.publish(topic(&world, "van-7"), QoS::AtLeastOnce, false, position(number)).await.unwrap();
    }
    let hear = async {
        let (mut answered, mut sent) = (0, 0);
        while answered < 500 {
            match events.poll().await.unwrap() {
                Event::Incoming(Said::PubAck(_)) => {
                    assert!(world.rows_kept() > answered, "what is not durable is acknowledged");
                    answered += 1;
                }
                // A whole window is on its way, and the disk has said nothing yet.
                Event::Outgoing(Outgoing::Publish(_)) => {
                    sent += 1;
                    if sent == 20 {
                        world.disk(Disk::Works);
                    }
                }
                _ => {}
            }
        }
    };
    patiently(hear).await;
    assert_eq!(kept(&world, &device).await, 500);
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::Kept), 500);
    client.disconnect().await.unwrap();
    while events.poll().await.is_ok() {}
    eventually("gone", async || counts(&gateway, "mqtt").endings(Ending::Device) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_pub_publishes_in_both_versions_with_each_qos() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let device = world.device("van-7").await;
    let secret = credential(&world, &device).await;
    let mut sent = 0;
    for version in ["mqttv311", "mqttv5"] {
        for qos in ["0", "1", "2"] {
            let message = String::from_utf8(position(sent)).unwrap();
            let topic = topic(&world, "van-7");
            let login = ["-V", version, "-u", "van-7", "-P", &secret, "-q", qos, "-t", &topic, "-m", &message];
            let Some(ran) = mosquitto_pub(&gateway, &login) else { return };
            assert!(ran.status.success() && ran.stderr.is_empty(), "{version} {qos}: {ran:?}");
            sent += 1;
        }
        let wrong =
            mosquitto_pub(&gateway, &["-V", version, "-u", "van-7", "-P", "wrong", "-t", "a", "-m", "a"]).unwrap();
        assert!(!wrong.status.success(), "{wrong:?}");
    }
    eventually("kept", async || kept(&world, &device).await == sent as usize).await;
    // Version 5 says why a message is not taken.
    let topic = topic(&world, "another");
    let arguments = ["-V", "mqttv5", "-u", "van-7", "-P", &secret, "-q", "1", "-t", &topic, "-m", "{}", "-d"];
    let ran = mosquitto_pub(&gateway, &arguments).unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains("RC:153"), "the payload is none: {ran:?}");
}

#[tokio::test]
async fn who_may_come_in_is_told_and_who_may_not_hears_why() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let secret = credential(&world, &world.device("van-7").await).await;
    world.device("free").await;
    let (admin, viewer) = (api_key(&world, Role::Operator, &[]).await, api_key(&world, Role::Viewer, &[]).await);
    let narrow = api_key(&world, Role::Operator, &["shipments:write"]).await;
    for version in VERSIONS {
        for (user, password, expected) in [
            ("van-7", &*secret, reason::SUCCESS),
            ("free", "", reason::SUCCESS),
            ("whoever", &admin, reason::SUCCESS),
            ("van-7", "wrong", reason::BAD_CREDENTIALS),
            ("van-7", "", reason::BAD_CREDENTIALS),
            ("nobody", "", reason::BAD_CREDENTIALS),
            ("whoever", "tlk_wrong", reason::BAD_CREDENTIALS),
            ("whoever", &viewer, reason::NOT_AUTHORIZED),
            ("whoever", &narrow, reason::NOT_AUTHORIZED),
            ("", "", reason::NOT_AUTHORIZED),
        ] {
            let (mut talk, present, code) = Talk::login(&gateway, &hello(version, user, password)).await;
            assert_eq!((code, present), (expected, false), "{version:?} {user} {password}");
            if code != reason::SUCCESS {
                assert_eq!(talk.hear().await, None);
            }
        }
        let nameless = Connect { client_id: "", clean: false, session_seconds: u32::MAX, ..hello(version, "free", "") };
        let expected = if version == Version::V3 { reason::CLIENT_ID } else { reason::SUCCESS };
        assert_eq!(Talk::login(&gateway, &nameless).await.2, expected);
        let long = "x".repeat(300);
        assert_eq!(
            Talk::login(&gateway, &Connect { client_id: &long, ..hello(version, "free", "") }).await.2,
            reason::CLIENT_ID
        );
    }
    let method = Connect { has_method: true, ..hello(Version::V5, "free", "") };
    assert_eq!(Talk::login(&gateway, &method).await.2, reason::BAD_METHOD);
    assert_eq!(world.rows_kept(), 0);
}

#[tokio::test]
async fn who_guesses_is_slowed_down() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    credential(&world, &world.device("van-7").await).await;
    let mut codes = Vec::new();
    for _ in 0..30 {
        codes.push(Talk::login(&gateway, &hello(Version::V5, "van-7", "guess")).await.2);
    }
    assert_eq!((codes[0], codes.last()), (reason::BAD_CREDENTIALS, Some(&reason::RATE)), "{codes:02x?}");
}

#[tokio::test]
async fn a_device_speaks_for_itself_alone_and_a_key_for_all_of_its_tenant() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let (mine, other) = (world.device("van-7").await, world.device("van-8").await);
    let secret = credential(&world, &mine).await;
    credential(&world, &other).await;
    let theirs = world.tenant("other").await;
    world.device_of(&theirs, "their-van").await;
    let key = api_key(&world, Role::Operator, &["positions:write"]).await;
    for (version, refusal) in [(Version::V3, reason::SUCCESS), (Version::V5, reason::NOT_AUTHORIZED)] {
        let (mut talk, ..) = Talk::login(&gateway, &hello(version, "van-7", &secret)).await;
        for (id, name, expected) in [(1, "van-7", reason::SUCCESS), (2, "van-8", refusal), (3, "nobody", refusal)] {
            talk.publish(1, id, &topic(&world, name), &position(1)).await;
            talk.acknowledged(AckKind::PubAck, id, expected).await;
        }
        talk.publish(1, 4, "tracklane/other/van-7", &position(1)).await;
        talk.acknowledged(AckKind::PubAck, 4, refusal).await;
        let (mut talk, ..) = Talk::login(&gateway, &hello(version, "", &key)).await;
        let id = format!("tracklane/{}/{}", world.tenant.id, other.id);
        for (number, name, expected) in [
            (1, topic(&world, "van-8"), reason::SUCCESS),
            (2, id, reason::SUCCESS),
            (3, "tracklane/other/their-van".to_owned(), refusal),
            (4, "tracklane/nobody/van-8".to_owned(), refusal),
        ] {
            talk.publish(1, number, &name, &position(2)).await;
            talk.acknowledged(AckKind::PubAck, number, expected).await;
        }
    }
    assert_eq!((kept(&world, &mine).await, kept(&world, &other).await), (1, 1));
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::UnknownDevice), 10);
}

#[tokio::test]
async fn owntracks_is_known_by_its_will_and_by_its_login() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let (phone, van) = (world.device("ana/phone").await, world.device("van-7").await);
    let (first, second) = (credential(&world, &phone).await, credential(&world, &van).await);
    let location = br#"{"_type":"location","lat":41.15,"lon":-8.61,"tst":1767598200}"#;
    for (user, secret) in [("ana", &first), ("van-7", &second)] {
        let connect = Connect { will_topic: Some("owntracks/ana/phone"), ..hello(Version::V3, user, secret) };
        let topic = if user == "ana" { "owntracks/ana/phone" } else { "owntracks/whoever/it" };
        let connect = if user == "ana" { connect } else { Connect { will_topic: None, ..connect } };
        let (mut talk, _, code) = Talk::login(&gateway, &connect).await;
        assert_eq!(code, reason::SUCCESS);
        // What else the app publishes is acknowledged, and not kept.
        talk.publish(1, 1, &format!("{topic}/event"), b"{}").await;
        talk.acknowledged(AckKind::PubAck, 1, reason::SUCCESS).await;
        talk.publish(1, 2, topic, location).await;
        talk.acknowledged(AckKind::PubAck, 2, reason::SUCCESS).await;
    }
    assert_eq!((kept(&world, &phone).await, kept(&world, &van).await), (1, 1));
}

#[tokio::test]
async fn two_phones_of_one_user_are_two_devices() {
    let world = World::new().await;
    let gateway = world.gateway(&[&format!("{LISTEN}?tenant={}&unknown=register", world.tenant.slug)]).await;
    let location = br#"{"_type":"location","lat":41.15,"lon":-8.61,"tst":1767598200}"#;
    for will in ["owntracks/bob/phone", "owntracks/bob/tablet"] {
        let connect = Connect { will_topic: Some(will), ..hello(Version::V3, "bob", "") };
        let (mut talk, _, code) = Talk::login(&gateway, &connect).await;
        assert_eq!(code, reason::SUCCESS);
        talk.publish(1, 1, will, location).await;
        talk.acknowledged(AckKind::PubAck, 1, reason::SUCCESS).await;
    }
    for (name, there) in [("bob/phone", true), ("bob/tablet", true), ("bob", false)] {
        let named = tracklane_engine::tracking::DeviceRef::Identifier(name.to_owned());
        assert_eq!(world.engine.tracking.device(&world.caller, &named).is_some(), there, "{name}");
    }
}

#[tokio::test]
async fn each_packet_has_its_answer_and_nobody_subscribes() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let device = world.device("van-7").await;
    for version in VERSIONS {
        let (mut talk, ..) = Talk::login(&gateway, &hello(version, "van-7", "")).await;
        let v5 = version == Version::V5;
        talk.say(&Packet::Subscribe { id: 1, filters: vec!["#", "owntracks/ana/phone/cmd"] }).await;
        let heard = talk.hear().await.unwrap();
        let code = if v5 { reason::NOT_AUTHORIZED } else { 0x80 };
        assert_eq!(Packet::read(&heard, version), Ok(Packet::SubAck { id: 1, codes: vec![code, 0] }));
        talk.say(&Packet::Unsubscribe { id: 2, filters: vec!["#"] }).await;
        let heard = talk.hear().await.unwrap();
        let codes = if v5 { vec![reason::NO_SUBSCRIPTION] } else { vec![] };
        assert_eq!(Packet::read(&heard, version), Ok(Packet::UnsubAck { id: 2, codes }));
        talk.say(&Packet::PingReq).await;
        assert_eq!(talk.hear().await.unwrap(), [0xd0, 0]);
        // Exactly once: what comes again is known.
        for _ in 0..2 {
            talk.publish(2, 3, &topic(&world, "van-7"), &position(0)).await;
            talk.acknowledged(AckKind::PubRec, 3, reason::SUCCESS).await;
        }
        talk.say(&Packet::Ack(Ack { kind: AckKind::PubRel, id: 3, code: reason::SUCCESS })).await;
        talk.acknowledged(AckKind::PubComp, 3, reason::SUCCESS).await;
        let unreadable = if v5 { reason::PAYLOAD } else { reason::SUCCESS };
        talk.publish(1, 4, &topic(&world, "van-7"), b"{\"lat\":1}").await;
        talk.acknowledged(AckKind::PubAck, 4, unreadable).await;
        talk.say(&Packet::Disconnect(reason::SUCCESS)).await;
        assert_eq!(talk.hear().await, None);
    }
    assert_eq!(kept(&world, &device).await, 1);
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::Unreadable), 2);
}

#[tokio::test]
async fn what_breaks_the_rules_ends_the_connection_and_is_named() {
    let world = World::new().await;
    let small = |settings: &mut GatewaySettings| settings.message_limit_bytes = 2_000;
    let gateway = world.gateway_with(&[LISTEN], small).await;
    world.device("van-7").await;
    let cases: [(&[u8], u8); 6] = [
        // Larger than is taken, by its header; of a reserved type; a topic alias; another CONNECT; an answer of servers; QoS 3.
        (b"\x30\xd1\x0f", reason::TOO_LARGE),
        (b"\x00\x00", reason::MALFORMED),
        (b"\x30\x07\x00\x01t\x03\x23\x00\x01", reason::TOPIC_ALIAS),
        (b"\x10\x10\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x03abc", reason::PROTOCOL_ERROR),
        (b"\xd0\x00", reason::PROTOCOL_ERROR),
        (b"\x36\x06\x00\x01t\x00\x01\x00", reason::MALFORMED),
    ];
    for (bytes, expected) in cases {
        let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V5, "van-7", "")).await;
        talk.socket.write_all(bytes).await.unwrap();
        assert_eq!(talk.ended().await, Some(expected), "{bytes:02x?}");
        let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V3, "van-7", "")).await;
        if expected != reason::TOPIC_ALIAS {
            talk.socket.write_all(bytes).await.unwrap();
            assert_eq!(talk.ended().await, None, "{bytes:02x?}");
        }
    }
    // Before anybody has said who it is there is no reason to say much.
    for bytes in [&b"\xc0\x00"[..], b"\x10\x80\x80\x80\x01", &[b'G'; 100]] {
        let mut socket = connect(&gateway, "mqtt").await;
        socket.write_all(bytes).await.unwrap();
        assert!(read_all(&mut socket).await.is_empty(), "{bytes:02x?}");
    }
    let mut old = connect(&gateway, "mqtt").await;
    old.write_all(b"\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x0a\x00\x01a").await.unwrap();
    assert_eq!(read_all(&mut old).await, [0x20, 2, 0, 1], "the version is not taken");
    eventually("counted", async || counts(&gateway, "mqtt").endings(Ending::Unreadable) == 15).await;
}

#[tokio::test]
async fn who_is_silent_for_longer_than_it_said_is_gone() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    world.device("van-7").await;
    for version in VERSIONS {
        let connect = Connect { keep_alive_seconds: 1, ..hello(version, "van-7", "") };
        let (mut talk, ..) = Talk::login(&gateway, &connect).await;
        let began = std::time::Instant::now();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            talk.say(&Packet::PingReq).await;
            assert_eq!(talk.hear().await.unwrap(), [0xd0, 0]);
        }
        assert_eq!(talk.ended().await, Some(reason::KEEP_ALIVE).filter(|_| version == Version::V5));
        assert!(began.elapsed() >= Duration::from_millis(3_500), "a sign of life counts");
    }
    eventually("counted", async || counts(&gateway, "mqtt").endings(Ending::Idle) == 2).await;
}

#[tokio::test]
async fn a_client_that_comes_again_is_known_and_takes_the_place_of_the_first() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    world.device("van-7").await;
    world.device("van-8").await;
    for version in VERSIONS {
        let seconds = if version == Version::V3 { u32::MAX } else { 600 };
        let again = |user| Connect { clean: false, session_seconds: seconds, ..hello(version, user, "") };
        let (mut first, present, _) = Talk::login(&gateway, &again("van-7")).await;
        assert_eq!(present, version == Version::V5, "as the other version left it");
        let (mut other, present, _) = Talk::login(&gateway, &again("van-8")).await;
        assert!(present == (version == Version::V5), "another device may call itself the same");
        let (mut second, present, _) = Talk::login(&gateway, &again("van-7")).await;
        assert!(present);
        assert_eq!(first.ended().await, Some(reason::TAKEN_OVER).filter(|_| version == Version::V5));
        for talk in [&mut second, &mut other] {
            talk.say(&Packet::PingReq).await;
            assert_eq!(talk.hear().await.unwrap(), [0xd0, 0]);
        }
        drop((first, second, other));
        assert!(Talk::login(&gateway, &again("van-7")).await.1, "after a broken connection, too");
    }
    assert!(!Talk::login(&gateway, &hello(Version::V3, "van-7", "")).await.1, "who wants to begin anew is not known");
    eventually("counted", async || counts(&gateway, "mqtt").endings(Ending::Replaced) == 2).await;
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_the_client_sends_again() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let device = world.device("van-7").await;
    world.disk(Disk::Full);
    let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V5, "van-7", "")).await;
    talk.publish(1, 1, &topic(&world, "van-7"), &position(0)).await;
    assert_eq!(talk.ended().await, Some(reason::UNAVAILABLE));
    let (client, mut events) = AsyncClient::new(options(&gateway, "van-7", ""), 100);
    for number in 0..60 {
        client.publish(topic(&world, "van-7"), QoS::AtLeastOnce, false, position(number)).await.unwrap();
    }
    let hear = async {
        let (mut answered, mut broken) = (0, 0);
        while answered < 60 {
            match events.poll().await {
                Ok(Event::Incoming(Said::PubAck(_))) => answered += 1,
                Ok(_) => {}
                Err(_) => {
                    assert_eq!(answered, 0);
                    broken += 1;
                    if broken == 3 {
                        world.disk(Disk::Works);
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        broken
    };
    assert!(patiently(hear).await >= 3);
    assert_eq!(kept(&world, &device).await, 60);
    assert!(counts(&gateway, "mqtt").endings(Ending::NotKept) >= 3);
}

#[tokio::test]
async fn who_publishes_without_end_is_not_read_faster_than_it_is_kept() {
    let world = World::new().await;
    let ahead = |settings: &mut GatewaySettings| settings.read_ahead_bytes = 4_096;
    let gateway = world.gateway_with(&[LISTEN], ahead).await;
    world.device("van-7").await;
    world.disk(Disk::Waits);
    let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V3, "van-7", "")).await;
    talk.publish(1, 1, &topic(&world, "van-7"), &position(0)).await;
    world.appends(1).await;
    assert!(is_silent(&talk.socket));
    let name = topic(&world, "van-7");
    let mut flood = Vec::new();
    for id in 1..=60_000 {
        let publish = Publish { qos: 1, again: false, id, topic: &name, payload: &position(i64::from(id) % 3_600) };
        assert!(Packet::Publish(publish).write(Version::V3, &mut flood));
    }
    let flood = flood.repeat(4);
    let stuck = tokio::time::timeout(Duration::from_secs(2), talk.socket.write_all(&flood)).await;
    assert!(stuck.is_err(), "{} bytes were taken", flood.len());
    assert_eq!(world.appends_begun(), 1);
    world.disk(Disk::Works);
}

#[tokio::test]
async fn a_client_that_is_too_fast_is_slowed_down_and_loses_nothing() {
    for of_device in [false, true] {
        let world = World::new().await;
        let device = world.device("van-7").await;
        let slow = |settings: &mut GatewaySettings| {
            if of_device {
                settings.device_messages_per_second = 10;
            } else {
                settings.messages_per_second = 10;
            }
        };
        let gateway = world.gateway_with(&[LISTEN], slow).await;
        let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V3, "van-7", "")).await;
        let began = std::time::Instant::now();
        for id in 1..=25 {
            talk.publish(1, id, &topic(&world, "van-7"), &position(id.into())).await;
        }
        for id in 1..=25 {
            talk.acknowledged(AckKind::PubAck, id, reason::SUCCESS).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(1_300), "{:?}", began.elapsed());
        assert_eq!(kept(&world, &device).await, 25);
    }
}

#[tokio::test]
async fn a_listener_of_a_tenant_makes_devices_for_it_and_knows_no_others() {
    let world = World::new().await;
    let theirs = world.tenant("other").await;
    let other = world.device_of(&theirs, "their-van").await;
    let key = api_key(&world, Role::Operator, &[]).await;
    let gateway = world.gateway(&[&format!("{LISTEN}?tenant={}&unknown=register", world.tenant.slug)]).await;
    assert_eq!(Talk::login(&gateway, &hello(Version::V3, "their-van", "")).await.2, reason::BAD_CREDENTIALS);
    let (mut talk, _, code) = Talk::login(&gateway, &hello(Version::V3, "new-van", "")).await;
    assert_eq!(code, reason::SUCCESS, "it was made");
    talk.publish(1, 1, &topic(&world, "new-van"), &position(0)).await;
    talk.acknowledged(AckKind::PubAck, 1, reason::SUCCESS).await;
    let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V5, "", &key)).await;
    for (id, name, expected) in [(1, "newer-van", reason::SUCCESS), (2, "their-van", reason::NOT_AUTHORIZED)] {
        talk.publish(1, id, &topic(&world, name), &position(0)).await;
        talk.acknowledged(AckKind::PubAck, id, expected).await;
    }
    let made = |name: &str| {
        let named = tracklane_engine::tracking::DeviceRef::Identifier(name.to_owned());
        world.engine.tracking.device(&world.caller, &named).is_some()
    };
    assert!(made("new-van") && made("newer-van"));
    assert_eq!(world.kept(theirs.tenant_id, other.id).await, []);
}

#[tokio::test]
async fn a_device_that_is_taken_away_is_sent_away_in_the_middle_of_its_connection() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let device = world.device("van-7").await;
    let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V5, "van-7", "")).await;
    talk.publish(1, 1, &topic(&world, "van-7"), &position(0)).await;
    talk.acknowledged(AckKind::PubAck, 1, reason::SUCCESS).await;
    world.engine.records.devices.delete(&world.caller, device.id, None).await.unwrap();
    talk.publish(1, 2, &topic(&world, "van-7"), &position(1)).await;
    talk.acknowledged(AckKind::PubAck, 2, reason::NOT_AUTHORIZED).await;
}

#[tokio::test]
async fn stopping_answers_what_is_being_committed_and_says_so() {
    let world = World::new().await;
    let gateway = world.gateway(&[LISTEN]).await;
    let device = world.device("van-7").await;
    world.disk(Disk::Waits);
    let (mut talk, ..) = Talk::login(&gateway, &hello(Version::V5, "van-7", "")).await;
    talk.publish(1, 1, &topic(&world, "van-7"), &position(0)).await;
    world.appends(1).await;
    let (_, ()) = tokio::join!(gateway.stop(Duration::from_secs(30)), async {
        let address = at(&gateway, "mqtt", Transport::Tcp);
        eventually("stopped", async || TcpStream::connect(address).await.is_err()).await;
        world.disk(Disk::Works);
        talk.acknowledged(AckKind::PubAck, 1, reason::SUCCESS).await;
        assert_eq!(talk.ended().await, Some(reason::SHUTTING_DOWN));
    });
    assert_eq!(kept(&world, &device).await, 1);
}
