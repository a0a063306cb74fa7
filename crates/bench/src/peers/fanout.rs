//! One publisher, a thousand subscribers of one topic: NATS, Redis and the `ws` package of node. The subscribers count
//! bytes: a message is as long as every other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::redis::command;
use crate::Outcome;

/// Bytes of a message.
const PAYLOAD: usize = 200;
/// How many messages the publisher is ahead of the subscribers at most: none of the three drops anything by then.
const AHEAD: u64 = 100;
/// Messages that are sent at once.
const BURST: u64 = 10;

/// How a server is spoken to.
pub struct Dialect {
    /// What a connection says first.
    hello: Vec<u8>,
    /// Ends what the server answers to that.
    welcome: &'static [u8],
    /// What a subscriber says then, if anything.
    subscribe: Option<(Vec<u8>, &'static [u8])>,
    /// A message as the publisher sends it.
    message: Vec<u8>,
    /// Its bytes at a subscriber.
    delivered: usize,
}

/// NATS without JetStream.
pub fn nats() -> Dialect {
    let payload = "x".repeat(PAYLOAD);
    Dialect {
        hello: b"CONNECT {\"verbose\":false}\r\nPING\r\n".to_vec(),
        welcome: b"PONG\r\n",
        subscribe: Some((b"SUB bench 1\r\nPING\r\n".to_vec(), b"PONG\r\n")),
        message: format!("PUB bench {PAYLOAD}\r\n{payload}\r\n").into_bytes(),
        delivered: format!("MSG bench 1 {PAYLOAD}\r\n{payload}\r\n").len(),
    }
}

/// PUBLISH and SUBSCRIBE of Redis.
pub fn redis() -> Dialect {
    let payload = "x".repeat(PAYLOAD);
    Dialect {
        hello: command(&["PING"]),
        welcome: b"+PONG\r\n",
        subscribe: Some((command(&["SUBSCRIBE", "bench"]), b":1\r\n")),
        message: command(&["PUBLISH", "bench", &payload]),
        delivered: command(&["message", "bench", &payload]).len(),
    }
}

/// `crates/bench/peers/ws.mjs`: what one connection sends goes to all others.
pub fn ws() -> Dialect {
    // RFC 6455, 5.2: one binary frame, from a client under a mask; one of zeros changes nothing.
    let head = [0x82, 126, 0, PAYLOAD as u8];
    let masked = [0x82, 0x80 | 126, 0, PAYLOAD as u8, 0, 0, 0, 0];
    let key = "AAAAAAAAAAAAAAAAAAAAAA==";
    Dialect {
        hello: format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        .into_bytes(),
        welcome: b"\r\n\r\n",
        subscribe: None,
        message: [&masked[..], &[b'x'; PAYLOAD]].concat(),
        delivered: head.len() + PAYLOAD,
    }
}

/// Messages per second that arrive at all subscribers together.
///
/// # Errors
/// When the server cannot be reached, or closes a connection.
pub fn deliveries(server: SocketAddr, dialect: Dialect, subscribers: usize, lasts: Duration) -> Outcome<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = measure(server, Arc::new(dialect), subscribers as u64, lasts);
    let patience = Duration::from_secs(20) + lasts;
    runtime.block_on(async { tokio::time::timeout(patience, work).await.map_err(|_| "the server stopped answering")? })
}

async fn measure(server: SocketAddr, dialect: Arc<Dialect>, subscribers: u64, lasts: Duration) -> Outcome<f64> {
    let bytes = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..subscribers {
        opening.spawn(subscribe(server, dialect.clone()));
    }
    let mut readers = Vec::new();
    while let Some(stream) = opening.join_next().await {
        readers.push(tokio::spawn(count(stream??, bytes.clone(), stop.clone())));
    }
    let mut publisher = open(server, &dialect).await?;
    let burst = dialect.message.repeat(BURST as usize);
    let arrived = || bytes.load(Ordering::Relaxed) / dialect.delivered as u64;
    let (started, mut sent) = (Instant::now(), 0);
    let mut answer = vec![0; 4_096];
    while started.elapsed() < lasts {
        if sent < arrived() / subscribers + AHEAD {
            publisher.write_all(&burst).await?;
            sent += BURST;
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Redis answers the publisher, NATS asks whether it is still there: neither matters here.
        while matches!(publisher.try_read(&mut answer), Ok(length) if length > 0) {}
        if let Some(position) = readers.iter().position(tokio::task::JoinHandle::is_finished) {
            readers.swap_remove(position).await??;
        }
    }
    let rate = arrived() as f64 / started.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(rate)
}

async fn subscribe(server: SocketAddr, dialect: Arc<Dialect>) -> Outcome<TcpStream> {
    let mut stream = open(server, &dialect).await?;
    if let Some((say, answer)) = &dialect.subscribe {
        stream.write_all(say).await?;
        until(&mut stream, answer).await?;
    }
    Ok(stream)
}

async fn open(server: SocketAddr, dialect: &Dialect) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&dialect.hello).await?;
    until(&mut stream, dialect.welcome).await?;
    Ok(stream)
}

/// Reads until something that ends so.
async fn until(stream: &mut TcpStream, end: &[u8]) -> Outcome<()> {
    let mut heard = Vec::new();
    while !heard.ends_with(end) {
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(format!("the server hung up: {}", String::from_utf8_lossy(&heard)).into());
        }
    }
    Ok(())
}

async fn count(mut stream: TcpStream, bytes: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> Outcome<()> {
    let mut buffer = vec![0; 32 << 10];
    loop {
        match stream.read(&mut buffer).await? {
            _ if stop.load(Ordering::Relaxed) => return Ok(()),
            0 => return Err("the server hung up on a subscriber".into()),
            length => bytes.fetch_add(length as u64, Ordering::Relaxed),
        };
    }
}
