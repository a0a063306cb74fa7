//! Mosquitto: MQTT 3.1.1, quality of service 1, which it answers from memory.

use std::net::SocketAddr;
use std::time::Duration;

use tracklane_sim::walk::{DEVICES, Fleet};

use super::wire::{Answers, Connection, Script, load};
use crate::Outcome;

const CONNECTIONS: usize = 50;
/// Messages in flight on each connection.
const WINDOW: usize = 20;

/// Messages per second that it acknowledges; nobody has subscribed to them.
///
/// # Errors
/// When it cannot be reached or refuses something.
pub fn publishes(server: SocketAddr, lasts: Duration) -> Outcome<f64> {
    let mut walk = Fleet::new();
    let mut scripts: Vec<Script> = (0..CONNECTIONS).map(|_| Script::default()).collect();
    for device in 0..DEVICES {
        let position = walk.position(device, 0);
        let point = position.fix.point;
        let body = format!(
            r#"{{"fix_time":"{:.3}","lat":{:.7},"lon":{:.7},"speed_mps":15.0,"course_deg":90.0}}"#,
            position.fix_time, point.lat, point.lon
        );
        let script = &mut scripts[device % CONNECTIONS];
        // An id is free again long before it comes again: there are ten times as many as are in flight.
        let id = u16::try_from(script.len() + 1)?;
        script.push(&publish(&format!("tracklane/bench/dev-{device}"), id, body.as_bytes())?);
    }
    let connection = |(number, script)| -> Outcome<Connection> {
        Ok(Connection {
            hello: vec![connect(&format!("bench-{number}"))?],
            script,
            answers: Box::new(Packets::default()),
        })
    };
    let connections = scripts.into_iter().enumerate().map(connection).collect::<Outcome<Vec<_>>>()?;
    load(server, connections, WINDOW, lasts)
}

/// MQTT 3.1.1, 3.1: CONNECT with a clean session.
fn connect(client: &str) -> Outcome<Vec<u8>> {
    let mut body = text("MQTT")?;
    body.extend([4, 0b10, 0, 60]);
    body.extend(text(client)?);
    packet(0x10, &body)
}

/// MQTT 3.1.1, 3.3: PUBLISH with quality of service 1.
fn publish(topic: &str, id: u16, payload: &[u8]) -> Outcome<Vec<u8>> {
    let mut body = text(topic)?;
    body.extend(id.to_be_bytes());
    body.extend_from_slice(payload);
    packet(0x32, &body)
}

fn packet(kind: u8, body: &[u8]) -> Outcome<Vec<u8>> {
    let length = u16::try_from(body.len()).ok().filter(|length| *length < 1 << 14).ok_or("a packet is too long")?;
    let mut bytes = vec![kind];
    if length < 128 {
        bytes.push(length as u8);
    } else {
        bytes.extend([(length % 128) as u8 | 128, (length / 128) as u8]);
    }
    bytes.extend_from_slice(body);
    Ok(bytes)
}

fn text(text: &str) -> Outcome<Vec<u8>> {
    let mut bytes = u16::try_from(text.len())?.to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    Ok(bytes)
}

/// CONNACK and PUBACK are four bytes each.
#[derive(Debug, Default)]
struct Packets {
    at: usize,
    kind: u8,
}

impl Answers for Packets {
    fn take(&mut self, bytes: &[u8]) -> Outcome<usize> {
        let mut ended = 0;
        for byte in bytes {
            match self.at {
                0 if !matches!(*byte, 0x20 | 0x40) => return Err(format!("Mosquitto sent a packet {byte:#x}").into()),
                0 => self.kind = *byte,
                1 if *byte != 2 => return Err(format!("Mosquitto sent {byte} bytes instead of 2").into()),
                3 if self.kind == 0x20 && *byte != 0 => return Err(format!("Mosquitto refused us: {byte}").into()),
                _ => {}
            }
            self.at = (self.at + 1) % 4;
            ended += usize::from(self.at == 0);
        }
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_standard_writes_them() {
        assert_eq!(connect("a").unwrap(), b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a");
        assert_eq!(publish("a/b", 10, b"x").unwrap(), b"\x32\x08\0\x03a/b\0\x0ax");
        let long = publish("a", 1, &[0; 200]).unwrap();
        assert_eq!(&long[..3], [0x32, 0xcd, 0x01]);
    }

    #[test]
    fn acknowledgements_are_counted_and_refusals_are_errors() {
        let mut packets = Packets::default();
        assert_eq!(packets.take(&[0x20, 2, 0, 0, 0x40, 2]).unwrap(), 1);
        assert_eq!(packets.take(&[0, 1, 0x40, 2, 0, 2]).unwrap(), 2);
        assert!(Packets::default().take(&[0x20, 2, 0, 5]).is_err());
    }
}
