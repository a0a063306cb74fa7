//! Redis: the newest place of a device by GEOADD, its history by XADD, both on the disk before the answer.

use std::net::SocketAddr;
use std::time::Duration;

use tracklane_sim::walk::{DEVICES, Fleet};

use super::wire::{Answers, Connection, Script, load};
use crate::Outcome;

/// Connections, as many as ours has.
const CONNECTIONS: usize = 64;
/// How many positions of each device are made ahead.
const TICKS: i64 = 4;

/// Positions per second, so many in flight on each of 64 connections.
///
/// # Errors
/// When Redis cannot be reached or refuses something.
pub fn positions(server: SocketAddr, in_flight: usize, lasts: Duration) -> Outcome<f64> {
    let mut walk = Fleet::new();
    let mut scripts: Vec<Script> = (0..CONNECTIONS).map(|_| Script::default()).collect();
    for tick in 0..TICKS {
        for device in 0..DEVICES {
            let position = walk.position(device, tick);
            let (lat, lon) = (format!("{:.7}", position.fix.point.lat), format!("{:.7}", position.fix.point.lon));
            let name = format!("dev-{device}");
            let mut request = command(&["GEOADD", "fleet", &lon, &lat, &name]);
            let part = |value: Option<f32>| format!("{:.1}", value.unwrap_or_default());
            let (speed, course) = (part(position.fix.speed_mps), part(position.fix.course_deg));
            let time = position.fix_time.as_millisecond().to_string();
            let history = format!("history:{device}");
            request.extend(command(&[
                "XADD", &history, "*", "ts", &time, "lat", &lat, "lon", &lon, "speed", &speed, "heading", &course,
            ]));
            scripts[device % CONNECTIONS].push(&request);
        }
    }
    let connection = |script| Connection { hello: Vec::new(), script, answers: Box::new(Lines::default()) };
    load(server, scripts.into_iter().map(connection).collect(), in_flight, lasts)
}

/// A command in the protocol of Redis (RESP 2): an array of strings.
pub fn command(parts: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", parts.len());
    for part in parts {
        bytes.push_str(&format!("${}\r\n{part}\r\n", part.len()));
    }
    bytes.into_bytes()
}

/// GEOADD is answered by one line, XADD by two: its length and the id.
#[derive(Debug, Default)]
struct Lines {
    of_this: usize,
    failed: Option<Vec<u8>>,
    within: bool,
}

impl Answers for Lines {
    fn take(&mut self, bytes: &[u8]) -> Outcome<usize> {
        let mut ended = 0;
        for byte in bytes {
            if !self.within && *byte == b'-' {
                self.failed = Some(Vec::new());
            }
            self.within = *byte != b'\n';
            if let Some(text) = &mut self.failed {
                text.push(*byte);
                if *byte == b'\n' {
                    return Err(format!("Redis: {}", String::from_utf8_lossy(text).trim()).into());
                }
            } else if *byte == b'\n' {
                self.of_this += 1;
                if self.of_this == 3 {
                    self.of_this = 0;
                    ended += 1;
                }
            }
        }
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_in_any_pieces() {
        let text = b":1\r\n$15\r\n1700000000000-0\r\n:0\r\n$15\r\n1700000000000-1\r\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let counted: usize = text.chunks(size).map(|piece| lines.take(piece).unwrap()).sum();
            assert_eq!(counted, 2, "in pieces of {size}");
        }
        let mut lines = Lines::default();
        assert_eq!(lines.take(b":1\r\n-OO").unwrap(), 0);
        assert!(lines.take(b"M no room\r\n").unwrap_err().to_string().contains("OOM no room"));
    }
}
