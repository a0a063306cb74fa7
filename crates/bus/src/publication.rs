//! Which events go where: a URL says both.

use std::sync::Arc;

use tracklane_core::event::EventKind;
use tracklane_core::ports::EventSink;

use crate::address::{Address, AddressError};

/// A broker, and which events it is told.
pub struct Publication {
    /// Its name: of two to the same broker each needs one of its own.
    pub name: String,
    /// Event types, or groups as in `shipment.*`; all when empty.
    pub events: Vec<String>,
    /// Tenants by short name or id; all when empty.
    pub tenants: Vec<String>,
    /// Whether it begins with the oldest event that is kept, rather than with the next one.
    pub from_beginning: bool,
    /// The broker. It connects when it first has something to say.
    pub to: Arc<dyn EventSink>,
}

impl Publication {
    /// Reads a URL: where to, and behind a question mark `name=`, `event=` and `tenant=`, each of these two any number of times,
    /// and `from=beginning`.
    ///
    /// # Errors
    /// The rule that is broken, and an example.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let (broker, address, query) = Address::parse(url)?;
        let wrong = |rule: String| AddressError { rule, example: broker.example() };
        let mut name = format!("{}.{}", broker.as_str(), address.joined("."));
        let (mut events, mut tenants, mut from_beginning) = (Vec::new(), Vec::new(), false);
        for (key, value) in query {
            match key.as_str() {
                "name" if !value.is_empty() => name = value,
                "event" if EventKind::ALL.iter().any(|kind| kind.matches(&value)) => events.push(value),
                "event" => {
                    let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
                    return Err(wrong(format!(
                        "event must be one of {}, or a group as in shipment.*",
                        known.join(", ")
                    )));
                }
                "tenant" if !value.is_empty() => tenants.push(value),
                "from" if value == "beginning" => from_beginning = true,
                "from" if value == "now" => from_beginning = false,
                "from" => return Err(wrong("from must be now or beginning".to_owned())),
                _ => {
                    return Err(wrong(
                        "behind the question mark stand name, event, tenant, from and, for Kafka, sasl".to_owned(),
                    ));
                }
            }
        }
        Ok(Self { name, events, tenants, from_beginning, to: broker.open(address) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_which_events_go_where() {
        let plain = Publication::parse("nats://h/a/b").unwrap();
        assert_eq!((plain.name.as_str(), plain.from_beginning), ("nats.a.b", false));
        assert!(plain.events.is_empty() && plain.tenants.is_empty());
        let url = "mqtt://h/x?name=erp&event=shipment.*&event=zone.entered&tenant=acme&from=beginning";
        let some = Publication::parse(url).unwrap();
        assert_eq!((some.name.as_str(), some.from_beginning), ("erp", true));
        assert_eq!(
            (some.events, some.tenants),
            (vec!["shipment.*".to_owned(), "zone.entered".to_owned()], vec!["acme".to_owned()])
        );
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for (url, word) in [
            ("nats://h/a?event=shipment", "shipment.delivered"),
            ("nats://h/a?event=parcel.*", "group"),
            ("nats://h/a?from=yesterday", "beginning"),
            ("nats://h/a?sasl=plain", "for Kafka"),
            ("nats://h/a?tenants=x", "tenant"),
        ] {
            let said = Publication::parse(url).err().unwrap().to_string();
            assert!(said.contains(word), "{url}: {said}");
        }
    }
}
