//! Messages of other projects' tests, when the corpus is there: each over a socket, whole, in two pieces and cut short.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use tokio::net::UdpSocket;
use tracklane_core::Env;
use tracklane_gateway::{Gateway, Transport};
use tracklane_protocols::{Session, Stream};

use crate::support::{IMEI, World, at, eventually, exchange, expected, streams};

fn cases(protocol: &str) -> Vec<Value> {
    let Some(corpus) = std::env::var_os("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return Vec::new();
    };
    let file = if protocol == "gl200" { "gl200text" } else { protocol };
    let path = PathBuf::from(corpus).join(format!("devices/traccar_{file}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn message(case: &Value) -> Vec<u8> {
    let data = case["message"]["data"].as_str().unwrap();
    match case["message"]["kind"].as_str() {
        Some("hex") => hex::decode(data).unwrap(),
        _ => data.chars().map(|c| c as u8).collect(),
    }
}

/// The names of those who speak in these bytes.
fn names(stream: &Stream, bytes: &[u8], is_datagram: bool, env: &Env) -> BTreeSet<String> {
    let mut session = Session::new(env.now());
    let mut buffer = bytes::BytesMut::from(bytes);
    let mut names = BTreeSet::new();
    if is_datagram {
        names.extend((stream.datagram)(bytes, &mut session).reports.into_iter().map(|report| report.device));
        return names;
    }
    while let Ok(Some(frame)) = (stream.frame)(&mut buffer) {
        names.extend((stream.decode)(&frame, &mut session).reports.into_iter().map(|report| report.device));
    }
    names
}

async fn send_datagram(gateway: &Gateway, protocol: &str, stream: &Stream, bytes: &[u8], env: &Env) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(bytes, at(gateway, protocol, Transport::Udp)).await.unwrap();
    let reply = (stream.datagram)(bytes, &mut Session::new(env.now())).reply;
    if !reply.is_empty() {
        let mut buffer = [0; 2_000];
        let count = socket.recv(&mut buffer).await.unwrap();
        assert_eq!(buffer[..count], reply);
    }
}

#[tokio::test]
async fn messages_of_others_are_kept_and_answered() {
    for (protocol, stream) in streams() {
        let cases = cases(protocol);
        if cases.is_empty() {
            continue;
        }
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}://127.0.0.1:0")]).await;
        let login = (stream.login)(IMEI).unwrap();
        let (mut known, mut fixes, mut answered) = (BTreeSet::new(), BTreeSet::new(), 0);
        for case in &cases {
            let bytes = message(case);
            let is_datagram = case["test_method"] == "testDecodeConnectionless";
            let bytes = if is_datagram { bytes } else { [&login[..], &bytes].concat() };
            for name in names(stream, &bytes, is_datagram, &world.env) {
                if !name.is_empty() && known.insert(name.clone()) {
                    world.device(&name).await;
                }
            }
            if is_datagram {
                send_datagram(&gateway, protocol, stream, &bytes, &world.env).await;
                continue;
            }
            let (replies, found) = expected(stream, &bytes, &world.env);
            let said = exchange(&gateway, protocol, &[&bytes]).await;
            assert_eq!(said, replies, "{}", case["id"]);
            answered += usize::from(!said.is_empty());
            let (start, end) = bytes.split_at(login.len() + (bytes.len() - login.len()) / 2);
            assert_eq!(exchange(&gateway, protocol, &[start, end]).await, replies, "{} in two pieces", case["id"]);
            exchange(&gateway, protocol, &[&bytes[..bytes.len() - 1]]).await;
            fixes.extend(found);
        }
        let mut kept = 0;
        for name in &known {
            let named = tracklane_engine::tracking::DeviceRef::Identifier(name.clone());
            let device = world.engine.tracking.device(&world.caller, &named).unwrap();
            let times: BTreeSet<_> = world
                .kept(world.tenant.id, device.device_id)
                .await
                .into_iter()
                .map(|position| position.fix_time)
                .collect();
            // What lies in the future of this world, or before 2000, is acknowledged and left out.
            let (early, late) = (crate::support::instant("2000-01-01T00:00:00Z"), world.env.now());
            let due = fixes.iter().filter(|(of, time)| of == name && (early..=late).contains(time));
            let missing: Vec<_> = due.filter(|(_, time)| !times.contains(time)).collect();
            assert!(missing.is_empty(), "{protocol}: {missing:?}");
            kept += times.len();
        }
        eventually("all ended", async || crate::support::counts(&gateway, protocol).open == 0).await;
        println!(
            "{protocol}: {} messages, {answered} answered, {kept} positions of {} devices",
            cases.len(),
            known.len()
        );
    }
}
