//! The other side of a WebSocket, on bare TCP: just enough of RFC 6455 to hear what a server says.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::subscribers::now_us;

/// What a frame holds, by its code.
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A pong and a close: what clients say must be masked, with zeros as well as with anything else.
const PONG_FRAME: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// How much is read at once, as the peers' subscribers do.
const READ: usize = 32 << 10;

/// A WebSocket from the client's side.
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    used: usize,
}

/// A whole frame: its code, and where its payload begins and ends.
fn frame(buffer: &[u8]) -> Option<(u8, usize, usize)> {
    let (code, short) = (buffer.first()? & 0x0f, usize::from(buffer.get(1)? & 0x7f));
    let (start, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(buffer.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, short),
    };
    (buffer.len() >= start + length).then_some((code, start, start + length))
}

impl Socket {
    /// Opens one and says something, if there is something to say.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn open(server: SocketAddr, path: &str, token: &str, say: Option<&str>) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(server).await.context("failed to connect")?;
        stream.set_nodelay(true)?;
        // The key may be anything of 16 bytes: only a cache in between could be misled by one that does not change.
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = Vec::with_capacity(4_096);
        let end = loop {
            ensure!(stream.read_buf(&mut buffer).await? > 0, "the server closed the connection");
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        ensure!(buffer.starts_with(b"HTTP/1.1 101"), "no WebSocket: {}", String::from_utf8_lossy(&buffer));
        buffer.drain(..end);
        let mut socket = Self { stream, buffer, used: 0 };
        if let Some(say) = say {
            socket.say(say).await?;
        }
        Ok(socket)
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let mut bytes = vec![0x80 | TEXT];
        match u16::try_from(text.len()) {
            Ok(length) if length < 126 => bytes.push(0x80 | text.len() as u8),
            Ok(length) => {
                bytes.push(0x80 | 126);
                bytes.extend(length.to_be_bytes());
            }
            Err(_) => bail!("too long to say"),
        }
        bytes.extend([0; 4]);
        bytes.extend(text.as_bytes());
        Ok(self.stream.write_all(&bytes).await?)
    }

    /// Hears texts as they come, and when that was in microseconds since 1970, until `hear` has had enough or the server
    /// closes.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn hear(&mut self, mut hear: impl FnMut(&[u8], u64) -> bool) -> anyhow::Result<()> {
        loop {
            // What was read together came together.
            let now = now_us();
            while let Some((code, start, end)) = frame(&self.buffer[self.used..]) {
                let payload = &self.buffer[self.used + start..self.used + end];
                self.used += end;
                match code {
                    TEXT if !hear(payload, now) => return Ok(()),
                    PING => self.stream.write_all(&PONG_FRAME).await?,
                    CLOSE => bail!("closed: {}", String::from_utf8_lossy(payload)),
                    _ => {}
                }
            }
            self.buffer.drain(..self.used);
            self.used = 0;
            self.buffer.reserve(READ);
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_long_as_it_says() {
        assert_eq!(frame(&[0x81, 2, b'h', b'i']), Some((TEXT, 2, 4)));
        assert_eq!(frame(&[0x81, 2, b'h']), None);
        let mut long = vec![0x81, 126, 1, 0];
        long.extend([b'x'; 256]);
        assert_eq!(frame(&long), Some((TEXT, 4, 260)));
        assert_eq!(frame(&[0x89, 0]), Some((PING, 2, 2)));
        assert_eq!(frame(&[0x81, 127, 0, 0]), None);
    }
}
