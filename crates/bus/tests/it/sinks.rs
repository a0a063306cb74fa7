//! What every sink promises: all of it arrives, with its attributes, what is about one shipment in order; a broker that is away is
//! an error, and once it is back all goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracklane_bus::Publication;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::ports::EventSink;
use tracklane_testkit::Wire;

use crate::brokers::{Kafka, Mosquitto, Nats, RabbitMq};
use crate::events::{Seen, event, seen};

/// How long a broker that is away may stay unnoticed.
const SOON: Duration = Duration::from_secs(60);

fn open(url: &str) -> Arc<dyn EventSink> {
    Publication::parse(url).unwrap().to
}

/// Each call holds one event of each of three shipments, as the engine does it.
async fn publish(sink: &dyn EventSink, numbers: std::ops::Range<u32>) {
    let events: Vec<CloudEvent> = numbers.map(event).collect();
    for wave in events.chunks(3) {
        timeout(SOON, sink.publish(wave.to_vec())).await.expect("an answer").unwrap();
    }
}

/// All of these numbers, each event as it was published, those of a shipment in order; again only where one may.
fn check(found: &[Seen], numbers: std::ops::Range<u32>) {
    let mut of_shipment = HashMap::<&str, Vec<&Seen>>::new();
    for one in found {
        of_shipment.entry(&one.subject).or_default().push(one);
    }
    let mut count = 0;
    for (shipment, mut events) in of_shipment {
        events.dedup();
        let expected: Vec<Seen> = numbers.clone().map(seen).filter(|one| one.subject == shipment).collect();
        assert_eq!(events, expected.iter().collect::<Vec<_>>());
        count += expected.len();
    }
    assert_eq!(count, numbers.len());
}

/// Publishing fails while the wire is cut, and then goes on.
async fn survives_a_cut(sink: &dyn EventSink, wire: &Wire, numbers: std::ops::Range<u32>) {
    wire.cut();
    let lost = timeout(SOON, sink.publish(vec![event(numbers.start)])).await.expect("an answer");
    assert!(lost.is_err(), "what the broker does not have is not published");
    wire.mend();
    let mut tries = 0;
    while let Err(error) = timeout(SOON, sink.publish(vec![event(numbers.start)])).await.expect("an answer") {
        tries += 1;
        assert!(tries < 100, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    publish(sink, numbers.start + 1..numbers.end).await;
}

#[tokio::test]
async fn nats() {
    let Some(broker) = Nats::start().await else { return };
    let wire = Wire::to(broker.port).await;
    let sink = open(&format!("nats://127.0.0.1:{}/shop/events", wire.port));
    publish(&*sink, 0..30).await;
    check(&broker.read(30).await, 0..30);
    // The same again is known by its id.
    publish(&*sink, 27..30).await;
    survives_a_cut(&*sink, &wire, 30..36).await;
    check(&broker.read(36).await, 0..36);
}

#[tokio::test]
async fn mqtt() {
    let Some(mut broker) = Mosquitto::start().await else { return };
    let wire = Wire::to(broker.port).await;
    let sink = open(&format!("mqtt://127.0.0.1:{}/shop/events", wire.port));
    publish(&*sink, 0..30).await;
    check(&broker.read(30).await, 0..30);
    survives_a_cut(&*sink, &wire, 30..36).await;
    check(&broker.read(6).await, 30..36);
}

#[tokio::test]
async fn rabbitmq() {
    let Some(mut broker) = RabbitMq::reach("shop.events").await else { return };
    let wire = Wire::to(broker.port).await;
    let sink = open(&format!("amqp://127.0.0.1:{}/%2F/shop.events", wire.port));
    publish(&*sink, 0..30).await;
    check(&broker.read(30).await, 0..30);
    survives_a_cut(&*sink, &wire, 30..36).await;
    check(&broker.read(6).await, 30..36);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka() {
    let Some(mut kafka) = Kafka::start("shop-events").await else { return };
    let sink = open(&format!("kafka://{}/shop-events", kafka.broker.bootstrap_servers()));
    publish(&*sink, 0..30).await;
    check(&kafka.read("shop-events", 30), 0..30);
    kafka.broker.crash(0);
    let lost = timeout(SOON, sink.publish(vec![event(30)])).await.expect("an answer");
    assert!(lost.is_err(), "what the broker does not have is not published");
    kafka.broker.restart(0);
    publish(&*sink, 30..36).await;
    check(&kafka.read("shop-events", 36), 0..36);
}

#[tokio::test]
async fn nobody_there_is_an_error() {
    // Nothing listens on port 1.
    for url in ["kafka://127.0.0.1:1/x", "nats://127.0.0.1:1/x", "amqp://127.0.0.1:1/x", "mqtt://127.0.0.1:1/x"] {
        let outcome = timeout(SOON, open(url).publish(vec![event(0)])).await;
        assert!(outcome.unwrap_or_else(|_| panic!("{url} does not answer")).is_err(), "{url}");
    }
}
