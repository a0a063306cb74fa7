//! Devices behind a broker.

use std::time::Duration;

use serde_json::json;
use tracklane_engine::tracking::DeviceRef;
use tracklane_gateway::{Gateway, GatewaySettings, MqttSettings, Opened, Outcome, UnknownDevices};

use crate::broker::Broker;
use crate::support::{Disk, World, counts, eventually};

async fn subscribe(world: &World, settings: MqttSettings) -> Gateway {
    let opened = Opened::new(GatewaySettings::default(), settings).await.unwrap();
    let gateway = opened.start(world.engine.clone(), world.env.clone()).await.unwrap();
    eventually("subscribed", async || gateway.broker_health() == Some(Ok(()))).await;
    gateway
}

fn settings(broker: &Broker) -> MqttSettings {
    MqttSettings { url: broker.url(), ..MqttSettings::default() }
}

fn minute(number: i64) -> String {
    format!("2026-01-05T07:{:02}:{:02}Z", number / 60 % 60, number % 60)
}

/// A position on our own topic.
fn ours(world: &World, device: &str, number: i64) -> (String, Vec<u8>) {
    let position = json!({ "fix_time": minute(number), "lat": 41.1, "lon": -8.6, "attributes": { "number": number } });
    (format!("tracklane/{}/{device}", world.tenant.slug), position.to_string().into_bytes())
}

async fn kept(world: &World, device: &str) -> usize {
    let named = DeviceRef::Identifier(device.to_owned());
    let Some(device) = world.engine.tracking.device(&world.caller, &named) else { return 0 };
    world.kept(world.tenant.id, device.device_id).await.len()
}

#[tokio::test]
async fn both_kinds_of_topics_are_kept() {
    let Some(broker) = Broker::start().await else { return };
    let world = World::new().await;
    world.device("ana/phone").await;
    world.device("van-7").await;
    let gateway = subscribe(&world, settings(&broker)).await;
    let location =
        json!({ "_type": "location", "lat": 41.15, "lon": -8.61, "tst": 1_767_598_200, "tid": "an", "batt": 80 });
    let list = json!([
        { "fix_time": minute(1), "lat": 41.1, "lon": -8.6 },
        { "fix_time": minute(2), "lat": 41.1, "lon": -8.6, "speed_mps": 7.5 },
    ]);
    let messages = [
        ("owntracks/ana/phone".to_owned(), location.to_string().into_bytes()),
        ("owntracks/ana/phone".to_owned(), br#"{"_type":"lwt","tst":1767598200}"#.to_vec()),
        ours(&world, "van-7", 0),
        (format!("tracklane/{}/van-7", world.tenant.id), list.to_string().into_bytes()),
    ];
    broker.publish(&messages).await;
    eventually("kept", async || counts(&gateway, "mqtt").messages(Outcome::Kept) == 3).await;
    assert_eq!((kept(&world, "ana/phone").await, kept(&world, "van-7").await), (1, 3));
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::WithoutPosition), 1, "the last will");
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_does_not_come_back() {
    let Some(broker) = Broker::start().await else { return };
    let world = World::new().await;
    world.device("van-7").await;
    let theirs = world.tenant("other").await;
    world.device_of(&theirs, "their-van").await;
    let limited = MqttSettings { message_limit_bytes: 4_096, ..settings(&broker) };
    let gateway = subscribe(&world, limited.clone()).await;
    let topic = |rest: &str| format!("tracklane/{}/{rest}", world.tenant.slug);
    let good = ours(&world, "van-7", 0).1;
    let bad = [
        (topic("van-7"), b"{".to_vec()),
        (topic("van-7"), Vec::new()),
        (topic("van-7"), vec![0xff; 300]),
        (topic("van-7"), vec![b' '; 10_000_000]),
        (topic("van-7"), br#"[{"fix_time":"2026-01-05T07:59:00Z","lat":91,"lon":0,"colour":"red"}]"#.to_vec()),
        ("owntracks/ana/phone".to_owned(), b"{\"_type\":\"location\"}".to_vec()),
    ];
    let unknown = [
        (topic("nobody"), good.clone()),
        (topic("their-van"), good.clone()),
        ("tracklane/nobody/van-7".to_owned(), good.clone()),
    ];
    broker.publish(&bad).await;
    broker.publish(&unknown).await;
    // A row that breaks a rule is acknowledged with the rows beside it.
    let half = br#"[{"fix_time":"2026-01-05T07:58:00Z","lat":91,"lon":0},{"fix_time":"2026-01-05T07:59:00Z","lat":1,"lon":0}]"#;
    broker.publish(&[(topic("van-7"), half.to_vec()), ours(&world, "van-7", 0)]).await;
    eventually("kept", async || kept(&world, "van-7").await == 2).await;
    let counted = counts(&gateway, "mqtt");
    assert_eq!(counted.messages(Outcome::Unreadable), bad.len() as u64);
    assert_eq!(counted.messages(Outcome::UnknownDevice), unknown.len() as u64);
    eventually("rejected", async || counts(&gateway, "mqtt").rejected == 1).await;
    gateway.stop(Duration::from_secs(30)).await;
    let gateway = subscribe(&world, limited).await;
    broker.publish(&[ours(&world, "van-7", 1)]).await;
    eventually("kept", async || kept(&world, "van-7").await == 3).await;
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::Unreadable), 0, "the broker was told to forget it");
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::Kept), 1);
}

#[tokio::test]
async fn what_is_not_durable_is_not_acknowledged() {
    let Some(broker) = Broker::start().await else { return };
    let world = World::new().await;
    world.device("van-7").await;
    let gateway = subscribe(&world, settings(&broker)).await;
    world.disk(Disk::Waits);
    broker.publish(&(0..50).map(|number| ours(&world, "van-7", number)).collect::<Vec<_>>()).await;
    world.appends(1).await;
    // It ends without the commit having come to an end.
    gateway.stop(Duration::from_millis(100)).await;
    world.disk(Disk::Full);
    let gateway = subscribe(&world, settings(&broker)).await;
    eventually("not kept", async || counts(&gateway, "mqtt").messages(Outcome::NotKept) > 0).await;
    world.disk(Disk::Works);
    eventually("kept", async || kept(&world, "van-7").await == 50).await;
    eventually("counted", async || counts(&gateway, "mqtt").messages(Outcome::Kept) == 50).await;
    gateway.stop(Duration::from_secs(30)).await;
    let before = world.rows_kept();
    let gateway = subscribe(&world, settings(&broker)).await;
    broker.publish(&[ours(&world, "van-7", 100)]).await;
    eventually("kept", async || kept(&world, "van-7").await == 51).await;
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::Kept), 1, "all before it was acknowledged");
    assert_eq!(world.rows_kept(), before + 1);
}

#[tokio::test]
async fn the_broker_keeps_what_comes_while_the_server_is_away() {
    let Some(broker) = Broker::start().await else { return };
    let world = World::new().await;
    world.device("van-7").await;
    let gateway = subscribe(&world, settings(&broker)).await;
    broker.publish(&[ours(&world, "van-7", 0)]).await;
    eventually("kept", async || kept(&world, "van-7").await == 1).await;
    gateway.stop(Duration::from_secs(30)).await;
    // More than one window of what the broker sends without an acknowledgement.
    broker.publish(&(1..2_500).map(|number| ours(&world, "van-7", number)).collect::<Vec<_>>()).await;
    let gateway = subscribe(&world, MqttSettings { batch: 200, ..settings(&broker) }).await;
    eventually("kept", async || kept(&world, "van-7").await == 2_500).await;
    drop(gateway);
}

#[tokio::test]
async fn a_broker_that_goes_away_and_comes_back_loses_nothing() {
    let Some(mut broker) = Broker::start().await else { return };
    let world = World::new().await;
    world.device("van-7").await;
    let gateway = subscribe(&world, settings(&broker)).await;
    let mut sent = 0;
    for round in 0..3 {
        let some: Vec<_> = (sent..sent + 100).map(|number| ours(&world, "van-7", number)).collect();
        if round == 1 {
            // In the middle of commits.
            world.disk(Disk::Waits);
        }
        broker.publish(&some).await;
        sent += 100;
        if round == 1 {
            broker.stop();
            world.disk(Disk::Works);
        } else {
            eventually("kept", async || kept(&world, "van-7").await == sent as usize).await;
            broker.kill();
        }
        eventually("noticed", async || gateway.broker_health().unwrap().is_err()).await;
        broker.run().await;
        eventually("back", async || gateway.broker_health() == Some(Ok(()))).await;
        eventually("kept", async || kept(&world, "van-7").await == sent as usize).await;
    }
}

#[tokio::test]
async fn unknown_devices_are_registered_in_the_tenant_of_the_broker_alone() {
    let Some(broker) = Broker::start().await else { return };
    let world = World::new().await;
    let other = world.tenant("other").await;
    let register = MqttSettings {
        tenant: world.tenant.slug.clone(),
        unknown_devices: UnknownDevices::Register,
        ..settings(&broker)
    };
    let gateway = subscribe(&world, register).await;
    let theirs = ("tracklane/other/new-van".to_owned(), ours(&world, "x", 0).1);
    let location = json!({ "_type": "location", "lat": 41.15, "lon": -8.61, "tst": 1_767_598_200 });
    let phone = ("owntracks/rui/phone".to_owned(), location.to_string().into_bytes());
    broker.publish(&[theirs, ours(&world, "my-van", 0), phone]).await;
    eventually("kept", async || counts(&gateway, "mqtt").messages(Outcome::Kept) == 2).await;
    assert_eq!((kept(&world, "my-van").await, kept(&world, "rui/phone").await), (1, 1));
    assert_eq!(counts(&gateway, "mqtt").messages(Outcome::UnknownDevice), 1);
    let made = world.engine.tracking.device(&other, &DeviceRef::Identifier("new-van".to_owned()));
    assert!(made.is_none());
}

#[tokio::test]
async fn a_broker_that_wants_a_password_gets_it_and_a_wrong_one_is_said() {
    let Some(broker) = Broker::for_user("ana", "s/cret").await else { return };
    let world = World::new().await;
    let wrong = MqttSettings { url: broker.url().replace("://", "://ana:wrong@"), ..MqttSettings::default() };
    let opened = Opened::new(GatewaySettings::default(), wrong).await.unwrap();
    let gateway = opened.start(world.engine.clone(), world.env.clone()).await.unwrap();
    eventually("refused", async || {
        let said = gateway.broker_health().unwrap().err().unwrap_or_default();
        said.contains("refused") && !said.contains("wrong")
    })
    .await;
    drop(gateway);
    world.device("van-7").await;
    let right = MqttSettings { url: broker.url().replace("://", "://ana:s%2Fcret@"), ..MqttSettings::default() };
    let gateway = subscribe(&world, right).await;
    broker.publish_as(Some(("ana", "s/cret")), &[ours(&world, "van-7", 0)]).await;
    eventually("kept", async || kept(&world, "van-7").await == 1).await;
    drop(gateway);
}

#[tokio::test]
async fn a_broker_is_believed_by_its_certificate() {
    let Some((broker, port)) = Broker::with_tls().await else { return };
    let world = World::new().await;
    world.device("van-7").await;
    let secure = MqttSettings {
        url: format!("mqtts://localhost:{port}"),
        ca_file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/ca.pem").to_owned(),
        ..MqttSettings::default()
    };
    let gateway = subscribe(&world, secure.clone()).await;
    broker.publish(&[ours(&world, "van-7", 0)]).await;
    eventually("kept", async || kept(&world, "van-7").await == 1).await;
    gateway.stop(Duration::from_secs(30)).await;
    // One certificate is as good as another to those who do not look; this one did not sign the broker's.
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/server.pem").to_owned();
    let wrong = MqttSettings { ca_file: other, client_id: "other".to_owned(), ..secure.clone() };
    let opened = Opened::new(GatewaySettings::default(), wrong).await.unwrap();
    let gateway = opened.start(world.engine.clone(), world.env.clone()).await.unwrap();
    eventually("refused", async || {
        gateway.broker_health().unwrap().is_err_and(|why| why.contains("TLS") || why.contains("certificate"))
    })
    .await;
    let none = MqttSettings { ca_file: "/nowhere.pem".to_owned(), ..secure };
    let opened = Opened::new(GatewaySettings::default(), none).await.unwrap();
    let error = opened.start(world.engine.clone(), world.env.clone()).await.err().unwrap().to_string();
    assert!(error.contains("failed to read ca_file /nowhere.pem"), "{error}");
}

#[tokio::test]
async fn a_device_that_is_too_fast_takes_nothing_from_the_others() {
    let Some(broker) = Broker::start().await else { return };
    let world = World::new().await;
    for name in ["fast", "slow", "late"] {
        world.device(name).await;
    }
    let limited = GatewaySettings { device_messages_per_second: 10, ..GatewaySettings::default() };
    let opened = Opened::new(limited, settings(&broker)).await.unwrap();
    let gateway = opened.start(world.engine.clone(), world.env.clone()).await.unwrap();
    eventually("subscribed", async || gateway.broker_health() == Some(Ok(()))).await;
    // The world stands still at eight o'clock: these are of now, those of the late one have waited for an hour.
    let now = |device: &str, number: i64| {
        let position = json!({ "fix_time": format!("2026-01-05T07:59:58.{number:03}Z"), "lat": 41.1, "lon": -8.6 });
        (format!("tracklane/{}/{device}", world.tenant.slug), position.to_string().into_bytes())
    };
    let mut all: Vec<_> = (0..500).map(|number| now("fast", number)).collect();
    all.extend((0..500).map(|number| ours(&world, "late", number)));
    all.extend((0..5).map(|number| now("slow", number)));
    broker.publish(&all).await;
    eventually("the others are kept", async || (kept(&world, "slow").await, kept(&world, "late").await) == (5, 500))
        .await;
    let kept = kept(&world, "fast").await as u64;
    let counted = counts(&gateway, "mqtt");
    // Ten at once and ten a second, however long it took.
    assert!((10..250).contains(&kept), "{kept}");
    assert_eq!((counted.messages(Outcome::TooFast), counted.messages(Outcome::Kept)), (500 - kept, 505 + kept));
}
