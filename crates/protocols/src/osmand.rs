//! OsmAnd and Traccar Client over HTTP. Three forms of one message: a query string, the same as a form in the body, and
//! the JSON of newer Traccar Clients. The query form says speed in knots, the JSON form in metres per second.

use serde_json::{Value, json};
use tracklane_core::position::{Attributes, Fix, Report};

use crate::DecodeError;
use crate::json::{Object, parse_object};
use crate::read::{KNOT_MPS, RawFix, put, text_time, unix_time};

/// Reads one request. `query` comes without the question mark; without a query the body is read as a form, and with the
/// content type `application/json` as JSON, whatever the query says.
///
/// # Errors
/// Names the field. A message without a device is refused; one without a position is a report of kind `attributes`.
pub fn decode(query: Option<&str>, content_type: Option<&str>, body: &[u8]) -> Result<Vec<Report>, DecodeError> {
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    if media_type.is_some_and(|value| value.eq_ignore_ascii_case("application/json")) {
        return decode_json(body).map(|report| vec![report]);
    }
    let form = match query.filter(|query| !query.is_empty()) {
        Some(query) => query.as_bytes(),
        None => body,
    };
    decode_form(form).map(|report| vec![report])
}

/// Reads one message from a line: JSON, or a query with or without what stands before its question mark.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    let line = line.trim();
    if line.starts_with('{') {
        return decode(None, Some("application/json"), line.as_bytes());
    }
    let query = line.split_once('?').map_or(line, |(_, query)| query);
    decode(Some(query), None, &[])
}

/// The fields of the query form that are not attributes.
#[derive(Default)]
struct Form {
    device: Option<String>,
    time: Option<tracklane_core::Timestamp>,
    lat: Option<f64>,
    lon: Option<f64>,
    valid: Option<bool>,
    speed_mps: Option<f64>,
    course: (String, Option<f64>),
    altitude_m: Option<f64>,
    accuracy_m: Option<f64>,
    attributes: Attributes,
}

fn decode_form(form: &[u8]) -> Result<Report, DecodeError> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(form).map_err(|error| DecodeError::Syntax { detail: error.to_string() })?;
    let mut read = Form::default();
    for (key, value) in &pairs {
        // Some clients send every field, empty when not known.
        if !value.is_empty() {
            read.take(key, value)?;
        }
    }
    read.report()
}

impl Form {
    fn take(&mut self, key: &str, value: &str) -> Result<(), DecodeError> {
        match key {
            "id" | "deviceid" => once(&mut self.device, key, value.to_owned()),
            "timestamp" => once(&mut self.time, key, text_time(key, value)?),
            "lat" => once(&mut self.lat, key, number(key, value)?),
            "lon" => once(&mut self.lon, key, number(key, value)?),
            "location" => self.take_location(value),
            "valid" => once(&mut self.valid, key, truth(key, value)?),
            "speed" => once(&mut self.speed_mps, key, number(key, value)? * KNOT_MPS),
            "bearing" | "heading" => {
                self.course.0 = key.to_owned();
                once(&mut self.course.1, key, number(key, value)?)
            }
            "altitude" => once(&mut self.altitude_m, key, number(key, value)?),
            "accuracy" => once(&mut self.accuracy_m, key, number(key, value)?),
            "batt" => self.attribute(key, "battery_percent", number(key, value)?),
            "charge" => self.attribute(key, "charging", truth(key, value)?),
            "hdop" => self.attribute(key, "hdop", number(key, value)?),
            "driverUniqueId" => self.attribute(key, "driver", value),
            // A token that lets its holder push messages to the phone is nothing to keep with positions.
            "notificationToken" => Ok(()),
            "cell" => self.append("cells", cell(value)?),
            "wifi" => self.append("wifi", wifi(value)?),
            _ => self.attribute(key, key, guess(value)),
        }
    }

    fn take_location(&mut self, value: &str) -> Result<(), DecodeError> {
        let pair = value.split_once(',');
        let (lat, lon) = pair.ok_or_else(|| DecodeError::field("location", "must be latitude,longitude"))?;
        once(&mut self.lat, "location", number("location", lat)?)?;
        once(&mut self.lon, "location", number("location", lon)?)
    }

    fn attribute(&mut self, key: &str, name: &str, value: impl Into<Value>) -> Result<(), DecodeError> {
        put(&mut self.attributes, name, value).map_err(|_| DecodeError::Duplicate { field: key.to_owned() })
    }

    /// Adds to a list: these keys may repeat.
    fn append(&mut self, name: &str, value: Value) -> Result<(), DecodeError> {
        let list = self.attributes.entry(name).or_insert_with(|| json!([]));
        let list = list.as_array_mut().ok_or_else(|| DecodeError::Duplicate { field: name.to_owned() })?;
        list.push(value);
        Ok(())
    }

    fn report(self) -> Result<Report, DecodeError> {
        let device = self.device.ok_or_else(|| DecodeError::required("id"))?;
        let fix = match (self.lat, self.lon) {
            (None, None) => None,
            (None, _) => return Err(DecodeError::required("lat")),
            (_, None) => return Err(DecodeError::required("lon")),
            (Some(lat), Some(lon)) => Some(
                RawFix {
                    lat: ("lat".to_owned(), lat),
                    lon: ("lon".to_owned(), lon),
                    altitude_m: ("altitude".to_owned(), self.altitude_m),
                    speed_mps: ("speed".to_owned(), self.speed_mps),
                    course_deg: self.course,
                    accuracy_m: ("accuracy".to_owned(), self.accuracy_m),
                    valid: self.valid.unwrap_or(true),
                }
                .read()?,
            ),
        };
        Ok(Report { device, kind: kind_of(fix.as_ref()), time: self.time, fix, attributes: self.attributes })
    }
}

fn kind_of(fix: Option<&Fix>) -> String {
    if fix.is_some() { "position" } else { "attributes" }.to_owned()
}

fn once<T>(slot: &mut Option<T>, key: &str, value: T) -> Result<(), DecodeError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(DecodeError::Duplicate { field: key.to_owned() }),
    }
}

fn number(key: &str, value: &str) -> Result<f64, DecodeError> {
    let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| DecodeError::field(key, "must be a finite number"))
}

fn truth(key: &str, value: &str) -> Result<bool, DecodeError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(DecodeError::field(key, "must be true or false")),
    }
}

/// A free value: a number if nothing is lost by that (`007` and numbers of twenty digits are names), then true or false,
/// then text.
fn guess(value: &str) -> Value {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_digit = |c: char| c.is_ascii_digit();
    let padded = digits.starts_with('0') && digits[1..].starts_with(is_digit);
    if digits.starts_with(is_digit) && !padded {
        if let Ok(whole) = value.parse::<i64>() {
            return whole.into();
        }
        let number = value.parse().ok().and_then(serde_json::Number::from_f64);
        if let Some(number) = number.filter(|_| !digits.chars().all(is_digit)) {
            return number.into();
        }
    }
    match value {
        "true" => true.into(),
        "false" => false.into(),
        _ => value.into(),
    }
}

/// `mcc,mnc,lac,cid` and perhaps the signal strength in dBm.
fn cell(value: &str) -> Result<Value, DecodeError> {
    let numbers: Result<Vec<i64>, _> = value.split(',').map(|part| part.trim().parse()).collect();
    match numbers.unwrap_or_default()[..] {
        [mcc, mnc, lac, cid] => Ok(json!({ "mcc": mcc, "mnc": mnc, "lac": lac, "cid": cid })),
        [mcc, mnc, lac, cid, dbm] => Ok(json!({ "mcc": mcc, "mnc": mnc, "lac": lac, "cid": cid, "dbm": dbm })),
        _ => Err(DecodeError::field("cell", "must be mcc,mnc,lac,cid or mcc,mnc,lac,cid,strength")),
    }
}

/// A hardware address and the signal strength in dBm.
fn wifi(value: &str) -> Result<Value, DecodeError> {
    let parts = value.split_once(',').and_then(|(mac, dbm)| Some((mac, dbm.trim().parse::<i64>().ok()?)));
    let (mac, dbm) = parts.ok_or_else(|| DecodeError::field("wifi", "must be address,strength"))?;
    Ok(json!({ "mac": mac.replace('-', ":").to_lowercase(), "dbm": dbm }))
}

fn decode_json(body: &[u8]) -> Result<Report, DecodeError> {
    let map = parse_object(body)?;
    let root = Object::root(&map);
    let device = match root.get("device_id") {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(DecodeError::field("device_id", "must be a text that is not empty")),
        None => return Err(DecodeError::required("device_id")),
    };
    let location = root.object("location")?.ok_or_else(|| DecodeError::required("location"))?;
    let time = match location.get("timestamp") {
        None => None,
        Some(Value::String(text)) => Some(text_time("location.timestamp", text)?),
        Some(other) => {
            let whole = other.as_i64();
            let rule = || DecodeError::field("location.timestamp", "must be a time");
            Some(unix_time("location.timestamp", whole.ok_or_else(rule)?)?)
        }
    };
    let fix = location.object("coords")?.map(|coords| json_fix(&coords)).transpose()?;
    let attributes = json_attributes(&location)?;
    Ok(Report { device, kind: kind_of(fix.as_ref()), time, fix, attributes })
}

fn json_fix(coords: &Object<'_>) -> Result<Fix, DecodeError> {
    let field = |key: &str| Ok((coords.name(key), coords.number(key)?));
    let needed = |key: &str| match field(key)? {
        (name, Some(number)) => Ok((name, number)),
        (name, None) => Err(DecodeError::required(name)),
    };
    let fix = RawFix {
        lat: needed("latitude")?,
        lon: needed("longitude")?,
        altitude_m: field("altitude")?,
        speed_mps: field("speed")?,
        course_deg: field("heading")?,
        accuracy_m: field("accuracy")?,
        valid: true,
    };
    fix.read()
}

/// What the JSON form calls an attribute, and what we call it.
const JSON_ATTRIBUTES: &[(&str, &str)] =
    &[("is_moving", "moving"), ("odometer", "odometer_m"), ("event", "event"), ("mock", "mock"), ("alarm", "alarm")];

fn json_attributes(location: &Object<'_>) -> Result<Attributes, DecodeError> {
    let mut attributes = Attributes::new();
    for (theirs, ours) in JSON_ATTRIBUTES {
        if let Some(value) = location.get(theirs) {
            put(&mut attributes, ours, value.clone())?;
        }
    }
    if let Some(activity) = location.object("activity")?
        && let Some(kind) = activity.text("type")?
    {
        put(&mut attributes, "activity", kind)?;
    }
    if let Some(battery) = location.object("battery")? {
        if let Some(level) = battery.number("level")?.filter(|level| *level >= 0.0) {
            // Levels are hundredths written as fractions: rounding takes back what the product adds.
            put(&mut attributes, "battery_percent", (level * 1e4).round() / 100.0)?;
        }
        if let Some(charging) = battery.get("is_charging") {
            put(&mut attributes, "charging", charging.clone())?;
        }
    }
    if let Some(extras) = location.object("extras")? {
        for (key, value) in extras.fields() {
            put(&mut attributes, key, value.clone()).map_err(|_| DecodeError::Duplicate { field: extras.name(key) })?;
        }
    }
    Ok(attributes)
}

/// Writes a report as the query form. Attributes that are neither numbers, truth values nor text are left out.
pub fn encode(report: &Report) -> String {
    let mut pairs: Vec<(&str, String)> = vec![("id", report.device.clone())];
    if let Some(time) = report.time {
        pairs.push(("timestamp", time.as_millisecond().to_string()));
    }
    if let Some(fix) = &report.fix {
        pairs.push(("lat", fix.point.lat.to_string()));
        pairs.push(("lon", fix.point.lon.to_string()));
        let knots = fix.speed_mps.map(|speed| f64::from(speed) / KNOT_MPS);
        pairs.extend(knots.map(|speed| ("speed", speed.to_string())));
        pairs.extend(fix.course_deg.map(|course| ("bearing", course.to_string())));
        pairs.extend(fix.altitude_m.map(|altitude| ("altitude", altitude.to_string())));
        pairs.extend(fix.accuracy_m.map(|accuracy| ("accuracy", accuracy.to_string())));
        if !fix.valid {
            pairs.push(("valid", "false".to_owned()));
        }
    }
    for (name, value) in &report.attributes {
        let key = match name.as_str() {
            "battery_percent" => "batt",
            "charging" => "charge",
            "driver" => "driverUniqueId",
            other => other,
        };
        match value {
            Value::String(text) => pairs.push((key, text.clone())),
            Value::Number(_) | Value::Bool(_) => pairs.push((key, value.to_string())),
            _ => {}
        }
    }
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}
