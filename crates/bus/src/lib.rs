//! Events on brokers: the only crate that knows them as a publisher. One file per broker, each an
//! [`EventSink`](tracklane_core::ports::EventSink) that is opened by URL.
//!
//! All carry CloudEvents 1.0.2: as attributes beside the body where the protocol has room for them (Kafka, NATS, AMQP), as one JSON
//! object where it has not (MQTT 3.1.1). Events of one shipment keep their order.
//!
//! Also what several processes share the work through: the [position stream](tracklane_core::ports::PositionStream) on a broker, and
//! [memory](tracklane_core::ports::SharedMemory) on Redis.

mod address;
mod kafka;
mod mqtt;
mod nats;
mod publication;
mod rabbitmq;
mod shared;
mod stream;
mod tls;

use std::sync::Arc;

pub use address::{Address, AddressError};
pub use publication::Publication;
pub use shared::SharedAddress;
pub use stream::open_stream;
use tracklane_core::ports::EventSink;

/// A broker that events can be published to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    /// Kafka, and what speaks its protocol.
    Kafka,
    /// NATS with JetStream.
    Nats,
    /// RabbitMQ (AMQP 0-9-1).
    RabbitMq,
    /// MQTT 3.1.1.
    Mqtt,
}

impl Broker {
    /// Every broker.
    pub const ALL: [Self; 4] = [Self::Kafka, Self::Nats, Self::RabbitMq, Self::Mqtt];

    /// Its name in settings and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Nats => "nats",
            Self::RabbitMq => "rabbitmq",
            Self::Mqtt => "mqtt",
        }
    }

    /// What its URLs begin with: without TLS, and with it.
    fn schemes(self) -> [&'static str; 2] {
        match self {
            Self::Kafka => ["kafka", "kafkas"],
            Self::Nats => ["nats", "tls"],
            Self::RabbitMq => ["amqp", "amqps"],
            Self::Mqtt => ["mqtt", "mqtts"],
        }
    }

    /// The port of a URL that names none: without TLS, and with it.
    fn ports(self) -> [u16; 2] {
        match self {
            Self::Kafka => [9092, 9093],
            Self::Nats => [4222, 4222],
            Self::RabbitMq => [5672, 5671],
            Self::Mqtt => [1883, 8883],
        }
    }

    /// An example of its URLs.
    fn example(self) -> &'static str {
        match self {
            Self::Kafka => "kafka://user:password@host:9092,host2:9092/topic",
            Self::Nats => "nats://user:password@host:4222/subject",
            Self::RabbitMq => "amqp://user:password@host:5672/virtual-host/exchange",
            Self::Mqtt => "mqtt://user:password@host:1883/topic",
        }
    }

    /// What publishes to the broker at this address. It connects when it first has something to say.
    fn open(self, address: Address) -> Arc<dyn EventSink> {
        match self {
            Self::Kafka => Arc::new(kafka::Kafka::new(address)),
            Self::Nats => Arc::new(nats::Nats::new(address)),
            Self::RabbitMq => Arc::new(rabbitmq::RabbitMq::new(address)),
            Self::Mqtt => Arc::new(mqtt::Mqtt::new(address)),
        }
    }
}
