//! What client and server say to each other over a WebSocket.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracklane_core::FieldError;
use tracklane_core::event::LogPosition;
use tracklane_core::id::{DriverId, ShipmentId, ZoneId};
use tracklane_engine::live::{Filter, Viewport};

use crate::json;
use crate::problem::{Problem, Result};

/// The client wants to hear something; said again, it wants to hear something else from then on.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Subscribe {
    /// Always `subscribe`.
    #[serde(rename = "type")]
    pub kind: String,
    /// These shipments: their events, and where they are while the own fleet carries them.
    pub shipments: Vec<ShipmentId>,
    /// These drivers: their events and positions; `couriers` is a synonym.
    #[serde(alias = "couriers")]
    pub drivers: Vec<DriverId>,
    /// These zones: their events.
    pub zones: Vec<ZoneId>,
    /// Positions in this part of the map: west, south, east, north in degrees.
    pub viewport: Option<[f64; 4]>,
    /// Everything that the caller may see.
    pub all: bool,
    /// Only these types: names, their aliases, or a prefix with `.*`; `location.updated` stands for positions.
    pub events: Vec<String>,
    /// The `id` of the last event heard: what came after it is told first.
    pub resume: Option<String>,
}

impl Subscribe {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Self> {
        let value = json::parse_value(text.as_bytes())?;
        match value.get("type").and_then(Value::as_str) {
            Some("subscribe") => json::from_value(value),
            _ => Err(Problem::invalid("#/type", "must be subscribe")),
        }
    }

    /// The filter and the place to go on from.
    ///
    /// # Errors
    /// When `resume` is no place in the log.
    pub fn into_parts(self) -> Result<(Filter, Option<LogPosition>)> {
        let resume = self.resume.as_deref().map(str::parse::<LogPosition>).transpose();
        let resume = resume.map_err(|_| Problem::invalid("#/resume", "must be the id of an event, such as 0-42"))?;
        let viewport = self.viewport.map(|[west, south, east, north]| Viewport { west, south, east, north });
        let Self { shipments, drivers, zones, all, events, .. } = self;
        Ok((Filter { shipments, drivers, zones, viewport, all, events }, resume))
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said<'a> {
    Ready { id: String },
    Error { detail: &'a str, errors: &'a [FieldError] },
}

fn text(said: &Said<'_>) -> Utf8Bytes {
    serde_json::to_string(said).unwrap_or_default().into()
}

/// Everything up to here was told; from here on it is live. `id` is what to resume from.
pub fn ready(id: LogPosition) -> Utf8Bytes {
    text(&Said::Ready { id: id.to_string() })
}

/// Something is wrong with what the client said.
pub fn error(problem: &Problem) -> Utf8Bytes {
    text(&Said::Error { detail: problem.detail(), errors: problem.errors() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_strictly() {
        let good = r#"{"type":"subscribe","viewport":[-9,41,-8,42],"events":["zone.*"],"resume":"0-42"}"#;
        let (filter, resume) = Subscribe::read(good).and_then(Subscribe::into_parts).expect("a good message");
        assert_eq!(filter.viewport, Some(Viewport { west: -9.0, south: 41.0, east: -8.0, north: 42.0 }));
        assert_eq!(resume, Some(LogPosition { transaction: 0, number: 42 }));
        for (text, pointer) in [
            ("nonsense", "#"),
            ("{}", "#/type"),
            (r#"{"type":"unsubscribe"}"#, "#/type"),
            (r#"{"type":"subscribe","everything":true}"#, "#/everything"),
            (r#"{"type":"subscribe","shipments":["drv_1"]}"#, "#/shipments/0"),
            (r#"{"type":"subscribe","viewport":[1,2,3]}"#, "#/viewport"),
            (r#"{"type":"subscribe","resume":"yesterday"}"#, "#/resume"),
        ] {
            let problem = Subscribe::read(text).and_then(Subscribe::into_parts).unwrap_err();
            assert_eq!(problem.errors()[0].pointer, pointer, "{text}: {problem:?}");
        }
    }
}
