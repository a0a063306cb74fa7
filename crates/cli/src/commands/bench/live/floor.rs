//! The floor: the same frames from a bare WebSocket server. Whoever publishes hands a text to a channel, and every socket
//! writes what its channel has, as much as there is in one go.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use futures::SinkExt as _;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// How many texts a channel holds at most.
const CAPACITY: usize = 32_768;
/// How many are written in one go.
const BURST: usize = 64;

/// A bare WebSocket server.
pub struct Floor {
    /// Where it listens: `/{n}` hears the channel of this number.
    pub address: SocketAddr,
    topics: Arc<[broadcast::Sender<Utf8Bytes>]>,
}

impl Floor {
    /// Starts one with so many channels; it runs until the process ends. `POST /` publishes `text` on the first one.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(topics: usize, text: &str) -> anyhow::Result<Self> {
        let capacity = (CAPACITY / topics.max(1)).max(64);
        let topics: Arc<[_]> = (0..topics.max(1)).map(|_| broadcast::channel(capacity).0).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let text = Utf8Bytes::from(text);
        let first = topics.clone();
        let publish = move || {
            let _nobody_listens = first[0].send(text.clone());
            std::future::ready(StatusCode::ACCEPTED)
        };
        let router = Router::new().route("/{n}", get(open)).route("/", post(publish)).with_state(topics.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, topics })
    }

    /// Publishes on a channel.
    pub fn publish(&self, topic: usize, text: Utf8Bytes) {
        let _nobody_listens = self.topics[topic % self.topics.len()].send(text);
    }
}

type Topics = Arc<[broadcast::Sender<Utf8Bytes>]>;

async fn open(State(topics): State<Topics>, Path(number): Path<usize>, handshake: WebSocketUpgrade) -> Response {
    let receiver = topics[number % topics.len()].subscribe();
    handshake.on_upgrade(|socket| async move {
        // It ends when the other side has gone.
        let _ = write_all(socket, receiver).await;
    })
}

async fn write_all(mut socket: WebSocket, mut receiver: broadcast::Receiver<Utf8Bytes>) -> Result<(), axum::Error> {
    socket.send(Message::Text("ready".into())).await?;
    loop {
        match receiver.recv().await {
            Ok(text) => socket.feed(Message::Text(text)).await?,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return Ok(()),
        }
        for _ in 1..BURST {
            match receiver.try_recv() {
                Ok(text) => socket.feed(Message::Text(text)).await?,
                Err(TryRecvError::Empty | TryRecvError::Lagged(_) | TryRecvError::Closed) => break,
            }
        }
        socket.flush().await?;
    }
}
