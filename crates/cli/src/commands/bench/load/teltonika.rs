//! Positions as Teltonika trackers send them: a connection is one device, which waits for the answer to each record.

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Report};
use tracklane_protocols::teltonika::{Codec, encode_into, login};

use super::Speaker;
use super::fleet::Mover;

/// The answer to one record.
const ONE: [u8; 4] = [0, 0, 0, 1];

/// A connection of one tracker.
#[derive(Default)]
pub struct TeltonikaSpeaker {
    message: Vec<u8>,
}

impl Speaker for TeltonikaSpeaker {
    async fn greet(&mut self, stream: &mut TcpStream, movers: &[Mover]) -> anyhow::Result<()> {
        let [mover] = movers else { bail!("a connection is one device, not {}", movers.len()) };
        let login = login(&mover.sender.identifier).context("the identifier is none that a tracker can have")?;
        stream.write_all(&login).await.context("failed to send")?;
        ensure!(stream.read_u8().await.context("failed to receive")? == 1, "the server does not let us in");
        Ok(())
    }

    fn positions(&self, _: usize) -> usize {
        1
    }

    fn message<'a>(&mut self, movers: impl ExactSizeIterator<Item = &'a mut Mover>) -> &[u8] {
        self.message.clear();
        for mover in movers {
            mover.go();
            let fix = Fix {
                point: mover.at,
                altitude_m: Some(80.0),
                speed_mps: Some(15.0),
                course_deg: Some(90.0),
                accuracy_m: None,
                valid: true,
            };
            let report = Report {
                device: String::new(),
                kind: String::new(),
                time: Timestamp::from_millisecond(mover.time_ms).ok(),
                fix: Some(fix),
                attributes: Attributes::new(),
            };
            let written = encode_into(Codec::Eight, std::slice::from_ref(&report), &mut self.message);
            debug_assert!(written.is_some(), "a record of such a fix can be written");
        }
        &self.message
    }

    fn is_answered(&self, answer: &[u8], _: usize) -> anyhow::Result<bool> {
        if answer.len() < ONE.len() {
            return Ok(false);
        }
        ensure!(answer == ONE, "expected an answer to one record, got {answer:02x?}");
        Ok(true)
    }
}
