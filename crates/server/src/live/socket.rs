//! The WebSocket: one loop for every dialect that is spoken over one.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use futures::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::time::{Interval, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tracklane_core::event::LogPosition;
use tracklane_engine::Error;
use tracklane_engine::live::{Batch, Filter, Heard, LiveItem, Subscription};

use super::handshake::{Handshake, WebSocket};
use super::listener::Listener;
use super::messages::{self, Subscribe};
use super::texts::frames;
use crate::App;
use crate::problem::{Problem, Problems, Result};
use crate::query::Query;

/// How often we ask whether the other side is still there.
const PING: Duration = Duration::from_secs(25);
/// After how long a silence we believe that it is not.
const SILENCE: Duration = Duration::from_secs(60);
/// How long it may take to write.
const WRITE: Duration = Duration::from_secs(30);
/// The longest message that is read, in bytes.
const LONGEST: usize = 256 * 1024;
/// What is read at once, in bytes. Clients say little: with the usual 128 KiB each a thousand of them would take 128 MiB.
const READ_BUFFER: usize = 4 * 1024;
/// How many messages a client may send in [`WINDOW`].
const MESSAGES: u32 = 60;
/// In how long a time messages are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// How many messages are written in one go.
const BURST: usize = 64;

/// Why the server ends a connection: the close code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Close {
    /// The server stops; come back.
    GoingAway = 1001,
    /// A fault of ours; come back.
    Fault = 1011,
    /// The client said something that cannot be understood.
    BadMessage = 4400,
    /// The credentials have expired or were revoked.
    Unauthenticated = 4401,
    /// The credentials do not cover what was asked for.
    Forbidden = 4403,
    /// Too many connections of the tenant, or too many messages.
    TooMany = 4429,
}

impl Close {
    fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "the server stops",
            Self::Fault => "internal fault",
            Self::BadMessage => "bad message",
            Self::Unauthenticated => "the credentials are not valid any more",
            Self::Forbidden => "not allowed",
            Self::TooMany => "too many connections or messages",
        }
    }
}

/// What is spoken over a socket.
pub trait Dialect: Send + 'static {
    /// The words for what happened, if this dialect has any. `last` is the place to resume from.
    fn say(&mut self, item: &LiveItem, last: LogPosition) -> Option<Utf8Bytes>;

    /// The bytes that say all of these positions, in whole frames; none when they are to be said one by one.
    fn say_all<'a>(&self, _positions: &'a Batch) -> Option<&'a [u8]> {
        None
    }

    /// What a message of the client asks for, if anything.
    ///
    /// # Errors
    /// What is wrong with it.
    fn hear(&mut self, text: &str) -> Result<Option<(Filter, Option<LogPosition>)>>;
}

/// Accepts a connection and talks on it until either side has enough. `subscription` is what is heard from the start.
///
/// # Errors
/// `malformed-request` when the request is no handshake.
pub fn accept(
    app: App,
    handshake: Result<Handshake>,
    listener: Listener,
    subscription: Option<Subscription>,
    dialect: impl Dialect,
) -> Result<Response> {
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let config = config.max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
    Ok(handshake?.accept(config, move |socket| async move {
        let seat = listener.take_seat();
        let mut talk = Talk { app, socket, listener, subscription, dialect, last: LogPosition::default() };
        let end = if seat.is_some() { talk.run().await } else { End::Close(Close::TooMany) };
        if let End::Close(close) = end {
            talk.close(close).await;
        }
    }))
}

/// How a conversation ends.
enum End {
    /// The other side is gone.
    Gone,
    /// We close.
    Close(Close),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(_) => Self::Close(Close::BadMessage),
            Error::Forbidden | Error::NotFound => Self::Close(Close::Forbidden),
            Error::Unavailable(_) => Self::Close(Close::GoingAway),
            other => {
                tracing::error!("a live stream broke off: {other}");
                Self::Close(Close::Fault)
            }
        }
    }
}

/// Whatever is wrong with a connection, nobody is there any more to be told.
impl From<tungstenite::Error> for End {
    fn from(_: tungstenite::Error) -> Self {
        Self::Gone
    }
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

struct Talk<D> {
    app: App,
    socket: WebSocket,
    listener: Listener,
    subscription: Option<Subscription>,
    dialect: D,
    /// The last event that was told, or where the log stood before.
    last: LogPosition,
}

/// What woke us.
enum Woken {
    Closing,
    Check,
    Ping,
    Message(Option<tungstenite::Result<Message>>),
    Heard(Result<Heard, Error>),
}

impl<D: Dialect> Talk<D> {
    async fn run(&mut self) -> End {
        let closing = self.app.closing.clone();
        let (mut ping, mut check) = (every(PING), every(self.listener.check_every()));
        let mut heard = Instant::now();
        let mut window = (heard, 0);
        loop {
            let woken = tokio::select! {
                biased;
                () = closing.cancelled() => Woken::Closing,
                _ = check.tick() => Woken::Check,
                _ = ping.tick() => Woken::Ping,
                message = self.socket.next() => Woken::Message(message),
                heard = next(&mut self.subscription) => Woken::Heard(heard),
            };
            let step = match woken {
                Woken::Closing => Err(End::Close(Close::GoingAway)),
                Woken::Check if self.listener.may_stay().await => Ok(()),
                Woken::Check => Err(End::Close(Close::Unauthenticated)),
                Woken::Ping if heard.elapsed() > SILENCE => Err(End::Gone),
                Woken::Ping => self.write(Message::Ping(tungstenite::Bytes::new())).await,
                Woken::Message(message) => {
                    heard = Instant::now();
                    self.hear(message, &mut window).await
                }
                Woken::Heard(first) => in_time(self.say(first)).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn hear(
        &mut self,
        message: Option<tungstenite::Result<Message>>,
        window: &mut (Instant, u32),
    ) -> Result<(), End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return Err(End::Close(Close::BadMessage)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
            Some(Ok(Message::Close(_))) => {
                // The answer is made by the protocol, and only wants to be sent.
                let _ = in_time(SinkExt::close(&mut self.socket)).await;
                return Err(End::Gone);
            }
            Some(Err(_)) | None => return Err(End::Gone),
        };
        if window.0.elapsed() > WINDOW {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        if window.1 > MESSAGES {
            return Err(End::Close(Close::TooMany));
        }
        match self.dialect.hear(&text) {
            Ok(Some((filter, resume))) => self.subscribe(filter, resume).await,
            Ok(None) => Ok(()),
            Err(problem) => self.refuse(&problem).await,
        }
    }

    async fn subscribe(&mut self, filter: Filter, resume: Option<LogPosition>) -> Result<(), End> {
        let done = match (&mut self.subscription, resume) {
            (Some(subscription), None) => subscription.set_filter(filter),
            _ => self.begin(filter, resume).await,
        };
        match done {
            Err(Error::Invalid(invalid)) => self.refuse(&invalid.into()).await,
            done => done.map_err(End::from),
        }
    }

    async fn begin(&mut self, filter: Filter, resume: Option<LogPosition>) -> Result<(), Error> {
        let engine = &self.app.engine;
        // Known from the start, so that a client that breaks off before its first event can resume too.
        self.last = match resume {
            Some(place) => place,
            None => engine.log.head().await?,
        };
        self.subscription = Some(engine.live.subscribe(self.listener.caller(), filter, Some(self.last)).await?);
        Ok(())
    }

    async fn refuse(&mut self, problem: &Problem) -> Result<(), End> {
        self.write(Message::Text(messages::error(problem))).await?;
        Err(End::Close(Close::BadMessage))
    }

    /// Says what was heard, and whatever else can be said at once.
    async fn say(&mut self, first: Result<Heard, Error>) -> Result<(), End> {
        let mut next_one = Some(first);
        let mut left = BURST;
        while let Some(heard) = next_one.take() {
            match heard? {
                Heard::Item(item) => self.say_one(&item).await?,
                Heard::Positions(batch) => {
                    left = left.saturating_sub(batch.positions().len());
                    self.say_all(&batch).await?;
                }
            }
            left = left.saturating_sub(1);
            // What is taken must be said: none is taken behind the last of a burst.
            if left > 0 {
                next_one = next(&mut self.subscription).now_or_never();
            }
        }
        Ok(self.socket.flush().await?)
    }

    async fn say_one(&mut self, item: &LiveItem) -> Result<(), End> {
        if let LiveItem::Event { position, .. } = item {
            self.last = *position;
        }
        if let Some(text) = self.dialect.say(item, self.last) {
            self.socket.feed(Message::Text(text)).await?;
        }
        Ok(())
    }

    async fn say_all(&mut self, batch: &Batch) -> Result<(), End> {
        let Some(bytes) = self.dialect.say_all(batch) else {
            for latest in batch.positions() {
                self.say_one(&LiveItem::Position(latest.clone())).await?;
            }
            return Ok(());
        };
        // They go past the protocol, which keeps frames of its own back until they are flushed.
        self.socket.flush().await?;
        Ok(self.socket.get_mut().write_all(bytes).await?)
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        in_time(self.socket.send(message)).await
    }

    async fn close(&mut self, close: Close) {
        let frame = CloseFrame { code: (close as u16).into(), reason: close.reason().into() };
        // Whether the other side still hears it makes no difference any more.
        let _ = self.write(Message::Close(Some(frame))).await;
    }
}

/// Writes, or believes after a while that nobody reads.
async fn in_time<E: Into<End>>(writing: impl Future<Output = Result<(), E>>) -> Result<(), End> {
    timeout(WRITE, writing).await.map_or(Err(End::Gone), |written| written.map_err(E::into))
}

async fn next(subscription: &mut Option<Subscription>) -> Result<Heard, Error> {
    match subscription {
        Some(subscription) => subscription.next_many().await,
        None => std::future::pending().await,
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// The dialect of `/v1/live`.
struct Live(App);

impl Dialect for Live {
    fn say(&mut self, item: &LiveItem, last: LogPosition) -> Option<Utf8Bytes> {
        Some(match item {
            LiveItem::Ready => messages::ready(last),
            LiveItem::Event { position, event } => self.0.live.texts.event(*position, event).message(),
            LiveItem::Position(latest) => self.0.live.texts.position(latest).message(),
        })
    }

    fn say_all<'a>(&self, positions: &'a Batch) -> Option<&'a [u8]> {
        Some(positions.words(frames))
    }

    fn hear(&mut self, text: &str) -> Result<Option<(Filter, Option<LogPosition>)>> {
        Subscribe::read(text)?.into_parts().map(Some)
    }
}

/// How a WebSocket may be opened.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SocketQuery {
    /// A ticket, where no header can be sent.
    ticket: Option<String>,
}

/// Listen over a WebSocket
///
/// The first message of the client is `subscribe`; sent again, it changes what is heard. The server says `event` (with
/// `id`, its place in the log), `position` (the newest of each device; a slow reader misses those in between, never an
/// event), `ready` once everything before was told, and `error`. It pings every 25 seconds.
///
/// Close codes: 4400 bad message, 4401 the credentials have expired or were revoked, 4403 not allowed, 4429 too many
/// connections or messages, 1001 the server stops. A cookie opens a WebSocket from our own pages only.
#[utoipa::path(get, path = "/v1/live", tag = "Live", operation_id = "live_socket", params(SocketQuery),
    security(("bearer" = ["live:read"])),
    responses((status = 101, description = "A WebSocket", body = Subscribe), Problems))]
pub async fn open(
    State(app): State<App>,
    listener: Listener,
    Query(_query): Query<SocketQuery>,
    handshake: Result<Handshake>,
) -> Result<Response> {
    let dialect = Live(app.clone());
    accept(app, handshake, listener, None, dialect)
}
