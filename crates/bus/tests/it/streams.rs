//! What every position stream promises: a partition is read in the order in which it was published, from any record on; what the
//! broker acknowledged is there after a cut; nodes hear each other, and where the broker parts partitions each is one node's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use krafka::testing::FakeBroker;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracklane_bus::open_stream;
use tracklane_core::ports::{Lsn, PositionStream, Streamed};
use tracklane_testkit::Wire;

use crate::brokers::Nats;

const SOON: Duration = Duration::from_secs(60);

fn record(partition: u32, number: u32) -> (u32, Vec<u8>) {
    (partition, format!("{partition}/{number}").into_bytes())
}

/// The next so many records of a partition from a number on.
async fn read(stream: &dyn PositionStream, partition: u32, from: Lsn, count: usize) -> Vec<Streamed> {
    let mut reader = stream.read(partition, from).await.unwrap();
    let mut found = Vec::new();
    while found.len() < count {
        found.extend(timeout(SOON, reader.next()).await.expect("records come").unwrap());
    }
    found
}

fn words(records: &[Streamed]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8(record.payload.clone()).unwrap()).collect()
}

async fn publish(stream: &dyn PositionStream, records: Vec<(u32, Vec<u8>)>) {
    let mut tries = 0;
    while let Err(error) = timeout(SOON, stream.publish(records.clone())).await.expect("an answer") {
        tries += 1;
        assert!(tries < 100, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Everything but what brokers differ in.
async fn keeps_its_promises(url: &str, wire: &Wire) {
    let stream = open_stream(url).unwrap();
    assert_eq!(stream.partitions(), 4);
    let sent: Vec<_> = (0..300).map(|number| record(number % 3, number)).collect();
    publish(&*stream, sent.clone()).await;
    let all = read(&*stream, 1, 1, 100).await;
    let expected: Vec<_> = (0..300).filter(|number| number % 3 == 1).map(|number| format!("1/{number}")).collect();
    assert_eq!(words(&all), expected);
    assert!(all[0].number >= 1 && all.windows(2).all(|pair| pair[0].number < pair[1].number));
    // Another node reads from the middle on.
    let other = open_stream(url).unwrap();
    assert_eq!(words(&read(&*other, 1, all[60].number, 40).await), expected[60..]);
    let (name, end) = other.end(1).await.unwrap();
    assert_eq!(stream.end(2).await.unwrap().0, name);
    assert!((all[99].number..=300).contains(&end), "{end}");

    // Somebody who reads at the end hears what comes.
    let mut reader = other.read(2, read(&*stream, 2, 1, 100).await[99].number + 1).await.unwrap();
    publish(&*stream, vec![record(2, 1_000)]).await;
    assert_eq!(words(&timeout(SOON, reader.next()).await.unwrap().unwrap()), ["2/1000"]);

    let mut ear = other.listen().await.unwrap();
    stream.tell(b"hello".to_vec()).await.unwrap();
    assert_eq!(timeout(SOON, ear.next()).await.unwrap().unwrap(), b"hello");

    stream.health().unwrap();
    wire.cut();
    let lost = timeout(SOON, stream.publish(vec![record(1, 2_000)])).await.expect("an answer");
    assert!(lost.is_err(), "what the broker does not have is not published");
    assert!(stream.health().is_err());
    wire.mend();
    publish(&*stream, vec![record(1, 2_001)]).await;
    stream.health().unwrap();
    let mut after = words(&read(&*other, 1, all[99].number + 1, 1).await);
    // It may have arrived though nobody heard so.
    after.retain(|word| word != "1/2000");
    if after.is_empty() {
        after = words(&read(&*other, 1, all[99].number + 2, 1).await);
    }
    assert_eq!(after, ["1/2001"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nats() {
    let Some(broker) = Nats::start().await else { return };
    let wire = Wire::to(broker.port).await;
    let url = format!("nats://127.0.0.1:{}/positions?partitions=4", wire.port);
    keeps_its_promises(&url, &wire).await;
    let stream = open_stream(&url).unwrap();
    assert!(stream.join().await.unwrap().is_none(), "it parts nothing among readers");
    // What is not needed any more is gone, of this partition alone.
    let all = read(&*stream, 1, 1, 100).await;
    stream.release(1, all[50].number).await.unwrap();
    assert_eq!(read(&*stream, 1, 1, 50).await[0], all[50]);
    assert_eq!(words(&read(&*stream, 0, 1, 1).await[..1]), ["0/0"]);
    // Nothing before the first record is nothing at all.
    stream.release(0, 1).await.unwrap();
    assert_eq!(words(&read(&*stream, 0, 1, 1).await[..1]), ["0/0"]);
    // Whoever listens learns that something was missed.
    let mut ear = stream.listen().await.unwrap();
    wire.cut();
    assert!(timeout(SOON, ear.next()).await.unwrap().is_err());
}

/// Follows what is a node's own, and says so.
fn member(stream: Arc<dyn PositionStream>) -> (mpsc::UnboundedReceiver<BTreeSet<u32>>, tokio::task::JoinHandle<()>) {
    let (says, told) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let mut membership = stream.join().await.unwrap().expect("the broker parts partitions");
        while let Ok(mine) = membership.changed().await {
            let _ = says.send(mine.into_iter().collect());
        }
    });
    (told, task)
}

async fn until(told: &mut mpsc::UnboundedReceiver<BTreeSet<u32>>, count: usize) -> BTreeSet<u32> {
    loop {
        let mine = timeout(SOON, told.recv()).await.expect("it is told").unwrap();
        if mine.len() == count {
            return mine;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka() {
    let broker = FakeBroker::start().await.unwrap();
    let port = broker.bootstrap_servers().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let url = format!("kafka://127.0.0.1:{port}/positions?partitions=4");
    let (one, two) = (open_stream(&url).unwrap(), open_stream(&url).unwrap());
    let (mut told, _task) = member(one.clone());
    assert_eq!(until(&mut told, 4).await, BTreeSet::from([0, 1, 2, 3]));
    publish(&*two, (0..10).map(|number| record(1, number)).collect()).await;
    let all = read(&*one, 1, 1, 10).await;
    assert_eq!(words(&all), (0..10).map(|number| format!("1/{number}")).collect::<Vec<_>>());
    assert_eq!(words(&read(&*two, 1, all[4].number, 6).await), words(&all)[4..]);
    one.release(1, all[7].number).await.unwrap();
    assert_eq!(broker.committed_offset("positions-trackers", "positions", 1), Some(7));
    // Who is not in the group commits nothing.
    two.release(1, all[9].number).await.unwrap();
    assert_eq!(broker.committed_offset("positions-trackers", "positions", 1), Some(7));

    let wrong = open_stream(&format!("kafka://127.0.0.1:{port}/positions?partitions=5")).unwrap();
    let said = wrong.publish(vec![record(0, 0)]).await.unwrap_err().to_string();
    assert!(said.contains("has 4 partitions, not 5"), "{said}");
}

/// On a broker of its own process, where `make test-kafka` starts one: the group of the broker in this process has one member at a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_parts_partitions_among_nodes() {
    let Ok(base) = std::env::var("TRACKLANE_TEST_KAFKA_URL") else {
        eprintln!("left out: there is no TRACKLANE_TEST_KAFKA_URL");
        return;
    };
    let port = base.rsplit(':').next().unwrap();
    let topic = format!("positions-{}", std::process::id());
    let url = format!("kafka://127.0.0.1:{port}/{topic}?partitions=4");
    let (one, two) = (open_stream(&url).unwrap(), open_stream(&url).unwrap());
    let (mut first, first_task) = member(one);
    assert_eq!(until(&mut first, 4).await, BTreeSet::from([0, 1, 2, 3]));
    let (mut second, _second_task) = member(two);
    let (mine, theirs) = tokio::join!(until(&mut first, 2), until(&mut second, 2));
    assert_eq!(mine.union(&theirs).copied().collect::<Vec<_>>(), [0, 1, 2, 3], "of two nodes each has half");
    first_task.abort();
    assert_eq!(until(&mut second, 4).await, BTreeSet::from([0, 1, 2, 3]), "whoever stays has all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_that_goes_away_and_comes_back() {
    let broker = FakeBroker::start().await.unwrap();
    let port = broker.bootstrap_servers().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let stream = open_stream(&format!("kafka://127.0.0.1:{port}/positions?partitions=4")).unwrap();
    let sent: Vec<_> = (0..300).map(|number| record(number % 3, number)).collect();
    publish(&*stream, sent).await;
    let mut ear = stream.listen().await.unwrap();
    stream.tell(b"hello".to_vec()).await.unwrap();
    assert_eq!(timeout(SOON, ear.next()).await.unwrap().unwrap(), b"hello");
    // Nobody takes the records of one partition: the others are read all the same.
    let _idle = stream.read(0, 1).await.unwrap();
    assert_eq!(read(&*stream, 1, 1, 100).await.len(), 100);
    let mut reader = stream.read(2, 90).await.unwrap();
    broker.crash(0);
    assert!(timeout(SOON, stream.publish(vec![record(2, 2_000)])).await.expect("an answer").is_err());
    assert!(stream.health().is_err());
    broker.restart(0);
    publish(&*stream, vec![record(2, 2_001)]).await;
    stream.health().unwrap();
    let (mut found, mut next) = (Vec::new(), 90);
    while found.last().is_none_or(|word| word != "2/2001") {
        match timeout(SOON, reader.next()).await.expect("records come") {
            Ok(records) => {
                next = records.last().unwrap().number + 1;
                found.extend(words(&records));
            }
            Err(_) => match stream.read(2, next).await {
                Ok(again) => reader = again,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
    found.retain(|word| word != "2/2000");
    assert_eq!(found.len(), 12, "{found:?}");
}

#[test]
fn what_no_stream_can_be_is_refused() {
    for (url, word) in [
        ("mqtt://h/x", "nats:// or kafka://"),
        ("nats://h/x?partitions=0", "1 to 1024"),
        ("nats://h/x?partitions=many", "1 to 1024"),
        ("kafka://h/x?replicas=9", "1 to 5"),
        ("kafka://h/x?event=shipment.*", "partitions, replicas"),
        ("redis://h/x", "nats://"),
    ] {
        let said = open_stream(url).err().unwrap().to_string();
        assert!(said.contains(word), "{url}: {said}");
    }
}
