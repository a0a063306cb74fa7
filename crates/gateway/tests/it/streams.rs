//! What devices send over TCP, in whatever pieces it comes: kept, and answered byte for byte as the protocol wants it.

use tracklane_gateway::{Ending, Outcome};

use crate::support::{IMEI, World, connect, counts, exchange, expected, read, read_all, report, stream, streams, talk};
use tokio::io::AsyncWriteExt as _;

/// Registers whoever names themselves in these bytes.
async fn register(world: &World, protocol: &str, bytes: &[u8]) -> tracklane_core::model::Device {
    let (_, fixes) = expected(stream(protocol), bytes, &world.env);
    world.device(&fixes[0].0).await
}

#[tokio::test]
async fn every_protocol_is_kept_and_answered_however_it_is_cut() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let bytes = talk(stream, 0..3);
        let (replies, fixes) = expected(stream, &bytes, &world.env);
        assert_eq!(fixes.len(), 3, "{protocol}");
        let device = register(&world, protocol, &bytes).await;
        let times = || async {
            let kept = world.kept(world.tenant.id, device.id).await;
            kept.into_iter().map(|position| position.fix_time).collect::<Vec<_>>()
        };
        assert_eq!(exchange(&gateway, protocol, &[&bytes]).await, replies, "{protocol} in one piece");
        assert_eq!(times().await, fixes.iter().map(|(_, time)| *time).collect::<Vec<_>>(), "{protocol}");
        for cut in 1..bytes.len() {
            let (start, end) = bytes.split_at(cut);
            assert_eq!(exchange(&gateway, protocol, &[start, end]).await, replies, "{protocol} split at {cut}");
        }
        let pieces: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(exchange(&gateway, protocol, &pieces).await, replies, "{protocol} byte by byte");
        assert_eq!(times().await.len(), 3, "what was sent again is known: {protocol}");
        let kept = world.kept(world.tenant.id, device.id).await;
        let distance = (kept[1].fix.point.lat - report(1).fix.unwrap().point.lat).abs();
        assert!(distance < 1e-5, "{protocol}: {distance}");
        assert_eq!(counts(&gateway, protocol).endings(Ending::Device), bytes.len() as u64 + 1, "{protocol}");
    }
}

#[tokio::test]
async fn what_is_cut_short_is_neither_kept_nor_answered() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let device = register(&world, protocol, &talk(stream, 0..1)).await;
        let whole = talk(stream, 0..1);
        let login = (stream.login)(IMEI).unwrap();
        let (replies, _) = expected(stream, &login, &world.env);
        for end in login.len()..whole.len() - 1 {
            // Some protocols end a message with two bytes and need only the first.
            if expected(stream, &whole[..end], &world.env).1.is_empty() {
                assert_eq!(exchange(&gateway, protocol, &[&whole[..end]]).await, replies, "{protocol} up to {end}");
                assert_eq!(world.kept(world.tenant.id, device.id).await, [], "{protocol} up to {end}");
            }
        }
    }
}

#[tokio::test]
async fn garbage_in_front_is_skipped_where_a_protocol_has_marks() {
    for (protocol, stream) in streams().filter(|(name, stream)| stream.tcp && *name != "teltonika") {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let garbage = [&b"GET / HTTP/1.1\r\n\r\n\0\xff"[..], &talk(stream, 0..2)].concat();
        let (replies, fixes) = expected(stream, &garbage, &world.env);
        assert_eq!(fixes.len(), 2, "{protocol}");
        let device = register(&world, protocol, &garbage).await;
        assert_eq!(exchange(&gateway, protocol, &[&garbage]).await, replies, "{protocol}");
        assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 2, "{protocol}");
    }
}

#[tokio::test]
async fn what_came_before_garbage_is_kept_where_a_protocol_has_no_marks() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+tcp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    let mut socket = connect(&gateway, "teltonika").await;
    socket.write_all(&[&talk(stream("teltonika"), 0..2)[..], b"GET / HTTP/1.1\r\n\r\n"].concat()).await.unwrap();
    assert_eq!(read_all(&mut socket).await, [1, 0, 0, 0, 1, 0, 0, 0, 1], "and we close it");
    assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 2);
    assert_eq!(counts(&gateway, "teltonika").messages(Outcome::Unreadable), 1);
}

#[tokio::test]
async fn records_beyond_belief_are_acknowledged_and_left_out() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+tcp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    let future = tracklane_protocols::teltonika::encode(
        tracklane_protocols::teltonika::Codec::Eight,
        &[
            report(0),
            tracklane_core::position::Report {
                time: Some(crate::support::instant("2031-01-01T00:00:00Z")),
                ..report(1)
            },
        ],
    );
    let login = (stream("teltonika").login)(IMEI).unwrap();
    let mut socket = connect(&gateway, "teltonika").await;
    socket.write_all(&[login, future.unwrap()].concat()).await.unwrap();
    assert_eq!(read(&mut socket, 5).await, [1, 0, 0, 0, 2]);
    assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 1);
    let counts = counts(&gateway, "teltonika");
    assert_eq!((counts.messages(Outcome::Kept), counts.rejected), (1, 1));
    assert_eq!(counts.messages(Outcome::WithoutPosition), 1, "the login");
    // One of which nothing keeps the rules is acknowledged, for to send it again would help nobody, and counted as refused.
    let late =
        tracklane_core::position::Report { time: Some(crate::support::instant("2031-01-01T00:00:00Z")), ..report(2) };
    let late = tracklane_protocols::teltonika::encode(tracklane_protocols::teltonika::Codec::Eight, &[late]).unwrap();
    socket.write_all(&late).await.unwrap();
    assert_eq!(read(&mut socket, 4).await, [0, 0, 0, 1]);
    let counts = crate::support::counts(&gateway, "teltonika");
    assert_eq!((counts.messages(Outcome::Kept), counts.messages(Outcome::Refused), counts.rejected), (1, 1, 2));
}
