//! Devices whose messages come through an MQTT broker (3.1.1).
//!
//! The session outlives the connection (`clean_session` is off) and messages come with QoS 1, so the broker keeps what comes
//! while the server is away, and sends again what was not acknowledged. An acknowledgement goes out after the commit that
//! covers the message; one commit covers all that waits. A message that cannot be read is counted, told of and
//! acknowledged: it would come back for ever.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rumqttc::{
    AsyncClient, ConnAck, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, QoS,
    SubscribeFilter, SubscribeReasonCode, Transport,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracklane_core::ports::BoxFuture;
use tracklane_engine::Error;

use super::acks::{self, Acks};
use super::tls;
use crate::batch::Batch;
use crate::door::{Door, House};
use crate::settings::MqttSettings;
use crate::stats::Outcome;

/// The waits before the broker is tried again: the first, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long to wait before what could not be kept is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How long the broker may take to hear the last acknowledgements.
const PARTING: Duration = Duration::from_secs(2);

/// The greatest packet that MQTT knows, in bytes. What is greater than the settings allow is thrown away after it was read:
/// to refuse to read it would end the connection, and it would come again with the next one.
const GREATEST: usize = 5 + 268_435_455;

/// A message and the connection that it came in: it can be acknowledged only there.
pub(super) struct Heard {
    pub connection: u64,
    pub publish: Publish,
}

/// What is wrong with the broker, for health checks.
pub(crate) struct BrokerState(Mutex<Result<(), String>>);

impl BrokerState {
    pub fn health(&self) -> Result<(), String> {
        self.0.lock().clone()
    }

    fn set(&self, state: Result<(), String>) {
        *self.0.lock() = state;
    }
}

/// One who hears what a broker passes on.
pub(crate) struct Subscriber {
    house: Arc<House>,
    door: Arc<Door>,
    options: MqttOptions,
    filters: Vec<SubscribeFilter>,
    /// The largest message, in bytes.
    limit: usize,
    /// How many messages one commit covers at most.
    batch: usize,
    state: Arc<BrokerState>,
}

type Commit = BoxFuture<'static, (Vec<Heard>, Result<(), Error>)>;

impl Subscriber {
    /// One for these settings.
    ///
    /// # Errors
    /// What cannot be used, in words.
    pub fn new(house: Arc<House>, door: Arc<Door>, settings: &MqttSettings) -> Result<Self, String> {
        settings.check().map_err(|invalid| invalid.to_string())?;
        let broker = settings.broker().map_err(|rule| format!("the url {rule}"))?;
        let mut options = MqttOptions::new(&settings.client_id, broker.host, broker.port);
        options
            .set_keep_alive(Duration::from_secs(settings.keep_alive_seconds.max(1)))
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_max_packet_size(GREATEST, 64 * 1024);
        if let Some((user, password)) = broker.credentials {
            options.set_credentials(user, password);
        }
        if broker.tls {
            options.set_transport(Transport::Tls(tls::configuration(&settings.ca_file)?));
        }
        let topics = settings.topics.iter();
        Ok(Self {
            filters: topics.map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce)).collect(),
            limit: settings.message_limit_bytes,
            house,
            door,
            options,
            batch: settings.batch.max(1),
            state: Arc::new(BrokerState(Mutex::new(Err("not connected yet".to_owned())))),
        })
    }

    pub fn state(&self) -> Arc<BrokerState> {
        self.state.clone()
    }

    /// Hears until told to stop. What is being committed then is still acknowledged.
    pub async fn run(self, stop: CancellationToken) {
        let (client, mut events) = AsyncClient::new(self.options.clone(), acks::CHANNEL);
        let mut network = events.network_options();
        // Small acknowledgements must not wait for more to come.
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        let mut link = Link { subscriber: &self, connection: 0, wait: FIRST_WAIT, subscribe: false };
        let mut poll = Box::pin(next(events, Duration::ZERO));
        let (mut waiting, mut commit, mut retry) = (Vec::new(), None::<Commit>, None::<Instant>);
        let (mut acks, mut at_once) = (Acks::default(), self.batch);
        loop {
            if commit.is_none() && retry.is_none() && !waiting.is_empty() {
                let later = waiting.split_off(at_once.min(waiting.len()));
                commit = Some(self.commit(std::mem::replace(&mut waiting, later)));
            }
            if link.subscribe {
                link.subscribe = client.try_subscribe_many(self.filters.clone()).is_err();
            }
            acks.send(&client, link.connection);
            tokio::select! {
                // Of what is not acknowledged a broker sends only so much; more than this is not taken from any.
                (events, event) = &mut poll, if waiting.len() < 4 * self.batch => {
                    let pause = link.take(event, &mut waiting);
                    poll.set(next(events, pause));
                }
                (heard, kept) = committed(&mut commit) => {
                    commit = None;
                    (retry, at_once) = self.settle(heard, kept, &mut acks, &mut waiting, at_once);
                }
                () = until(retry) => retry = None,
                () = stop.cancelled() => break,
            }
        }
        if let Some(commit) = commit
            && let (heard, Ok(())) = commit.await
        {
            acks.add(&heard);
        }
        let parting = async {
            acks.send(&client, link.connection);
            let said = acks.is_empty() && client.try_disconnect().is_ok();
            let (events, _) = poll.await;
            part(events, &client, &mut acks, link.connection, said).await;
        };
        let _ = tokio::time::timeout(PARTING, parting).await;
    }

    fn commit(&self, heard: Vec<Heard>) -> Commit {
        let (house, door, limit) = (self.house.clone(), self.door.clone(), self.limit);
        Box::pin(async move {
            let mut batch = Batch::default();
            for Heard { publish, .. } in &heard {
                if house.take(&door, publish, limit, &mut batch).await.is_err() {
                    return (heard, Err(Error::Unavailable("the store does not answer".to_owned())));
                }
            }
            let kept = if batch.is_empty() { Ok(()) } else { house.keep(&door, batch).await };
            (heard, kept)
        })
    }

    /// What comes after a commit: when to try again, and how many messages at once.
    fn settle(
        &self,
        heard: Vec<Heard>,
        kept: Result<(), Error>,
        acks: &mut Acks,
        waiting: &mut Vec<Heard>,
        at_once: usize,
    ) -> (Option<Instant>, usize) {
        match kept {
            Ok(()) => {
                acks.add(&heard);
                (None, (2 * at_once).min(self.batch))
            }
            Err(Error::Overloaded | Error::Full | Error::Unavailable(_)) => {
                waiting.splice(..0, heard);
                (Some(Instant::now() + RETRY), at_once)
            }
            // Something is wrong with one of them: the half that it is in is tried again, until it is alone.
            Err(error) if heard.len() > 1 => {
                tracing::warn!(%error, "messages cannot be kept together; fewer are tried");
                let half = heard.len() / 2;
                waiting.splice(..0, heard);
                (None, half)
            }
            Err(error) => {
                let topic = heard.first().map(|heard| heard.publish.topic.as_str()).unwrap_or_default();
                tracing::error!(%error, topic, "a message cannot be kept and is left out");
                self.door.counters.message(Outcome::Unreadable);
                acks.add(&heard);
                (None, 1)
            }
        }
    }
}

/// What is known of the connection to the broker.
struct Link<'a> {
    subscriber: &'a Subscriber,
    /// Grows with each connection.
    connection: u64,
    /// How long to wait should the next try fail, too.
    wait: Duration,
    /// True when there is a subscription to be asked for.
    subscribe: bool,
}

impl Link<'_> {
    /// Notes what happened, and answers how long to wait before looking further.
    fn take(&mut self, event: Result<Event, ConnectionError>, waiting: &mut Vec<Heard>) -> Duration {
        match event {
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                waiting.push(Heard { connection: self.connection, publish });
            }
            Ok(Event::Incoming(Packet::ConnAck(ConnAck { session_present, .. }))) => {
                tracing::info!(session_present, "connected to the broker");
                self.connection += 1;
                self.wait = FIRST_WAIT;
                self.subscribe = true;
                self.subscriber.state.set(Err("not subscribed yet".to_owned()));
                // What waits will come again, and is acknowledged then; but it may as well be committed now.
            }
            Ok(Event::Incoming(Packet::SubAck(answer))) => {
                let codes = answer.return_codes.iter().zip(&self.subscriber.filters);
                let refused = codes.filter(|(code, _)| matches!(code, SubscribeReasonCode::Failure));
                let refused: Vec<_> = refused.map(|(_, filter)| filter.path.as_str()).collect();
                self.subscriber.state.set(if refused.is_empty() {
                    Ok(())
                } else {
                    tracing::error!(topics = ?refused, "the broker refuses a subscription");
                    Err(format!("the broker refuses the subscription to {}", refused.join(", ")))
                });
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the broker cannot be reached; it is tried again");
                self.subscriber.state.set(Err(format!("the broker cannot be reached: {error}")));
                let wait = self.wait;
                self.wait = (2 * wait).min(LONGEST_WAIT);
                return wait;
            }
        }
        Duration::ZERO
    }
}

/// The next event, after a pause. It keeps the loop for as long as it runs, so that it is never left half-way.
async fn next(mut events: EventLoop, pause: Duration) -> (EventLoop, Result<Event, ConnectionError>) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let event = events.poll().await;
    (events, event)
}

/// Sends the last acknowledgements, and says goodbye. The session stays: that is for the broker to keep.
async fn part(mut events: EventLoop, client: &AsyncClient, acks: &mut Acks, connection: u64, mut said: bool) {
    loop {
        acks.send(client, connection);
        if acks.is_empty() && !said {
            said = client.try_disconnect().is_ok();
        }
        match events.poll().await {
            Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The end of a commit, if there is one.
async fn committed(commit: &mut Option<Commit>) -> (Vec<Heard>, Result<(), Error>) {
    match commit {
        Some(commit) => commit.await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
