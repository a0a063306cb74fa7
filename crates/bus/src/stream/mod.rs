//! The position stream on a broker: one file per broker, each a [`PositionStream`] that is opened by URL.

mod kafka;
mod nats;

use std::sync::Arc;

use tracklane_core::ports::PositionStream;

use crate::{Address, AddressError, Broker};

/// How many partitions there are when the URL does not say.
const PARTITIONS: u32 = 32;
/// There can be so many.
const MOST: u32 = 1_024;

/// Opens the position stream at this URL: that of a broker, and behind a question mark `partitions=` (1 to 1,024; 32) and `replicas=` (1
/// to 5; 1). It connects when it is first needed.
///
/// # Errors
/// The rule that is broken, and an example.
pub fn open_stream(url: &str) -> Result<Arc<dyn PositionStream>, AddressError> {
    let (broker, address, query) = Address::parse(url)?;
    let wrong = |rule: &str| AddressError { rule: rule.to_owned(), example: broker.example() };
    let (mut partitions, mut replicas) = (PARTITIONS, 1);
    for (key, value) in query {
        let number = value.parse::<u32>().ok();
        match (key.as_str(), number) {
            ("partitions", Some(number)) if (1..=MOST).contains(&number) => partitions = number,
            ("partitions", _) => return Err(wrong("partitions must be a number from 1 to 1024")),
            ("replicas", Some(number)) if (1..=5).contains(&number) => replicas = number,
            ("replicas", _) => return Err(wrong("replicas must be a number from 1 to 5")),
            _ => return Err(wrong("behind the question mark stand partitions, replicas and, for Kafka, sasl")),
        }
    }
    match broker {
        Broker::Nats => Ok(Arc::new(nats::NatsStream::new(address, partitions, replicas))),
        Broker::Kafka => Ok(Arc::new(kafka::KafkaStream::new(address, partitions, replicas))),
        Broker::RabbitMq | Broker::Mqtt => Err(wrong("a position stream needs nats:// or kafka://")),
    }
}
