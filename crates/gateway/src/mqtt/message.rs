//! What a message says, by its topic.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rumqttc::Publish;
use serde_json::value::RawValue;
use tracklane_api_types::{MAX_ATTRIBUTES, PositionInput};
use tracklane_core::id::TenantId;
use tracklane_core::position::Report;
use tracklane_protocols::owntracks;

use crate::batch::{Batch, Last};
use crate::door::{Door, House, Refused};
use crate::stats::Outcome;

/// For how long the tenant of a name is believed.
const BELIEVED: Duration = Duration::from_secs(30);

/// How many names of tenants are kept.
const NAMES: usize = 1_000;

/// How many positions one message may hold.
const ROWS: usize = 10_000;

/// Whose message it is, by its topic.
#[derive(Debug, PartialEq, Eq)]
enum Topic<'a> {
    /// `owntracks/{user}/{device}`: the app's own format.
    OwnTracks { device: &'a str },
    /// `tracklane/{tenant}/{device}`: positions as the API takes them.
    Ours { tenant: &'a str, device: &'a str },
}

impl<'a> Topic<'a> {
    /// What else apps publish, below the topic of a device, holds no position.
    fn read(topic: &'a str) -> Option<Self> {
        let (root, rest) = topic.split_once('/')?;
        let (first, second) = rest.split_once('/')?;
        if first.is_empty() || second.is_empty() || second.contains('/') {
            return None;
        }
        match root {
            "owntracks" => Some(Self::OwnTracks { device: rest }),
            "tracklane" => Some(Self::Ours { tenant: first, device: second }),
            _ => None,
        }
    }
}

/// Reads messages.
pub(super) struct Reader {
    house: Arc<House>,
    door: Arc<Door>,
    /// The largest message, in bytes.
    limit: usize,
    tenants: Mutex<HashMap<String, (Option<TenantId>, Instant)>>,
}

impl Reader {
    pub fn new(house: Arc<House>, door: Arc<Door>, limit: usize) -> Self {
        Self { house, door, limit, tenants: Mutex::default() }
    }

    /// Puts the positions of messages together. What cannot be read, or may not come in, is counted and left out.
    ///
    /// # Errors
    /// [`Refused::Unavailable`] when the store does not answer.
    pub async fn read(&self, messages: impl Iterator<Item = &Publish>) -> Result<Batch, Refused> {
        let mut batch = Batch::default();
        for message in messages {
            match self.read_one(message, &mut batch).await {
                Ok(()) | Err(Refused::Unknown) => {}
                Err(Refused::Unavailable) => return Err(Refused::Unavailable),
            }
        }
        Ok(batch)
    }

    async fn read_one(&self, message: &Publish, batch: &mut Batch) -> Result<(), Refused> {
        if message.payload.len() > self.limit {
            self.unreadable(message, &format!("it is larger than {} bytes", self.limit));
            return Ok(());
        }
        let (tenant, reports) = match Topic::read(&message.topic) {
            Some(Topic::OwnTracks { device }) => match read_owntracks(device, &message.payload) {
                Ok(reports) => (None, reports),
                Err(error) => {
                    self.unreadable(message, &error);
                    return Ok(());
                }
            },
            Some(Topic::Ours { tenant, device }) => {
                let (reports, errors) = read_ours(device, &message.payload);
                if let Some(error) = errors.first() {
                    self.unreadable(message, error);
                }
                if reports.is_empty() {
                    return Ok(());
                }
                let Some(tenant) = self.tenant(tenant).await? else {
                    self.door.counters.message(Outcome::UnknownDevice);
                    tracing::debug!(topic = message.topic, "there is no such tenant");
                    return Ok(());
                };
                (Some(tenant), reports)
            }
            None => {
                self.door.counters.message(Outcome::WithoutPosition);
                return Ok(());
            }
        };
        self.house.read(&self.door, tenant, batch, &mut Last::default(), reports).await.map(|_| ())
    }

    fn unreadable(&self, message: &Publish, error: &str) {
        self.door.counters.message(Outcome::Unreadable);
        if self.house.unknown.note(&message.topic, Instant::now()).is_some() {
            tracing::warn!(topic = message.topic, error, "a message cannot be read, and is left out");
        }
    }

    /// The tenant of a short name or an id.
    async fn tenant(&self, name: &str) -> Result<Option<TenantId>, Refused> {
        let now = Instant::now();
        if let Some((tenant, at)) = self.tenants.lock().get(name)
            && now < *at + BELIEVED
        {
            return Ok(*tenant);
        }
        let found = self.house.engine.records.tenants.find(name).await;
        let found = found.map_err(|error| self.house.fault(&self.door, &error))?;
        let mut tenants = self.tenants.lock();
        if tenants.len() >= NAMES {
            tenants.clear();
        }
        tenants.insert(name.to_owned(), (found, now));
        Ok(found)
    }
}

/// The topic says whose it is, whatever the message says.
fn read_owntracks(device: &str, payload: &[u8]) -> Result<Vec<Report>, String> {
    let mut reports = owntracks::decode(payload, &owntracks::Sender::default()).map_err(|error| error.to_string())?;
    reports.iter_mut().for_each(|report| device.clone_into(&mut report.device));
    Ok(reports)
}

/// One position or an array of them: what can be read, and what is wrong with the rest.
fn read_ours(device: &str, payload: &[u8]) -> (Vec<Report>, Vec<String>) {
    let (mut reports, mut errors) = (Vec::new(), Vec::new());
    let rows = match payload.trim_ascii_start().first() {
        Some(b'[') => match serde_json::from_slice::<Vec<&RawValue>>(payload) {
            Ok(rows) => rows.into_iter().map(|row| row.get().as_bytes()).collect(),
            Err(error) => return (reports, vec![format!("it must be a position or an array of them: {error}")]),
        },
        _ => vec![payload],
    };
    if rows.len() > ROWS {
        return (reports, vec![format!("it has more than {ROWS} positions")]);
    }
    for (number, row) in rows.into_iter().enumerate() {
        match read_row(device, row) {
            Ok(report) => reports.push(report),
            Err(error) => errors.push(format!("position {number}: {error}")),
        }
    }
    (reports, errors)
}

fn read_row(device: &str, row: &[u8]) -> Result<Report, String> {
    if row.trim_ascii_start().first() != Some(&b'{') {
        return Err("must be an object".to_owned());
    }
    let position: PositionInput<'_> = serde_json::from_slice(row).map_err(|error| error.to_string())?;
    if position.device.as_ref().is_some_and(|named| named != device) {
        return Err("device must be that of the topic".to_owned());
    }
    if position.attributes.len() > MAX_ATTRIBUTES {
        return Err(format!("attributes must be at most {MAX_ATTRIBUTES} entries"));
    }
    Ok(Report {
        device: device.to_owned(),
        kind: "position".to_owned(),
        time: Some(position.fix_time),
        fix: Some(position.fix()),
        attributes: position.attributes,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_message_brings_the_reader_down(topic in ".{0,40}", payload in prop::collection::vec(any::<u8>(), 0..300)) {
            Topic::read(&topic);
            let _ = read_owntracks(&topic, &payload);
            let (reports, errors) = read_ours(&topic, &payload);
            prop_assert!(reports.len() + errors.len() <= payload.len() + 1);
        }

        #[test]
        fn no_change_of_a_message_makes_it_somebody_elses(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut payload =
                br#"[{"device":"van","fix_time":"2026-01-05T08:00:00Z","lat":1,"lon":2,"attributes":{"a":[1]}}]"#.to_vec();
            let at = at.index(payload.len());
            payload[at] = byte;
            prop_assert!(read_ours("van", &payload).0.iter().all(|report| report.device == "van"));
        }
    }

    #[test]
    fn topics_say_whose_a_message_is() {
        let ours = Topic::Ours { tenant: "acme", device: "van-7" };
        assert_eq!(Topic::read("tracklane/acme/van-7"), Some(ours));
        assert_eq!(Topic::read("owntracks/ana/phone"), Some(Topic::OwnTracks { device: "ana/phone" }));
        for other in ["owntracks/ana/phone/event", "owntracks/ana", "owntracks//phone", "weather/porto/now", ""] {
            assert_eq!(Topic::read(other), None, "{other}");
        }
    }

    #[test]
    fn the_topic_comes_before_what_the_message_says() {
        let payload = br#"{"_type":"location","lat":41.1,"lon":-8.6,"tst":1767600000,"topic":"owntracks/eve/phone"}"#;
        let reports = read_owntracks("ana/phone", payload).expect("a location");
        assert_eq!(reports[0].device, "ana/phone");
        let (reports, errors) =
            read_ours("van", br#"{"device":"other","fix_time":"2026-01-05T08:00:00Z","lat":1,"lon":1}"#);
        assert!(reports.is_empty() && errors[0].contains("device must be that of the topic"), "{errors:?}");
    }

    #[test]
    fn good_rows_are_kept_beside_bad_ones() {
        let payload = br#"[{"fix_time":"2026-01-05T08:00:00Z","lat":1,"lon":2,"attributes":{"door":"open"}}, 7,
            {"fix_time":"2026-01-05T08:00:01Z","lat":1,"lon":2,"speed":3}]"#;
        let (reports, errors) = read_ours("van", payload);
        assert_eq!((reports.len(), errors.len()), (1, 2));
        assert_eq!(reports[0].attributes["door"], "open");
        assert!(errors[0].starts_with("position 1: must be an object"), "{errors:?}");
        assert!(errors[1].contains("speed"), "{errors:?}");
        for broken in [&b"[1,2"[..], b"", b"[", b"\xff\xfe", b"null"] {
            assert_eq!(read_ours("van", broken).1.len(), 1);
        }
    }
}
