//! What a message says, by its topic.
//!
//! | topic | message |
//! |---|---|
//! | `owntracks/{user}/{device}` | what the OwnTracks app publishes |
//! | `tracklane/{tenant}/{device}` | one position, or an array of them, as `POST /v1/positions` takes it |

use serde_json::value::RawValue;
use tracklane_api_types::{MAX_ATTRIBUTES, PositionInput};
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix};

use crate::{DecodeError, owntracks};

/// How many positions one message may hold.
const ROWS: usize = 10_000;

/// Whose message it is, by its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic<'a> {
    /// `owntracks/{user}/{device}`: the app's own format.
    OwnTracks {
        /// `{user}/{device}`.
        device: &'a str,
    },
    /// `tracklane/{tenant}/{device}`: positions as the API takes them.
    Ours {
        /// Short name or id.
        tenant: &'a str,
        /// Identifier or id.
        device: &'a str,
    },
}

/// One position, or what is measured and raised without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When the fix was taken, if the message says so.
    pub time: Option<Timestamp>,
    /// The fix, if there is one.
    pub fix: Option<Fix>,
    /// Everything else.
    pub attributes: Attributes,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'a> {
    /// The tenant that the topic names, by short name or id.
    pub tenant: Option<&'a str>,
    /// The device that the topic names.
    pub device: &'a str,
    /// The sender's own word for a message that is no position.
    pub kind: Option<String>,
    /// What can be read.
    pub rows: Vec<Row>,
    /// What is wrong with the rest.
    pub errors: Vec<DecodeError>,
}

impl<'a> Topic<'a> {
    /// Reads a topic; none for others. What else apps publish, below the topic of a device, holds no position.
    pub fn read(topic: &'a str) -> Option<Self> {
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

impl<'a> Message<'a> {
    /// Reads a message; none when its topic is another.
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub fn read(topic: &'a str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        match Topic::read(topic) {
            Some(Topic::OwnTracks { device }) => read_owntracks(device, payload).map(Some),
            Some(Topic::Ours { tenant, device }) => read_ours(tenant, device, payload).map(Some),
            None => Ok(None),
        }
    }
}

/// The topic says whose it is, whatever the message says.
fn read_owntracks<'a>(device: &'a str, payload: &[u8]) -> Result<Message<'a>, DecodeError> {
    let mut message = Message { tenant: None, device, kind: None, rows: Vec::new(), errors: Vec::new() };
    for report in owntracks::decode(payload, &owntracks::Sender::default())? {
        if report.fix.is_none() {
            message.kind = Some(report.kind);
        }
        message.rows.push(Row { time: report.time, fix: report.fix, attributes: report.attributes });
    }
    Ok(message)
}

fn read_ours<'a>(tenant: &'a str, device: &'a str, payload: &[u8]) -> Result<Message<'a>, DecodeError> {
    let mut message = Message { tenant: Some(tenant), device, kind: None, rows: Vec::new(), errors: Vec::new() };
    if payload.trim_ascii_start().first() != Some(&b'[') {
        message.rows.push(read_row(device, payload).map_err(syntax)?);
        return Ok(message);
    }
    let rows: Vec<&RawValue> = serde_json::from_slice(payload)
        .map_err(|error| syntax(format!("it must be a position or an array of them: {error}")))?;
    if rows.len() > ROWS {
        return Err(syntax(format!("it has more than {ROWS} positions")));
    }
    for (number, row) in rows.into_iter().enumerate() {
        match read_row(device, row.get().as_bytes()) {
            Ok(row) => message.rows.push(row),
            Err(error) => message.errors.push(syntax(format!("position {number}: {error}"))),
        }
    }
    Ok(message)
}

fn syntax(detail: String) -> DecodeError {
    DecodeError::Syntax { detail }
}

fn read_row(device: &str, row: &[u8]) -> Result<Row, String> {
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
    Ok(Row { time: Some(position.fix_time), fix: Some(position.fix()), attributes: position.attributes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_message_brings_the_reader_down(topic in ".{0,40}", payload in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::read(&topic, &payload);
            let _ = Message::read("owntracks/a/b", &payload);
            let rows = Message::read("tracklane/a/b", &payload).ok().flatten();
            let count = rows.map_or(0, |message| message.rows.len() + message.errors.len());
            prop_assert!(count <= payload.len() + 1);
        }

        #[test]
        fn no_change_of_a_message_makes_it_somebody_elses(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut payload =
                br#"[{"device":"van","fix_time":"2026-01-05T08:00:00Z","lat":1,"lon":2,"attributes":{"a":[1]}}]"#.to_vec();
            let at = at.index(payload.len());
            payload[at] = byte;
            let read = Message::read("tracklane/acme/van", &payload).ok().flatten();
            prop_assert!(read.is_none_or(|message| message.device == "van"));
        }
    }

    fn ours(payload: &[u8]) -> Message<'static> {
        Message::read("tracklane/acme/van", payload).expect("something of it can be read").expect("it is our topic")
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
        let message = Message::read("owntracks/ana/phone", payload).expect("a location").expect("its topic");
        assert_eq!((message.device, message.rows.len()), ("ana/phone", 1));
        let error = Message::read(
            "tracklane/acme/van",
            br#"{"device":"other","fix_time":"2026-01-05T08:00:00Z","lat":1,"lon":1}"#,
        );
        assert!(error.expect_err("another device").to_string().contains("device must be that of the topic"));
    }

    #[test]
    fn good_rows_are_kept_beside_bad_ones() {
        let message = ours(
            br#"[{"fix_time":"2026-01-05T08:00:00Z","lat":1,"lon":2,"attributes":{"door":"open"}}, 7,
            {"fix_time":"2026-01-05T08:00:01Z","lat":1,"lon":2,"speed":3}]"#,
        );
        assert_eq!((message.rows.len(), message.errors.len()), (1, 2));
        assert_eq!(message.rows[0].attributes["door"], "open");
        let errors: Vec<_> = message.errors.iter().map(ToString::to_string).collect();
        assert!(errors[0].contains("position 1: must be an object"), "{errors:?}");
        assert!(errors[1].contains("speed"), "{errors:?}");
        for broken in [&b"[1,2"[..], b"", b"[", b"\xff\xfe", b"null"] {
            assert!(Message::read("tracklane/acme/van", broken).is_err());
        }
    }
}
