//! The floor of device ports: the same bytes cut, read and answered by a bare loop, and nothing kept.

use std::future::Future;
use std::net::SocketAddr;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracklane_core::Timestamp;
use tracklane_protocols::mqtt::message::Message;
use tracklane_protocols::mqtt::{Ack, AckKind, ConnAck, Packet, Version, frame, reason};
use tracklane_protocols::{Session, teltonika};

/// How many bytes are read at once.
const READ: usize = 16 * 1_024;

/// Reads Teltonika's frames. It runs until the process ends.
///
/// # Errors
/// When no port can be bound.
pub async fn teltonika() -> anyhow::Result<SocketAddr> {
    listen(|mut socket| async move {
        let (mut buffer, mut session) = (BytesMut::new(), Session::new(Timestamp::UNIX_EPOCH));
        loop {
            buffer.reserve(READ);
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            let mut answers = Vec::new();
            while let Some(frame) = teltonika::frame(&mut buffer)? {
                let decoded = teltonika::decode(&frame, &mut session);
                // Otherwise the optimiser may see that nobody looks at the result.
                answers.extend(&std::hint::black_box(decoded).reply);
            }
            socket.write_all(&answers).await?;
        }
    })
    .await
}

/// Reads MQTT packets and the positions in them. It runs until the process ends.
///
/// # Errors
/// When no port can be bound.
pub async fn mqtt() -> anyhow::Result<SocketAddr> {
    listen(|mut socket| async move {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(READ);
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            let mut answers = Vec::new();
            while let Some(length) = frame(&buffer, usize::MAX)?.filter(|length| *length <= buffer.len()) {
                answer(&buffer[..length], &mut answers)?;
                buffer.advance(length);
            }
            socket.write_all(&answers).await?;
        }
    })
    .await
}

fn answer(packet: &[u8], answers: &mut Vec<u8>) -> anyhow::Result<()> {
    let answer = match Packet::read(packet, Version::V3)? {
        Packet::Connect(_) => Packet::ConnAck(ConnAck::default()),
        Packet::Publish(publish) => {
            std::hint::black_box(Message::read(publish.topic, publish.payload)?);
            Packet::Ack(Ack { kind: AckKind::PubAck, id: publish.id, code: reason::SUCCESS })
        }
        _ => return Ok(()),
    };
    answer.write(Version::V3, answers);
    Ok(())
}

async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> anyhow::Result<SocketAddr>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if socket.set_nodelay(true).is_ok() {
                tokio::spawn(serve(socket));
            }
        }
    });
    Ok(address)
}
