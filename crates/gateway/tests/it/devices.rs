//! Whose devices may come in where.

use tokio::io::AsyncWriteExt as _;
use tracklane_engine::tracking::DeviceRef;
use tracklane_gateway::{Ending, GatewaySettings, MqttSettings, Opened, Outcome};

use crate::support::{IMEI, World, connect, counts, eventually, exchange, read, read_all, stream, streams, talk};

const REFUSED: &[u8] = &[0];
const KEPT: &[u8] = &[1, 0, 0, 0, 1];

fn message() -> Vec<u8> {
    talk(stream("teltonika"), 0..1)
}

#[tokio::test]
async fn an_unknown_device_is_refused_and_counted() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let mut socket = connect(&gateway, protocol).await;
        let bytes = talk(stream, 0..2);
        let mut session = tracklane_protocols::Session::new(world.env.now());
        let mut buffer = bytes::BytesMut::from(&bytes[..]);
        let first = (stream.frame)(&mut buffer).unwrap().unwrap();
        let refusal = (stream.decode)(&first, &mut session).refusal;
        socket.write_all(&bytes).await.unwrap();
        assert_eq!(read_all(&mut socket).await, refusal, "{protocol}");
        eventually("ended", async || counts(&gateway, protocol).open == 0).await;
        let counts = counts(&gateway, protocol);
        assert_eq!(counts.messages(Outcome::UnknownDevice), 1, "{protocol}");
        assert_eq!(counts.endings(Ending::UnknownDevice), 1, "{protocol}");
        assert_eq!(world.rows_kept(), 0, "{protocol}");
    }
}

#[tokio::test]
async fn a_device_that_may_not_send_is_as_good_as_unknown() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+tcp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    world.engine.access.set_device_credential(&world.caller, device.id).await.unwrap();
    assert_eq!(exchange(&gateway, "teltonika", &[&message()]).await, REFUSED, "it cannot state its credential");
    world.engine.access.clear_device_credential(&world.caller, device.id).await.unwrap();
    assert_eq!(exchange(&gateway, "teltonika", &[&message()]).await, KEPT);
    let device = world.engine.records.devices.get(&world.caller, device.id).await.unwrap();
    let disabled = tracklane_engine::records::NewDevice { disabled: true, ..(&device).into() };
    world.engine.records.devices.update(&world.caller, device.id, device.version, disabled).await.unwrap();
    assert_eq!(exchange(&gateway, "teltonika", &[&message()]).await, REFUSED);
}

#[tokio::test]
async fn a_device_that_is_taken_away_is_sent_away_in_the_middle_of_its_connection() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+tcp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    let mut socket = connect(&gateway, "teltonika").await;
    socket.write_all(&message()).await.unwrap();
    assert_eq!(read(&mut socket, 5).await, KEPT);
    world.engine.records.devices.delete(&world.caller, device.id, None).await.unwrap();
    socket.write_all(&(stream("teltonika").encode)(&crate::support::report(1), 0).unwrap()).await.unwrap();
    assert_eq!(read_all(&mut socket).await, [0; 4], "send it again, to somebody who knows you");
}

#[tokio::test]
async fn a_listener_of_a_tenant_knows_the_devices_of_others_not_at_all() {
    let world = World::new().await;
    let other = world.tenant("other").await;
    let theirs = world.device_of(&other, IMEI).await;
    let bound = format!("teltonika+tcp://127.0.0.1:0?tenant={}&unknown=register", world.tenant.slug);
    let gateway = world.gateway(&[&bound]).await;
    for _ in 0..2 {
        assert_eq!(exchange(&gateway, "teltonika", &[&message()]).await, REFUSED);
    }
    assert_eq!(world.kept(other.tenant_id, theirs.id).await, []);
    let mine = world.engine.tracking.device(&world.caller, &DeviceRef::Identifier(IMEI.to_owned()));
    assert!(mine.is_none(), "the identifier stays with whom it belongs to");
    let open = world.gateway(&["teltonika+tcp://127.0.0.1:0"]).await;
    assert_eq!(exchange(&open, "teltonika", &[&message()]).await, KEPT);
    assert_eq!(world.kept(other.tenant_id, theirs.id).await.len(), 1, "and goes to them alone");
}

#[tokio::test]
async fn an_unknown_device_is_registered_where_the_operator_says_so() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let listen = format!("{protocol}+tcp://127.0.0.1:0?tenant={}&unknown=register", world.tenant.id);
        let gateway = world.gateway(&[&listen]).await;
        let bytes = talk(stream, 0..2);
        let (replies, fixes) = crate::support::expected(stream, &bytes, &world.env);
        assert_eq!(exchange(&gateway, protocol, &[&bytes]).await, replies, "{protocol}");
        let made = world.engine.tracking.device(&world.caller, &DeviceRef::Identifier(fixes[0].0.clone())).unwrap();
        assert_eq!(world.kept(world.tenant.id, made.device_id).await.len(), 2, "{protocol}");
    }
}

#[tokio::test]
async fn only_so_many_devices_are_registered() {
    let world = World::new().await;
    let listen = format!("teltonika+tcp://127.0.0.1:0?tenant={}&unknown=register", world.tenant.slug);
    let gateway = world.gateway_with(&[&listen], |settings| settings.registrations_per_hour = 2).await;
    let login = stream("teltonika").login;
    let mut answers = Vec::new();
    for number in 0..4 {
        let bytes = login(&format!("35630704244101{number}")).unwrap();
        answers.extend(exchange(&gateway, "teltonika", &[&bytes]).await);
    }
    assert_eq!(answers, [1, 1, 0, 0]);
}

#[tokio::test]
async fn a_setting_that_names_no_tenant_is_an_error() {
    let world = World::new().await;
    let settings = GatewaySettings {
        listen: vec!["gt06+udp://127.0.0.1:0?tenant=nobody".parse().unwrap()],
        ..GatewaySettings::default()
    };
    let opened = Opened::new(settings, MqttSettings::default()).await.unwrap();
    let error = opened.start(world.engine.clone(), world.env.clone()).await.err().unwrap().to_string();
    assert!(error.contains("there is no tenant \"nobody\"") && error.contains("gateway.listen"), "{error}");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = format!("gt06+tcp://{}", taken.local_addr().unwrap());
    let settings = GatewaySettings { listen: vec![listen.parse().unwrap()], ..GatewaySettings::default() };
    let error = Opened::new(settings, MqttSettings::default()).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("failed to listen on {listen}")), "{error}");
}
