//! Real brokers, and readers that show what arrived. A broker that is not there is said in one line; `make test` has all of
//! them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use futures::StreamExt as _;
use krafka::testing::FakeBroker;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::events::{Seen, tenant};

/// How long a reader waits for the next event.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn listens(port: u16) {
    for _ in 0..600 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing listens on {port}");
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn left_out<T>(what: &str) -> Option<T> {
    eprintln!("left out: there is no {what}");
    None
}

pub struct Redis {
    pub port: u16,
    _folder: TempDir,
    _running: Running,
}

impl Redis {
    pub async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = tracklane_testkit::free_port();
        let mut command = quiet("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]).arg(folder.path());
        let Ok(child) = command.spawn() else { return left_out("redis-server") };
        let running = Running(child);
        listens(port).await;
        Some(Self { port, _folder: folder, _running: running })
    }

    /// Gives it an order, over a connection of its own.
    pub async fn order(&self, words: &[&str]) {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let (first, rest) = words.split_first().unwrap();
        redis::cmd(first).arg(rest).exec_async(&mut connection).await.unwrap();
    }
}

pub struct Nats {
    pub port: u16,
    _folder: TempDir,
    _running: Running,
}

impl Nats {
    pub async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = tracklane_testkit::free_port();
        let mut command = quiet("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(folder.path());
        let Ok(child) = command.spawn() else { return left_out("nats-server") };
        let running = Running(child);
        listens(port).await;
        Some(Self { port, _folder: folder, _running: running })
    }

    /// What the stream holds from its beginning.
    pub async fn read(&self, count: usize) -> Vec<Seen> {
        let client = async_nats::connect(format!("nats://127.0.0.1:{}", self.port)).await.unwrap();
        let stream = async_nats::jetstream::new(client).get_stream("SHOP_EVENTS").await.unwrap();
        let config = async_nats::jetstream::consumer::pull::OrderedConfig::default();
        let mut messages = stream.create_consumer(config).await.unwrap().messages().await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < count {
            let message = timeout(PATIENCE, messages.next()).await.expect("an event comes").unwrap().unwrap();
            let headers = message.headers.clone().unwrap();
            assert_eq!(message.subject.as_str(), format!("shop.events.{}.shipment.status_changed", tenant()));
            assert_eq!(headers.get("content-type").unwrap().as_str(), "application/json");
            let attribute = |name: &str| Some(headers.get(format!("ce-{name}").as_str())?.as_str().to_owned());
            seen.push(Seen::read(attribute, &message.payload));
        }
        seen
    }
}

pub struct Mosquitto {
    pub port: u16,
    _folder: TempDir,
    _running: Running,
    heard: tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Mosquitto {
    pub async fn start() -> Option<Self> {
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists());
        let Some(program) = program else { return left_out("mosquitto") };
        let folder = tempfile::tempdir().unwrap();
        let port = tracklane_testkit::free_port();
        let file = folder.path().join("conf");
        std::fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")).unwrap();
        let running = Running(quiet(program).arg("-c").arg(&file).spawn().unwrap());
        listens(port).await;
        let mut options = MqttOptions::new("reader", "127.0.0.1", port);
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::new(options, 10);
        client.subscribe(format!("shop/events/{}/shipment/status_changed", tenant()), QoS::AtLeastOnce).await.unwrap();
        let (tell, heard) = tokio::sync::mpsc::unbounded_channel();
        let (subscribed, ready) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            // Lives as long as its connection is read.
            let _client = client;
            let mut subscribed = Some(subscribed);
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::SubAck(_)) => drop(subscribed.take().map(|tell| tell.send(()))),
                    Event::Incoming(Packet::Publish(message)) => drop(tell.send(message.payload.to_vec())),
                    _ => {}
                }
            }
        });
        ready.await.unwrap();
        Some(Self { port, _folder: folder, _running: running, heard })
    }

    pub async fn read(&mut self, count: usize) -> Vec<Seen> {
        let mut seen = Vec::new();
        while seen.len() < count {
            let body = timeout(PATIENCE, self.heard.recv()).await.expect("an event comes").unwrap();
            seen.push(Seen::structured(&body));
        }
        seen
    }
}

/// The one that `scripts/services rabbitmq` runs.
pub struct RabbitMq {
    pub port: u16,
    pub exchange: String,
    consumer: lapin::Consumer,
    _connection: lapin::Connection,
}

impl RabbitMq {
    pub async fn reach(exchange: &str) -> Option<Self> {
        let Ok(url) = std::env::var("TRACKLANE_TEST_RABBITMQ_URL") else {
            return left_out("TRACKLANE_TEST_RABBITMQ_URL");
        };
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let durable = lapin::options::ExchangeDeclareOptions { durable: true, ..Default::default() };
        let none = FieldTable::default;
        channel.exchange_declare(exchange.into(), lapin::ExchangeKind::Topic, durable, none()).await.unwrap();
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), options, none()).await.unwrap();
        let key = format!("{}.shipment.*", tenant());
        let bound = channel.queue_bind(
            queue.name().clone(),
            exchange.into(),
            key.as_str().into(),
            QueueBindOptions::default(),
            none(),
        );
        bound.await.unwrap();
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumer = channel.basic_consume(queue.name().clone(), "".into(), options, none()).await.unwrap();
        Some(Self { port, exchange: exchange.to_owned(), consumer, _connection: connection })
    }

    pub async fn read(&mut self, count: usize) -> Vec<Seen> {
        let mut seen = Vec::new();
        while seen.len() < count {
            let message = timeout(PATIENCE, self.consumer.next()).await.expect("an event comes").unwrap().unwrap();
            assert_eq!(message.exchange.as_str(), self.exchange);
            assert_eq!(message.properties.delivery_mode(), &Some(2), "survives a restart of the broker");
            assert_eq!(message.properties.content_type().as_ref().unwrap().as_str(), "application/json");
            let headers = message.properties.headers().clone().unwrap();
            let attribute = |name: &str| {
                let value = headers.inner().get(format!("cloudEvents:{name}").as_str())?;
                Some(value.as_long_string()?.to_string())
            };
            seen.push(Seen::read(attribute, &message.data));
        }
        seen
    }
}

/// A Kafka broker in this process that speaks the protocol over sockets, read by librdkafka.
pub struct Kafka {
    pub broker: FakeBroker,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    _running: Running,
}

impl Kafka {
    pub async fn start(topic: &str) -> Option<Self> {
        let Ok(python) = std::env::var("TRACKLANE_TEST_PYTHON") else { return left_out("TRACKLANE_TEST_PYTHON") };
        let broker = FakeBroker::start().await.unwrap();
        assert!(broker.create_topic(topic, 3));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/kafka.py");
        let mut command = Command::new(python);
        command.arg(script).arg(broker.bootstrap_servers()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (asks, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { broker, asks, answers: BufReader::new(answers), _running: Running(child) })
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What the topic holds from its beginning, partition by partition.
    pub fn read(&mut self, topic: &str, count: usize) -> Vec<Seen> {
        writeln!(self.asks, "{topic} {count}").unwrap();
        let mut seen = Vec::new();
        while seen.len() < count {
            let message: serde_json::Value = serde_json::from_str(&self.answer()).unwrap();
            assert_eq!(message["headers"]["content-type"], "application/json");
            assert_eq!(message["key"], message["headers"]["ce_subject"]);
            let attribute = |name: &str| message["headers"][format!("ce_{name}")].as_str().map(str::to_owned);
            seen.push(Seen::read(attribute, message["value"].as_str().unwrap().as_bytes()));
        }
        seen
    }
}
