//! What keeps one device, or whoever only seems to be one, from taking what belongs to all.

use tokio::io::AsyncWriteExt as _;
use tracklane_gateway::{Ending, Outcome};

use crate::support::{
    IMEI, World, connect, counts, eventually, exchange, expected, read, read_all, stream, streams, talk,
};

#[tokio::test]
async fn there_are_only_so_many_connections() {
    let world = World::new().await;
    world.device(IMEI).await;
    let few = |settings: &mut tracklane_gateway::GatewaySettings| settings.max_connections_per_address = 2;
    let gateway = world.gateway_with(&["teltonika+tcp://127.0.0.1:0"], few).await;
    let login = (stream("teltonika").login)(IMEI).unwrap();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut socket = connect(&gateway, "teltonika").await;
        socket.write_all(&login).await.unwrap();
        assert_eq!(read(&mut socket, 1).await, [1]);
        open.push(socket);
    }
    assert!(read_all(&mut connect(&gateway, "teltonika").await).await.is_empty());
    let counted = counts(&gateway, "teltonika");
    assert_eq!((counted.open, counted.endings(Ending::TooManyFromAddress)), (2, 1));
    drop(open.pop());
    eventually("a seat is free", async || counts(&gateway, "teltonika").open == 1).await;
    assert_eq!(exchange(&gateway, "teltonika", &[&login]).await, [1]);
}

#[tokio::test]
async fn who_says_nothing_or_says_it_too_slowly_is_sent_away() {
    let world = World::new().await;
    world.device(IMEI).await;
    let quick = |settings: &mut tracklane_gateway::GatewaySettings| {
        (settings.login_seconds, settings.idle_seconds) = (1, 1);
    };
    let gateway = world.gateway_with(&["teltonika+tcp://127.0.0.1:0"], quick).await;
    assert!(read_all(&mut connect(&gateway, "teltonika").await).await.is_empty());
    eventually("counted", async || counts(&gateway, "teltonika").endings(Ending::NoLogin) == 1).await;
    // Signs of life do not say whose they are.
    let mut anonymous = connect(&gateway, "teltonika").await;
    let (mut hear, mut say) = anonymous.split();
    let mut said = [0; 1];
    let hear = tokio::io::AsyncReadExt::read(&mut hear, &mut said);
    let beat = async {
        while say.write_all(b"\xff").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = hear => {}
        () = beat => {}
    }
    eventually("counted", async || counts(&gateway, "teltonika").endings(Ending::NoLogin) == 2).await;
    let (mut reader, mut writer) = connect(&gateway, "teltonika").await.into_split();
    let bytes = talk(stream("teltonika"), 0..1);
    let login = bytes.len().min(17);
    writer.write_all(&bytes[..login]).await.unwrap();
    // A byte now and then is no whole message.
    let dribble = tokio::spawn(async move {
        for byte in &bytes[login..bytes.len() - 1] {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            if writer.write_all(&[*byte]).await.is_err() {
                return true;
            }
        }
        false
    });
    let mut said = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut said).await;
    assert_eq!(said, [1]);
    assert!(dribble.await.unwrap(), "it was cut off");
    eventually("counted", async || counts(&gateway, "teltonika").endings(Ending::Idle) == 1).await;
}

#[tokio::test]
async fn endless_frames_and_noise_have_an_end() {
    let starts: [(&str, &[u8]); 6] = [
        ("teltonika", b"\0\0\0\0\0\0\x40\0"),
        ("gt06", b"\x79\x79\xff\xff"),
        ("h02", b"*HQ,"),
        ("tk103", b"("),
        ("gps103", b"imei:"),
        ("gl200", b"+RESP:"),
    ];
    for (protocol, _) in streams().filter(|(_, stream)| stream.tcp) {
        let world = World::new().await;
        let gateway = world.gateway(&[&format!("{protocol}+tcp://127.0.0.1:0")]).await;
        let start = starts.iter().find(|(known, _)| *known == protocol).unwrap().1;
        let mut socket = connect(&gateway, protocol).await;
        let _ = socket.write_all(start).await;
        let mut sent = 0_usize;
        while socket.write_all(&[b'A'; 1_000]).await.is_ok() {
            sent += 1_000;
            assert!(sent < 10_000_000, "{protocol} takes noise for ever");
        }
        eventually("ended", async || counts(&gateway, protocol).open == 0).await;
        let counted = counts(&gateway, protocol);
        assert!(counted.messages(Outcome::Unreadable) >= 1, "{protocol}: {counted:?}");
        assert_eq!(counted.endings(Ending::Unreadable), 1, "{protocol}");
    }
}

#[tokio::test]
async fn a_device_that_is_too_fast_is_slowed_down_and_loses_nothing() {
    for of_device in [false, true] {
        let world = World::new().await;
        world.device(IMEI).await;
        let slow = |settings: &mut tracklane_gateway::GatewaySettings| {
            if of_device {
                settings.device_messages_per_second = 10;
            } else {
                settings.messages_per_second = 10;
            }
        };
        let gateway = world.gateway_with(&["teltonika+tcp://127.0.0.1:0"], slow).await;
        let bytes = talk(stream("teltonika"), 0..25);
        let (replies, _) = expected(stream("teltonika"), &bytes, &world.env);
        let began = std::time::Instant::now();
        assert_eq!(exchange(&gateway, "teltonika", &[&bytes]).await, replies);
        // 26 messages, of which 10 may come at once: the others take a tenth of a second each.
        assert!(began.elapsed() >= std::time::Duration::from_millis(1_400), "{:?}", began.elapsed());
        assert_eq!(world.rows_kept(), 25);
    }
}
