//! A webhook receiver on the loopback interface that speaks just enough HTTP, and answers as it is told.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracklane_notify::webhook::{Secret, VerifyError, verify};

/// What came in.
#[derive(Debug, Clone)]
pub struct Received {
    head: String,
    /// The body, byte for byte.
    pub body: String,
}

impl Received {
    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.unwrap_or_else(|| panic!("no header {name}")).split_once(':').unwrap().1.trim()
    }

    /// The message's id.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The number of the event among those of its shipment.
    pub fn sequence(&self) -> i64 {
        self.json()["data"]["sequence"].as_i64().unwrap()
    }

    /// Checks the signature as a receiver does.
    pub fn verify(&self, secret: &str, now: i64) -> Result<(), VerifyError> {
        let secret: Secret = secret.parse().unwrap();
        let (at, signature) = (self.header("webhook-timestamp"), self.header("webhook-signature"));
        verify(self.id(), at, self.body.as_bytes(), signature, &[secret], now)
    }
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub delay: Duration,
}

impl Answer {
    /// This status at once.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// A receiver.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// One that answers 204.
    pub async fn start() -> Self {
        Self::answering(|_, _| Answer::status(204)).await
    }

    /// One that answers as `answer` says, given how many came before.
    pub async fn answering(answer: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (received.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (seen, answer) = (seen.clone(), answer.clone());
                tokio::spawn(serve(socket, move |request: Received| {
                    let mut seen = seen.lock();
                    let answer = answer(seen.len(), &request);
                    seen.push(request);
                    answer
                }));
            }
        });
        Self { url, received }
    }

    /// What came in so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    /// Waits until so many came in.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        super::stage::eventually(&format!("{count} messages"), || async {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

async fn serve(mut socket: TcpStream, mut answer: impl FnMut(Received) -> Answer) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut socket, &mut buffer).await {
        let Answer { status, headers, delay } = answer(request);
        tokio::time::sleep(delay).await;
        let text = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: 0\r\n\r\n");
        if socket.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let received = Received { head: head.to_owned(), body: String::new() };
            let length: usize = received.header("content-length").parse().unwrap();
            if rest.len() >= length {
                let body = rest[..length].to_owned();
                buffer.drain(..head.len() + 4 + length);
                return Some(Received { body, ..received });
            }
        }
        let mut chunk = [0; 16 * 1024];
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}
