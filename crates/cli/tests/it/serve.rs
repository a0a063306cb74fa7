use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::Server;

#[test]
fn the_first_start_alone_says_how_to_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(folder.path());
    assert!(first.said.iter().any(|line| line.contains("admin@tracklane.local")), "{:?}", first.said);
    assert_eq!(first.terminate(), Some(0));
    let second = Server::start(folder.path());
    assert!(!second.said.iter().any(|line| line.contains("admin@tracklane.local")), "{:?}", second.said);
}

#[test]
fn the_data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mode = std::fs::metadata(folder.path().join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "{mode:o}");
    let mode = std::fs::metadata(folder.path().join("data/master.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn an_idle_connection_does_not_hold_the_end_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut idle = TcpStream::connect(server.address).unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut buffer = [0; 1_024];
    assert!(idle.read(&mut buffer).unwrap() > 0);
    let told = Instant::now();
    assert_eq!(server.terminate(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
}
