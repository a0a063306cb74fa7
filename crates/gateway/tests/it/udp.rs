//! Devices that send datagrams.

use std::time::Duration;

use tokio::net::UdpSocket;
use tracklane_gateway::{Gateway, Outcome, Transport};
use tracklane_protocols::Session;
use tracklane_protocols::teltonika::{Codec, encode_datagram};

use crate::support::{Disk, IMEI, World, at, counts, eventually, report, stream, streams};

async fn socket(gateway: &Gateway, protocol: &str) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(at(gateway, protocol, Transport::Udp)).await.unwrap();
    socket
}

async fn answer(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2_000];
    let received = tokio::time::timeout(Duration::from_secs(60), socket.recv(&mut buffer)).await;
    let count = received.expect("an answer").unwrap();
    buffer[..count].to_vec()
}

fn is_silent(socket: &UdpSocket) -> bool {
    socket.try_recv(&mut [0; 2_000]).is_err()
}

fn datagram(number: u16) -> Vec<u8> {
    encode_datagram(Codec::EightExtended, &[report(number.into())], IMEI, number).unwrap()
}

#[tokio::test]
async fn every_protocol_over_udp_is_kept_and_answered() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.udp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+udp://127.0.0.1:0")]).await;
        let socket = socket(&gateway, protocol).await;
        let datagrams: Vec<Vec<u8>> = match protocol {
            "teltonika" => (0..3).map(datagram).collect(),
            _ => {
                let messages = (0..3).map(|number| (stream.encode)(&report(number), number as u16).unwrap());
                std::iter::once((stream.login)(IMEI).unwrap())
                    .chain(messages)
                    .filter(|bytes| !bytes.is_empty())
                    .collect()
            }
        };
        let mut session = Session::new(world.env.now());
        let read: Vec<_> = datagrams.iter().map(|bytes| (stream.datagram)(bytes, &mut session)).collect();
        let device = world.device(&read.last().unwrap().reports[0].device).await;
        for (bytes, decoded) in datagrams.iter().zip(&read) {
            socket.send(bytes).await.unwrap();
            if !decoded.reply.is_empty() {
                assert_eq!(answer(&socket).await, decoded.reply, "{protocol}");
            }
        }
        eventually(protocol, async || world.kept(world.tenant.id, device.id).await.len() == 3).await;
    }
}

#[tokio::test]
async fn no_answer_precedes_the_commit_and_one_commit_covers_many_datagrams() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+udp://127.0.0.1:0"]).await;
    world.device(IMEI).await;
    world.disk(Disk::Waits);
    let socket = socket(&gateway, "teltonika").await;
    socket.send(&datagram(0)).await.unwrap();
    world.appends(1).await;
    for number in 1..100 {
        socket.send(&datagram(number)).await.unwrap();
    }
    assert!(is_silent(&socket));
    world.disk(Disk::Works);
    for number in 0..100_u8 {
        assert_eq!(answer(&socket).await, [0, 5, 0, number, 1, number, 1]);
    }
    assert!(world.appends_begun() < 50, "{} commits for 100 datagrams", world.appends_begun());
}

#[tokio::test]
async fn what_is_not_kept_is_not_answered_and_hurts_nobody_else() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+udp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    let socket = socket(&gateway, "teltonika").await;
    world.disk(Disk::Full);
    socket.send(&datagram(0)).await.unwrap();
    eventually("not kept", async || counts(&gateway, "teltonika").messages(Outcome::NotKept) == 1).await;
    world.disk(Disk::Works);
    // The device sends it again, until there is room again.
    eventually("kept", async || {
        socket.send(&datagram(0)).await.unwrap();
        tokio::time::timeout(Duration::from_millis(200), socket.readable()).await.is_ok()
    })
    .await;
    while !is_silent(&socket) || counts(&gateway, "teltonika").messages(Outcome::Kept) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stranger = encode_datagram(Codec::Eight, &[report(1)], "356307042441099", 1).unwrap();
    let sound = datagram(2);
    let cut = &sound[..sound.len() - 1];
    for bytes in [&stranger[..], b"", b"\xff", cut, &[0x41; 1_400], &sound] {
        socket.send(bytes).await.unwrap();
    }
    assert_eq!(answer(&socket).await, [0, 5, 0, 2, 1, 2, 1], "the one that can be kept");
    assert!(is_silent(&socket));
    let counted = counts(&gateway, "teltonika");
    assert_eq!(counted.messages(Outcome::UnknownDevice), 1);
    assert_eq!(counted.messages(Outcome::Unreadable), 4);
    assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 2);
}

#[tokio::test]
async fn a_device_that_is_too_fast_gets_no_answer() {
    let world = World::new().await;
    world.device(IMEI).await;
    let slow = |settings: &mut tracklane_gateway::GatewaySettings| settings.device_messages_per_second = 1;
    let gateway = world.gateway_with(&["teltonika+udp://127.0.0.1:0"], slow).await;
    let socket = socket(&gateway, "teltonika").await;
    for number in 0..20 {
        socket.send(&datagram(number)).await.unwrap();
    }
    assert_eq!(answer(&socket).await, [0, 5, 0, 0, 1, 0, 1]);
    eventually("too fast", async || {
        let counted = counts(&gateway, "teltonika");
        counted.messages(Outcome::TooFast) + counted.messages(Outcome::Kept) == 20
    })
    .await;
    assert!(counts(&gateway, "teltonika").messages(Outcome::TooFast) > 10);
}

#[tokio::test]
async fn devices_behind_one_address_are_told_apart_and_login_is_remembered() {
    let world = World::new().await;
    let gateway = world.gateway(&["gt06+udp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    let (known, other) = (socket(&gateway, "gt06").await, socket(&gateway, "gt06").await);
    known.send(&(stream("gt06").login)(IMEI).unwrap()).await.unwrap();
    answer(&known).await;
    let message = (stream("gt06").encode)(&report(0), 9).unwrap();
    other.send(&message).await.unwrap();
    eventually("unknown", async || counts(&gateway, "gt06").messages(Outcome::UnknownDevice) == 1).await;
    known.send(&message).await.unwrap();
    answer(&known).await;
    assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 1);
}
