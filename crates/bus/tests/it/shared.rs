//! What shared memory promises: processes take from one allowance, find each other's notes and hear each other; a server that is
//! away is said at once, and used again once it answers; what it forgets is begun anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracklane_bus::SharedAddress;
use tracklane_core::ports::{Allowance, Note, SharedMemory, Took};
use tracklane_testkit::Wire;

use crate::brokers::Redis;

const SOON: Duration = Duration::from_secs(60);
/// A machine that does much else answers late, too.
const PATIENT: Duration = Duration::from_secs(30);
const KEEP: Duration = Duration::from_secs(600);
/// Three at once, one an hour.
const THREE: Allowance = Allowance { interval: 3_600_000_000, depth: 3 * 3_600_000_000 };

async fn open(port: u16, database: u8, patience: Duration) -> Arc<dyn SharedMemory> {
    let url = format!("redis://127.0.0.1:{port}/{database}");
    SharedAddress::parse(&url).unwrap().open(patience).await
}

async fn taken(memory: &dyn SharedMemory, key: &str) -> bool {
    matches!(memory.take(key, THREE).await.unwrap(), Took::Yes(_))
}

async fn all(memory: &dyn SharedMemory, shelf: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let (mut found, mut cursor) = (BTreeMap::new(), Some(0));
    while let Some(from) = cursor {
        let (some, next) = memory.browse(shelf, from).await.unwrap();
        found.extend(some);
        cursor = next;
    }
    found
}

fn notes(range: std::ops::Range<u32>, text: &str) -> Vec<Note> {
    range.map(|number| (number.to_be_bytes().to_vec(), format!("{text} {number}").into_bytes())).collect()
}

/// Waits until it answers, or does not.
async fn until(memory: &dyn SharedMemory, well: bool) {
    let turned = async {
        while memory.health().is_ok() != well {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, turned).await.expect("it turns");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_what_they_take_note_and_tell() {
    let Some(server) = Redis::start().await else { return };
    let (one, two) = (open(server.port, 0, PATIENT).await, open(server.port, 0, PATIENT).await);
    let elsewhere = open(server.port, 1, PATIENT).await;
    one.health().unwrap();

    let Took::Yes(whole) = one.take("a", THREE).await.unwrap() else { panic!("the first is taken") };
    assert_eq!(whole, THREE.interval);
    assert!(taken(&*two, "a").await && taken(&*one, "a").await);
    let Took::No(wait) = two.take("a", THREE).await.unwrap() else { panic!("three were taken") };
    assert!(wait > 0 && wait <= THREE.interval, "{wait}");
    assert!(taken(&*two, "b").await && taken(&*elsewhere, "a").await, "another key, another database");
    // Many at once: exactly as many as there are.
    let many = (0..20).map(|number| {
        let memory = if number % 2 == 0 { one.clone() } else { two.clone() };
        async move { taken(&*memory, "many").await }
    });
    assert_eq!(futures::future::join_all(many).await.into_iter().filter(|taken| *taken).count(), 3);

    assert!(all(&*one, "places").await.is_empty());
    one.put("places", Vec::new(), KEEP).await.unwrap();
    one.put("places", notes(0..3_000, "old"), KEEP).await.unwrap();
    two.put("places", notes(2_000..4_000, "new"), KEEP).await.unwrap();
    let found = all(&*one, "places").await;
    assert_eq!(found.len(), 4_000);
    assert_eq!(found[1_999_u32.to_be_bytes().as_slice()], b"old 1999");
    assert_eq!(found[2_000_u32.to_be_bytes().as_slice()], b"new 2000");
    assert!(all(&*one, "others").await.is_empty() && all(&*elsewhere, "places").await.is_empty());
    one.put("brief", notes(0..1, "gone"), Duration::from_millis(1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(all(&*one, "brief").await.is_empty());

    let mut ears = [one.listen("news").await.unwrap(), two.listen("news").await.unwrap()];
    let mut stranger = elsewhere.listen("news").await.unwrap();
    one.tell("olds", b"not this".to_vec()).await.unwrap();
    one.tell("news", b"first \0".to_vec()).await.unwrap();
    two.tell("news", b"second".to_vec()).await.unwrap();
    elsewhere.tell("news", b"elsewhere".to_vec()).await.unwrap();
    for ear in &mut ears {
        for word in [b"first \0".as_slice(), b"second"] {
            assert_eq!(timeout(SOON, ear.next()).await.unwrap().unwrap(), word);
        }
    }
    assert_eq!(timeout(SOON, stranger.next()).await.unwrap().unwrap(), b"elsewhere");
    assert!(one.counts().answered > 20 && one.counts().failed == 0, "{:?}", one.counts());

    // It may forget everything: then all begins anew.
    server.order(&["FLUSHALL"]).await;
    assert!(all(&*one, "places").await.is_empty());
    assert!(taken(&*one, "a").await);
    server.order(&["SCRIPT", "FLUSH"]).await;
    assert!(taken(&*one, "a").await && taken(&*two, "a").await && !taken(&*two, "a").await);
    two.tell("news", b"third".to_vec()).await.unwrap();
    assert_eq!(timeout(SOON, ears[0].next()).await.unwrap().unwrap(), b"third");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_is_used_again_once_back() {
    let Some(server) = Redis::start().await else { return };
    let wire = Wire::to(server.port).await;
    wire.cut();
    let memory = open(wire.port, 0, PATIENT).await;
    assert!(memory.health().is_err(), "a server that is away when we start is no reason not to");
    assert!(memory.take("a", THREE).await.is_err());
    wire.mend();
    until(&*memory, true).await;
    assert!(taken(&*memory, "a").await);
    let mut ear = memory.listen("news").await.unwrap();

    wire.cut();
    assert!(timeout(SOON, ear.next()).await.unwrap().is_err(), "whoever listens learns that something was missed");
    until(&*memory, false).await;
    let before = memory.counts().failed;
    assert!(memory.take("a", THREE).await.is_err());
    assert!(memory.put("places", notes(0..1, "x"), KEEP).await.is_err());
    assert!(memory.browse("places", 0).await.is_err());
    assert!(memory.tell("news", Vec::new()).await.is_err());
    assert!(memory.listen("news").await.is_err());
    assert_eq!(memory.counts().failed, before + 5);

    wire.mend();
    until(&*memory, true).await;
    assert!(taken(&*memory, "a").await && taken(&*memory, "a").await && !taken(&*memory, "a").await);
    let mut ear = memory.listen("news").await.unwrap();
    memory.tell("news", b"back".to_vec()).await.unwrap();
    assert_eq!(timeout(SOON, ear.next()).await.unwrap().unwrap(), b"back");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_too_late_is_left_alone() {
    let Some(server) = Redis::start().await else { return };
    let memory = open(server.port, 0, Duration::from_millis(50)).await;
    server.order(&["CLIENT", "PAUSE", "3000", "ALL"]).await;
    let error = memory.take("a", THREE).await.unwrap_err();
    assert!(error.to_string().contains("no answer within 50 ms"), "{error}");
    until(&*memory, false).await;
    assert!(memory.tell("news", Vec::new()).await.is_err());
    until(&*memory, true).await;
}
