//! The event hash id of CBV 2.0 (section 8.9): the same event has the same id whoever computes it and however it was written.
//!
//! The values of an event in one order, in one form, one after the other, through SHA-256.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::epc::Key;
use super::words::{CBV, vocabulary};

/// Deepest nesting of extensions that is hashed; what is deeper is left out. Readers refuse more than they nest.
const MAX_DEPTH: usize = 100;

/// The fields of an event in the order of the standard. What is not here (`eventID`, `recordTime`, `errorDeclaration`,
/// `certificationInfo`) is no part of what happened.
const FIELDS: &[&str] = &[
    "eventTime",
    "eventTimeZoneOffset",
    "epcList",
    "parentID",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
];

/// Fields that are neither hashed nor extensions.
const LEFT_OUT: &[&str] =
    &["type", "isA", "eventID", "recordTime", "errorDeclaration", "certificationInfo", "@context", "captureID"];

const METADATA: &[&str] =
    &["time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"];

const REPORT: &[&str] = &[
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
];

/// Prefixes that a document's context declares, and what they stand for.
pub type Prefixes = std::collections::HashMap<String, String>;

/// The hash id of an event: `ni:///sha-256;..?ver=CBV2.0`.
pub fn hash_id(event: &Map<String, Value>, prefixes: &Prefixes) -> String {
    let digest = Sha256::digest(canonical(event, prefixes).as_bytes());
    format!("ni:///sha-256;{}?ver=CBV2.0", hex::encode(digest))
}

/// What is hashed.
pub(super) fn canonical(event: &Map<String, Value>, prefixes: &Prefixes) -> String {
    let hash = Hash { prefixes };
    let mut out = format!("eventType={}", event.get("type").and_then(Value::as_str).unwrap_or_default());
    for field in FIELDS {
        if let Some(value) = event.get(*field) {
            out.push_str(&hash.field(field, value));
        }
    }
    out.push_str(&hash.tail(event));
    out
}

struct Hash<'p> {
    prefixes: &'p Prefixes,
}

impl Hash<'_> {
    fn field(&self, name: &str, value: &Value) -> String {
        match name {
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
                self.list(name, value, |item| scalar(item).map(|text| format!("epc={}", uri(&text))))
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(name, value, |item| {
                    Some(format!("quantityElement{}", self.members(item, &["epcClass", "quantity", "uom"])))
                })
            }
            "bizTransactionList" => {
                self.list(name, value, |item| Some(self.members(item, &["type:BTT", "bizTransaction"])))
            }
            "sourceList" => self.list(name, value, |item| Some(self.members(item, &["type:SDT", "source"]))),
            "destinationList" => self.list(name, value, |item| Some(self.members(item, &["type:SDT", "destination"]))),
            "persistentDisposition" => {
                let part = |key: &str| match value.get(key) {
                    Some(Value::Array(items)) => sorted(
                        items.iter().filter_map(scalar).map(|text| format!("{key}={}", vocabulary("Disp", &text))),
                    ),
                    _ => String::new(),
                };
                format!("{name}{}{}", part("set"), part("unset"))
            }
            "readPoint" | "bizLocation" => format!("{name}{}", self.members(value, &["id"])),
            "sensorElementList" => self.list(name, value, |item| Some(self.sensor(item))),
            "bizStep" => text_field(name, value, |text| vocabulary("BizStep", text)),
            "disposition" => text_field(name, value, |text| vocabulary("Disp", text)),
            _ => plain(name, value),
        }
    }

    /// A list: its name, then its items in the order of their text. An empty one is as if it were not there.
    fn list(&self, name: &str, value: &Value, item: impl Fn(&Value) -> Option<String>) -> String {
        let Value::Array(items) = value else { return String::new() };
        let text = sorted(items.iter().filter_map(item));
        if text.is_empty() { text } else { format!("{name}{text}") }
    }

    /// Members of an object in this order. `type:BTT` is a `type` of that vocabulary.
    fn members(&self, value: &Value, names: &[&str]) -> String {
        let mut out = String::new();
        for name in names {
            let (name, list) = name.split_once(':').map_or((*name, None), |(name, list)| (name, Some(list)));
            let Some(value) = value.get(name) else { continue };
            out.push_str(&match list {
                Some(list) => text_field(name, value, |text| vocabulary(list, text)),
                None => plain(name, value),
            });
        }
        out
    }

    fn sensor(&self, value: &Value) -> String {
        let mut out = "sensorElement".to_owned();
        if let Some(metadata) = value.get("sensorMetadata") {
            out.push_str("sensorMetadata");
            out.push_str(&self.members(metadata, METADATA));
        }
        if let Some(Value::Array(reports)) = value.get("sensorReport") {
            out.push_str(&sorted(reports.iter().map(|report| format!("sensorReport{}", self.report(report)))));
        }
        out
    }

    fn report(&self, report: &Value) -> String {
        let mut out = String::new();
        for name in REPORT {
            let Some(value) = report.get(*name) else { continue };
            out.push_str(&match *name {
                "type" => text_field(name, value, |text| self.expanded(text, "https://gs1.org/voc/")),
                "exception" => {
                    text_field(name, value, |text| self.expanded(text, "https://gs1.org/voc/SensorAlertType-"))
                }
                "component" => text_field(name, value, |text| {
                    if text.contains(':') { self.expanded(text, CBV) } else { vocabulary("Comp", text) }
                }),
                _ => plain(name, value),
            });
        }
        out
    }

    /// What is not of the standard, of the event itself and of its parts, in the order of its text.
    fn tail(&self, event: &Map<String, Value>) -> String {
        let mut parts = vec![self.extensions(event, &[FIELDS, &["ilmd"]].concat(), 0)];
        for (name, known) in [("readPoint", &["id"][..]), ("bizLocation", &["id"]), ("ilmd", &[])] {
            if let Some(Value::Object(map)) = event.get(name) {
                let text = self.extensions(map, known, 0);
                parts.extend((!text.is_empty()).then(|| format!("{name}{text}")));
            }
        }
        if let Some(Value::Array(elements)) = event.get("sensorElementList") {
            let text = sorted(elements.iter().map(|element| self.sensor_tail(element)));
            parts.extend((!text.is_empty()).then(|| format!("sensorElementList{text}")));
        }
        sorted(parts.into_iter())
    }

    fn sensor_tail(&self, element: &Value) -> String {
        let part = |name: &str, value: &Value, known: &[&str]| {
            let text = value.as_object().map(|map| self.extensions(map, known, 0)).unwrap_or_default();
            if text.is_empty() { text } else { format!("{name}{text}") }
        };
        let Value::Object(map) = element else { return String::new() };
        let metadata =
            map.get("sensorMetadata").map(|value| part("sensorMetadata", value, METADATA)).unwrap_or_default();
        let reports = map.get("sensorReport").and_then(Value::as_array);
        let reports = sorted(reports.into_iter().flatten().map(|report| part("sensorReport", report, REPORT)));
        let own = self.extensions(map, &["sensorMetadata", "sensorReport"], 0);
        let text = format!("{metadata}{reports}{own}");
        if text.is_empty() { text } else { format!("sensorElement{text}") }
    }

    /// A term of GS1's own vocabulary, or one with a prefix.
    fn expanded(&self, text: &str, base: &str) -> String {
        match text.split_once(':') {
            None => format!("{base}{text}"),
            Some(("gs1", name)) => format!("https://gs1.org/voc/{name}"),
            Some(("cbv", name)) => format!("{CBV}{name}"),
            Some((prefix, name)) => match self.prefixes.get(prefix) {
                Some(namespace) => format!("{namespace}{name}"),
                None => text.to_owned(),
            },
        }
    }

    /// Whatever else is there, in the order of its text: `{namespace}name=value`.
    fn extensions(&self, map: &Map<String, Value>, known: &[&str], depth: usize) -> String {
        if depth > MAX_DEPTH {
            return String::new();
        }
        let others = map.iter().filter(|(key, _)| !known.contains(&key.as_str()) && !LEFT_OUT.contains(&key.as_str()));
        // A comment is for people (rdfs:comment) and no part of the event.
        let others = others.filter(|(key, _)| key.as_str() != "rdfs:comment" && !key.starts_with('@'));
        sorted(others.map(|(key, value)| self.extension(&self.qualified(key), value, depth)))
    }

    fn qualified(&self, key: &str) -> String {
        match key.split_once(':').and_then(|(prefix, name)| Some((self.prefixes.get(prefix)?, name))) {
            Some((namespace, name)) => format!("{{{namespace}}}{name}"),
            None => key.to_owned(),
        }
    }

    fn extension(&self, key: &str, value: &Value, depth: usize) -> String {
        match value {
            Value::Object(map) => match map.get("#text").and_then(scalar) {
                Some(text) => format!("{key}={text}"),
                None => format!("{key}{}", self.extensions(map, &[], depth + 1)),
            },
            Value::Array(items) if depth <= MAX_DEPTH => {
                sorted(items.iter().map(|item| self.extension(key, item, depth + 1)))
            }
            other => scalar(other).map(|text| format!("{key}={}", uri(&text))).unwrap_or_default(),
        }
    }
}

fn sorted(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<_> = parts.collect();
    parts.sort_unstable();
    parts.concat()
}

fn text_field(name: &str, value: &Value, form: impl Fn(&str) -> String) -> String {
    scalar(value).map(|text| format!("{name}={}", form(&text))).unwrap_or_default()
}

/// A field that is a time, a number, an identifier or a text.
fn plain(name: &str, value: &Value) -> String {
    let is_time = matches!(name, "eventTime" | "time" | "startTime" | "endTime");
    let is_number = matches!(
        name,
        "quantity" | "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue"
    );
    text_field(name, value, |text| match text.parse::<f64>() {
        Ok(number) if is_number => number.to_string(),
        _ if is_time => time(text),
        _ => uri(text),
    })
}

/// Text of a value that is one: numbers without zeros at their end, text without blanks around it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.as_f64().map_or_else(|| number.to_string(), |value| value.to_string())),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// An identifier of GS1 as its canonical Digital Link; anything else as it is.
fn uri(text: &str) -> String {
    Key::parse(text).map_or_else(|| text.to_owned(), |key| key.link())
}

/// UTC with three digits after the second, rounded.
fn time(text: &str) -> String {
    let Ok(at) = text.parse::<Timestamp>() else { return text.to_owned() };
    let rounded = at.round(jiff::Unit::Millisecond).unwrap_or(at);
    rounded.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_one_order_and_what_is_not_of_the_standard_at_the_end() {
        let event = serde_json::json!({
            "type": "ObjectEvent", "eventTime": "2026-03-04T11:00:30+01:00", "eventTimeZoneOffset": "+01:00", "action": "ADD",
            "epcList": [], "acme:z": "last",
            "bizTransactionList": [{"bizTransaction": "urn:x:2", "type": "po"}, {"bizTransaction": "urn:x:1", "type": "inv"}],
            "readPoint": {"id": "urn:epc:id:sgln:4012345.00011.987", "acme:dock": "7"},
            "ilmd": {"acme:batch": "B"},
            "sensorElementList": [{
                "sensorMetadata": {"deviceID": "urn:epc:id:giai:4000001.111", "acme:meta": "m"},
                "sensorReport": [
                    {"type": "Temperature", "value": 26.0, "uom": "CEL", "acme:report": "r"},
                    {"type": "gs1:Speed", "exception": "ALARM_CONDITION", "component": "x", "value": "4.50"},
                ],
            }],
        });
        let prefixes = [("acme".to_owned(), "https://acme.test/".to_owned())].into();
        let expected = "eventType=ObjectEventeventTime=2026-03-04T10:00:30.000ZeventTimeZoneOffset=+01:00action=ADD\
            readPointid=https://id.gs1.org/414/4012345000115/254/987\
            bizTransactionListtype=https://ref.gs1.org/cbv/BTT-invbizTransaction=urn:x:1\
            type=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:x:2\
            sensorElementListsensorElementsensorMetadatadeviceID=https://id.gs1.org/8004/4000001111\
            sensorReporttype=https://gs1.org/voc/Speedexception=https://gs1.org/voc/SensorAlertType-ALARM_CONDITIONvalue=4.5\
            component=https://ref.gs1.org/cbv/Comp-x\
            sensorReporttype=https://gs1.org/voc/Temperaturevalue=26uom=CEL\
            ilmd{https://acme.test/}batch=B\
            readPoint{https://acme.test/}dock=7\
            sensorElementListsensorElementsensorMetadata{https://acme.test/}meta=msensorReport{https://acme.test/}report=r\
            {https://acme.test/}z=last";
        assert_eq!(canonical(event.as_object().unwrap(), &prefixes), expected);
    }
}
