//! No reply before the commit, many messages in one, and none lost when it fails.

use tokio::io::AsyncWriteExt as _;
use tracklane_gateway::{Ending, Outcome};

use crate::support::{
    Disk, IMEI, World, connect, counts, eventually, exchange, expected, is_silent, read, read_all, report, stream,
    streams, talk,
};

#[tokio::test]
async fn no_reply_precedes_the_commit() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let login = (stream.login)(IMEI).unwrap();
        let (greeting, _) = expected(stream, &login, &world.env);
        let (replies, fixes) = expected(stream, &talk(stream, 0..1), &world.env);
        world.device(&fixes[0].0).await;
        world.disk(Disk::Waits);
        let mut socket = connect(&gateway, protocol).await;
        socket.write_all(&talk(stream, 0..1)).await.unwrap();
        world.appends(1).await;
        let said = read(&mut socket, greeting.len()).await;
        assert_eq!(said, greeting, "{protocol}");
        assert!(is_silent(&socket), "{protocol} answers what is not durable");
        world.disk(Disk::Works);
        assert_eq!(read(&mut socket, replies.len() - greeting.len()).await, replies[greeting.len()..], "{protocol}");
        // Not every protocol answers a position.
        eventually(protocol, async || world.rows_kept() == 1).await;
    }
}

#[tokio::test]
async fn what_comes_during_a_commit_is_one_more_commit_and_answered_in_order() {
    let world = World::new().await;
    let gateway = world.gateway(&["gt06+tcp://127.0.0.1:0"]).await;
    let stream = stream("gt06");
    let (replies, fixes) = expected(stream, &talk(stream, 0..200), &world.env);
    let device = world.device(&fixes[0].0).await;
    world.disk(Disk::Waits);
    let mut socket = connect(&gateway, "gt06").await;
    socket.write_all(&talk(stream, 0..1)).await.unwrap();
    world.appends(1).await;
    let rest: Vec<u8> = (1..200).flat_map(|number| (stream.encode)(&report(number), number as u16).unwrap()).collect();
    socket.write_all(&rest).await.unwrap();
    world.disk(Disk::Works);
    assert_eq!(read(&mut socket, replies.len()).await, replies);
    assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 200);
    assert!(world.appends_begun() < 20, "{} commits for 200 messages", world.appends_begun());
}

#[tokio::test]
async fn a_device_that_sends_without_end_is_not_read_faster_than_it_is_kept() {
    let world = World::new().await;
    let ahead = |settings: &mut tracklane_gateway::GatewaySettings| settings.read_ahead_bytes = 4_096;
    let gateway = world.gateway_with(&["teltonika+tcp://127.0.0.1:0"], ahead).await;
    world.device(IMEI).await;
    world.disk(Disk::Waits);
    let (_, mut writer) = connect(&gateway, "teltonika").await.into_split();
    writer.write_all(&talk(stream("teltonika"), 0..1)).await.unwrap();
    world.appends(1).await;
    // Far more than the buffers of both sockets hold: the device is stuck, and so is nobody else.
    let flood: Vec<u8> =
        (0..300_000).flat_map(|number| (stream("teltonika").encode)(&report(number % 300), 0).unwrap()).collect();
    let stuck = tokio::time::timeout(std::time::Duration::from_secs(2), writer.write_all(&flood)).await;
    assert!(stuck.is_err(), "{} bytes were taken", flood.len());
    assert_eq!(world.appends_begun(), 1);
    world.disk(Disk::Works);
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_the_device_sends_again() {
    for (protocol, stream) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let (replies, fixes) = expected(stream, &talk(stream, 0..2), &world.env);
        let (greeting, _) = expected(stream, &(stream.login)(IMEI).unwrap(), &world.env);
        let device = world.device(&fixes[0].0).await;
        world.disk(Disk::Full);
        let mut socket = connect(&gateway, protocol).await;
        socket.write_all(&talk(stream, 0..2)).await.unwrap();
        assert_eq!(read_all(&mut socket).await, greeting, "{protocol}");
        eventually("counted", async || counts(&gateway, protocol).endings(Ending::NotKept) == 1).await;
        assert!(counts(&gateway, protocol).messages(Outcome::NotKept) >= 1, "{protocol}");
        world.disk(Disk::Works);
        // The device tries again, until there is room again. Not every protocol answers positions.
        eventually(protocol, async || {
            let answered = exchange(&gateway, protocol, &[&talk(stream, 0..2)]).await == replies;
            answered && world.kept(world.tenant.id, device.id).await.len() == 2
        })
        .await;
    }
}

#[tokio::test]
async fn stopping_answers_what_is_being_committed_and_takes_nothing_more() {
    let world = World::new().await;
    let gateway = world.gateway(&["teltonika+tcp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    world.disk(Disk::Waits);
    let mut socket = connect(&gateway, "teltonika").await;
    socket.write_all(&talk(stream("teltonika"), 0..1)).await.unwrap();
    world.appends(1).await;
    let patience = std::time::Duration::from_secs(30);
    let (_, ()) = tokio::join!(gateway.stop(patience), async {
        socket.write_all(&(stream("teltonika").encode)(&report(1), 0).unwrap()).await.unwrap();
        // Until the gateway hears no more, so that the order to stop has been heard.
        let address = crate::support::at(&gateway, "teltonika", tracklane_gateway::Transport::Tcp);
        eventually("stopped", async || tokio::net::TcpStream::connect(address).await.is_err()).await;
        world.disk(Disk::Works);
        assert_eq!(read_all(&mut socket).await, [1, 0, 0, 0, 1]);
    });
    assert_eq!(world.kept(world.tenant.id, device.id).await.len(), 1);
    assert_eq!(counts(&gateway, "teltonika").endings(Ending::Stopping), 1);
}
