//! OwnTracks over HTTP: one JSON object a request. Only `location` carries a position; of the others the kind is reported
//! and what is worth keeping. An answer of `[]` tells the app that a message arrived.

use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Report};

use crate::DecodeError;
use crate::json::{Object, parse_object};
use crate::read::{KMH_MPS, RawFix, put, unix_time};

/// Who sends, as far as the request says: the headers `X-Limit-U` and `X-Limit-D`, and the query parameters `u` and `d`.
/// The topic in the message comes before the headers, the headers before the query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sender<'a> {
    /// The header `X-Limit-U`.
    pub header_user: Option<&'a str>,
    /// The header `X-Limit-D`.
    pub header_device: Option<&'a str>,
    /// The query parameter `u`.
    pub query_user: Option<&'a str>,
    /// The query parameter `d`.
    pub query_device: Option<&'a str>,
}

impl Sender<'_> {
    /// `user/device`, or the one of them that is known; empty when nobody says. The two-letter `tid` is no identity.
    fn device(&self, topic: Option<&str>) -> String {
        let join = |user: Option<&str>, device: Option<&str>| {
            let parts: Vec<_> = [user, device].into_iter().flatten().filter(|part| !part.is_empty()).collect();
            parts.join("/")
        };
        let of_topic = || {
            let mut levels = topic?.split('/').skip(1);
            let (user, device) = (levels.next()?, levels.next()?);
            Some(join(Some(user), Some(device)))
        };
        let candidates = [
            of_topic().unwrap_or_default(),
            join(self.header_user, self.header_device),
            join(self.query_user, self.query_device),
        ];
        candidates.into_iter().find(|device| !device.is_empty()).unwrap_or_default()
    }
}

/// Reads one request. An empty body is a sign of life: no reports.
///
/// The report's `kind` is `position` for a location, and OwnTracks' own word for the rest. An encrypted message is reported
/// as such; an unknown one keeps its kind and nothing else.
///
/// # Errors
/// Names the field.
pub fn decode(body: &[u8], sender: &Sender<'_>) -> Result<Vec<Report>, DecodeError> {
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let map = parse_object(body)?;
    let message = Object::root(&map);
    let kind = message.text("_type")?.ok_or_else(|| DecodeError::required("_type"))?;
    let device = sender.device(message.text("topic")?);
    let report = match kind {
        "location" => Report {
            device,
            kind: "position".to_owned(),
            time: time(&message, "tst")?,
            fix: Some(fix(&message)?),
            attributes: location_attributes(&message)?,
        },
        _ => Report {
            device,
            kind: kind.to_owned(),
            // The `tst` of a last will is when the device connected, long before it was lost; that of a waypoint is its key.
            time: if kind == "transition" { time(&message, "tst")? } else { None },
            fix: None,
            attributes: kept_attributes(&message, kind)?,
        },
    };
    Ok(vec![report])
}

/// Reads one message from a line of JSON.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    decode(line.as_bytes(), &Sender::default())
}

fn time(message: &Object<'_>, key: &str) -> Result<Option<Timestamp>, DecodeError> {
    let Some(seconds) = message.number(key)? else { return Ok(None) };
    if seconds.fract() != 0.0 {
        return Err(DecodeError::field(key, "must be whole seconds"));
    }
    unix_time(key, seconds as i64).map(Some)
}

fn fix(message: &Object<'_>) -> Result<Fix, DecodeError> {
    let field = |key: &str| Ok((key.to_owned(), message.number(key)?));
    let needed = |key: &str| match message.number(key)? {
        Some(number) => Ok((key.to_owned(), number)),
        None => Err(DecodeError::required(key)),
    };
    let fix = RawFix {
        lat: needed("lat")?,
        lon: needed("lon")?,
        altitude_m: field("alt")?,
        speed_mps: ("vel".to_owned(), message.number("vel")?.map(|kmh| kmh * KMH_MPS)),
        course_deg: field("cog")?,
        accuracy_m: field("acc")?,
        valid: true,
    };
    fix.read()
}

/// What a location calls an attribute, and what we call it.
const LOCATION_ATTRIBUTES: &[(&str, &str)] = &[
    ("batt", "battery_percent"),
    ("vac", "vertical_accuracy_m"),
    ("p", "pressure_kpa"),
    ("tid", "tracker_id"),
    ("inregions", "regions"),
    ("inrids", "region_ids"),
    ("motionactivities", "activities"),
    ("m", "monitoring_mode"),
    ("t", "trigger"),
    ("conn", "connection"),
    ("bs", "battery_status"),
    ("_id", "message_id"),
    ("SSID", "ssid"),
    ("BSSID", "bssid"),
];

/// Fields of a location that are no attributes: they are read elsewhere, or are far too large (`image`).
const NOT_ATTRIBUTES: &[&str] = &["_type", "topic", "tst", "lat", "lon", "alt", "vel", "cog", "acc", "image"];

fn location_attributes(message: &Object<'_>) -> Result<Attributes, DecodeError> {
    let mut attributes = Attributes::new();
    for (key, value) in message.fields() {
        if NOT_ATTRIBUTES.contains(&key.as_str()) {
            continue;
        }
        let renamed = LOCATION_ATTRIBUTES.iter().find(|(theirs, _)| theirs == key);
        let name = renamed.map_or(key.as_str(), |(_, ours)| ours);
        // A negative percentage is a device's way to say that it does not know.
        let unknown = key == "batt" && message.number(key)?.is_some_and(|percent| percent < 0.0);
        if !unknown {
            put(&mut attributes, name, in_words(key, value))
                .map_err(|_| DecodeError::Duplicate { field: key.clone() })?;
        }
    }
    Ok(attributes)
}

/// Codes of one letter or digit, in words. An unknown code stays as it is.
const WORDS: &[(&str, &[(&str, &str)])] = &[
    ("conn", &[("w", "wifi"), ("o", "offline"), ("m", "mobile")]),
    ("bs", &[("0", "unknown"), ("1", "unplugged"), ("2", "charging"), ("3", "full")]),
    (
        "t",
        &[
            ("p", "ping"),
            ("c", "circular_region"),
            ("C", "circular_region_follow"),
            ("b", "beacon"),
            ("r", "response"),
            ("u", "manual"),
            ("t", "timer"),
            ("v", "frequent_locations"),
        ],
    ),
];

fn in_words(key: &str, value: &Value) -> Value {
    let code = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let words = WORDS.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, words)| *words);
    words.iter().find(|(letter, _)| *letter == code).map_or_else(|| value.clone(), |(_, word)| json!(word))
}

/// What is kept of messages without a position of the device, by kind. Nothing is kept of those not named here: a
/// configuration holds passwords, an encrypted message nothing that can be read. The place of a transition is kept as it
/// is, not as a fix: the app sends a location of its own for that.
const KEPT: &[(&str, &[&str])] = &[
    ("transition", &["event", "desc", "rid", "wtst", "lat", "lon", "acc", "t", "tid"]),
    ("waypoint", &["desc", "rid", "tst", "lat", "lon", "rad", "uuid", "major", "minor"]),
    ("waypoints", &["waypoints"]),
    ("lwt", &["tst"]),
    ("card", &["name", "tid"]),
    ("cmd", &["action"]),
    ("steps", &["steps", "from", "to"]),
];

fn kept_attributes(message: &Object<'_>, kind: &str) -> Result<Attributes, DecodeError> {
    if kind == "transition" && !matches!(message.text("event")?, Some("enter" | "leave")) {
        return Err(DecodeError::field("event", "must be enter or leave"));
    }
    let kept = KEPT.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, keys)| *keys);
    let fields = kept.iter().filter_map(|key| Some(((*key).to_owned(), message.get(key)?.clone())));
    Ok(fields.collect())
}

/// Writes a report with a fix as a `location`; one without as `null`. Times are cut to the second, and attributes keep our
/// names, except the battery. A device of the form `user/device` goes into the topic; a bare name belongs into the request.
pub fn encode(report: &Report) -> Value {
    let Some(Fix { point, altitude_m, speed_mps, course_deg, accuracy_m, .. }) = &report.fix else {
        return Value::Null;
    };
    let mut message = json!({ "_type": "location", "lat": point.lat, "lon": point.lon });
    if report.device.contains('/') {
        message["topic"] = json!(format!("owntracks/{}", report.device));
    }
    let mut optional = |key: &str, value: Option<f64>| {
        if let Some(value) = value {
            message[key] = json!(value);
        }
    };
    optional("alt", altitude_m.map(f64::from));
    optional("vel", speed_mps.map(|speed| f64::from(speed) / KMH_MPS));
    optional("cog", course_deg.map(f64::from));
    optional("acc", accuracy_m.map(f64::from));
    optional("batt", report.attributes.get("battery_percent").and_then(Value::as_f64));
    if let Some(time) = report.time {
        message["tst"] = json!(time.as_second());
    }
    message
}
