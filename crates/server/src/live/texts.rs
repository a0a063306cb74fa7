//! Each event and each position turned into text once, however many listen: a small memory of the newest ones.

use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tracklane_core::event::{Event, LOCATION_UPDATED, LogPosition};
use tracklane_core::id::Id as _;
use tracklane_core::model::DeviceLatest;

/// How many of each are remembered.
const SLOTS: usize = 1_024;

/// A thing as text: a whole message for a WebSocket, with the thing itself inside it.
#[derive(Debug, Clone)]
pub struct Text {
    message: Utf8Bytes,
    inner: Range<usize>,
}

impl Text {
    fn new(before: &str, thing: &impl Serialize) -> Self {
        let json = serde_json::to_string(thing).unwrap_or_else(|_| "null".to_owned());
        let inner = before.len()..before.len() + json.len();
        Self { message: format!("{before}{json}}}").into(), inner }
    }

    /// The message of a WebSocket.
    pub fn message(&self) -> Utf8Bytes {
        self.message.clone()
    }

    /// The thing alone.
    pub fn inner(&self) -> &str {
        &self.message.as_str()[self.inner.clone()]
    }
}

type Slots<K> = Box<[Mutex<Option<(K, Text)>>]>;

/// What was turned into text last.
pub struct Texts {
    events: Slots<Arc<Event>>,
    positions: Slots<Arc<DeviceLatest>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { events: slots(), positions: slots() }
    }
}

fn slots<K>() -> Slots<K> {
    std::iter::repeat_with(|| Mutex::new(None)).take(SLOTS).collect()
}

impl Texts {
    /// An event and its place in the log. Those who may not see all of it hear of another one with less in it.
    pub fn event(&self, place: LogPosition, event: &Arc<Event>) -> Text {
        let slot = &self.events[place.number as usize % SLOTS];
        remembered(
            slot,
            event.clone(),
            |known| Arc::ptr_eq(known, event),
            || Text::new(&format!("{{\"type\":\"event\",\"id\":\"{place}\",\"event\":"), &**event),
        )
    }

    /// A position.
    pub fn position(&self, latest: &Arc<DeviceLatest>) -> Text {
        let slot = &self.positions[latest.device_id.uuid().as_u128() as usize % SLOTS];
        remembered(slot, latest.clone(), |known| Arc::ptr_eq(known, latest), || position(latest))
    }
}

fn position(latest: &DeviceLatest) -> Text {
    Text::new(&format!("{{\"type\":\"position\",\"name\":\"{LOCATION_UPDATED}\",\"position\":"), latest)
}

/// Positions as frames of a WebSocket, each a whole message, as a server sends them: without a mask, so the same to all.
pub fn frames(positions: &[Arc<DeviceLatest>]) -> Vec<u8> {
    let texts: Vec<Text> = positions.iter().map(|latest| position(latest)).collect();
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    let length = |text: &Text| text.message.len() as u64;
    let room: u64 = texts.iter().map(|text| length(text) + header.len(length(text)) as u64).sum();
    let mut bytes = Vec::with_capacity(room as usize);
    for text in &texts {
        if header.format(length(text), &mut bytes).is_ok() {
            bytes.extend_from_slice(text.message.as_bytes());
        }
    }
    bytes
}

fn remembered<K>(
    slot: &Mutex<Option<(K, Text)>>,
    key: K,
    is_it: impl Fn(&K) -> bool,
    make: impl FnOnce() -> Text,
) -> Text {
    let mut slot = slot.lock();
    if let Some((known, text)) = &*slot
        && is_it(known)
    {
        return text.clone();
    }
    let text = make();
    *slot = Some((key, text.clone()));
    text
}

#[cfg(test)]
mod tests {
    use tracklane_core::id::DeviceId;
    use tracklane_core::position::Point;

    use super::*;

    fn latest(lat: f64) -> Arc<DeviceLatest> {
        let at = tracklane_core::Timestamp::UNIX_EPOCH;
        Arc::new(DeviceLatest {
            device_id: DeviceId::from_uuid(Default::default()),
            driver_id: None,
            fix_time: at,
            received_at: at,
            point: Point { lat, lon: 2.0 },
            speed_mps: None,
            course_deg: None,
            accuracy_m: None,
            altitude_m: None,
            attributes: Default::default(),
        })
    }

    #[test]
    fn frames_hold_the_texts_one_behind_the_other() {
        let positions = [latest(1.0), latest(3.0)];
        let mut left = &*frames(&positions);
        for position in &positions {
            let text = Texts::default().position(position).message();
            // RFC 6455, 5.2: a final text frame without a mask, its length in two bytes.
            let length = u16::try_from(text.len()).expect("a short text").to_be_bytes();
            let (head, rest) = left.split_at(4);
            assert_eq!(head, [0x81, 126, length[0], length[1]]);
            let (payload, rest) = rest.split_at(text.len());
            assert_eq!(payload, text.as_bytes());
            left = rest;
        }
        assert!(left.is_empty());
    }

    #[test]
    fn one_thing_is_one_text_and_another_thing_another() {
        let texts = Texts::default();
        let (one, other) = (latest(1.0), latest(3.0));
        let first = texts.position(&one);
        let again = texts.position(&one);
        assert_eq!(first.message().as_ptr(), again.message().as_ptr(), "the text is shared");
        assert!(first.message().starts_with("{\"type\":\"position\",\"name\":\"location.updated\",\"position\":{"));
        assert_eq!(serde_json::from_str::<DeviceLatest>(first.inner()).expect("the position"), *one);
        assert_eq!(serde_json::from_str::<DeviceLatest>(texts.position(&other).inner()).expect("the position"), *other);
    }
}
