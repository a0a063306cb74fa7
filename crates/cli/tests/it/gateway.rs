//! Devices that speak over sockets of their own, to the real binary.

use std::io::{Read, Write};
use std::net::TcpStream;

use tracklane_client::requests::NewDevice;
use tracklane_core::position::{Attributes, Fix, Point, Report};
use tracklane_core::{Timestamp, id::DeviceId};
use tracklane_protocols::teltonika::{Codec, encode, login};

use crate::support::{Server, api_key};

const IMEI: &str = "356307042441013";

fn start() -> Timestamp {
    "2026-01-05T08:00:00Z".parse().unwrap()
}

/// A frame with one record, so many seconds after the start.
fn frame(second: i64) -> Vec<u8> {
    let fix = Fix {
        point: Point { lat: 41.15, lon: -8.61 },
        altitude_m: None,
        speed_mps: Some(0.0),
        course_deg: None,
        accuracy_m: None,
        valid: true,
    };
    let time = start().checked_add(jiff::SignedDuration::from_secs(second)).unwrap();
    let kind = "position".to_owned();
    let report =
        Report { device: IMEI.to_owned(), kind, time: Some(time), fix: Some(fix), attributes: Attributes::new() };
    encode(Codec::Eight, &[report]).unwrap()
}

/// A device that sends one message after the other, without waiting, until the server is gone; answers how many were
/// acknowledged.
fn send_until_gone(mut socket: TcpStream) -> i64 {
    socket.write_all(&login(IMEI).unwrap()).unwrap();
    let mut welcome = [0; 1];
    socket.read_exact(&mut welcome).unwrap();
    assert_eq!(welcome, [1]);
    let mut writer = socket.try_clone().unwrap();
    std::thread::spawn(move || (0..1_000_000).take_while(|second| writer.write_all(&frame(*second)).is_ok()).count());
    let (mut acknowledged, mut answer) = (0, [0; 4]);
    while socket.read_exact(&mut answer).is_ok() {
        assert_eq!(answer, [0, 0, 0, 1]);
        acknowledged += 1;
    }
    acknowledged
}

async fn kept(server: &Server, key: &str, device: DeviceId) -> usize {
    let end = "2027-01-01T00:00:00Z".parse().unwrap();
    let mut from = start();
    let mut all = 0;
    loop {
        let page = server.client(key).device_positions(device, from, end, 10_000).await.unwrap();
        all += page.features.len();
        let Some(last) = page.features.last().filter(|_| page.has_more) else { return all };
        let last: Timestamp = last.properties["time"].as_str().unwrap().parse().unwrap();
        from = last.checked_add(jiff::SignedDuration::from_millis(1)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tracker_was_told_is_kept_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let port = tracklane_testkit::free_port();
    let config = format!(
        "[gateway]\nlisten = [\"teltonika+tcp://127.0.0.1:{port}\"]\nmessages_per_second = 0\ndevice_messages_per_second = 0\n"
    );
    std::fs::write(folder.path().join("tracklane.toml"), config).unwrap();
    let server = Server::start(folder.path());
    assert!(server.said.iter().any(|line| line.contains("hears devices")), "{:?}", server.said);
    let key = api_key(folder.path());
    let device = NewDevice { identifier: IMEI.to_owned(), ..NewDevice::default() };
    let device = server.client(&key).create_device(&device).await.unwrap().id;
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let sender = tokio::task::spawn_blocking(move || send_until_gone(socket));
    while kept(&server, &key, device).await < 500 {}
    let metrics = tracklane_testkit::http_client().get(format!("http://{}/metrics", server.address));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("tracklane_gateway_connections{protocol=\"teltonika\"} 1"), "{metrics}");
    server.kill();
    let acknowledged = sender.await.unwrap();
    let server = Server::start(folder.path());
    let kept = kept(&server, &key, device).await;
    assert!(acknowledged > 0 && kept >= acknowledged as usize, "{kept} kept of {acknowledged} acknowledged");
}
