//! GPX 1.1 (and 1.0): `trkpt`, `rtept` and `wpt` with a time. Speed and course stand in extensions (1.1) or in the point
//! itself (1.0); both are in metres per second and degrees. Points without a time are no positions, and said so.
//!
//! Entities other than those of XML itself are not read, so that nothing can be blown up.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::fields::{Field, Fields};
use super::input::Input;
use super::time::{TimeFormat, Times};
use super::{Draft, ImportError, Row, Sink};

/// The most bytes of one point, and of whatever else stands between two of them.
const MAX_RECORD: u64 = 1 << 20;
/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;

/// A point that is being read.
#[derive(Default)]
struct Point {
    draft: Draft,
    /// How many elements were open outside of it.
    depth: usize,
}

/// Reads a document. `attributes` keeps whatever else an extension says of a point.
///
/// # Errors
/// When it is not well-formed or no GPX, or the bytes do not come.
pub fn read(input: impl BufRead, attributes: bool, sink: &mut Sink<'_>) -> Result<(), ImportError> {
    let input = Input::new(input, MAX_RECORD);
    let place = input.place();
    let syntax = |detail: String| ImportError::Syntax { line: place.line(), detail };
    // Times of GPX are UTC, whether they say so or not.
    let zone = Some(jiff::tz::TimeZone::UTC);
    let fields = Fields { times: Times { format: TimeFormat::Rfc3339, zone }, attributes, ..Fields::default() };
    let mut parser = Parser { fields, path: Vec::new(), text: String::new(), point: None, begun: false };
    let mut reader = Reader::from_reader(input);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        place.begin_record();
        let event = reader.read_event_into(&mut buffer).map_err(|error| match error {
            quick_xml::Error::Io(error) if error.kind() != io::ErrorKind::FileTooLarge => {
                ImportError::Io(io::Error::new(error.kind(), error.to_string()))
            }
            other => syntax(other.to_string()),
        })?;
        let row = match event {
            Event::Start(tag) => parser.open(&tag).map_err(syntax)?,
            Event::Empty(tag) => {
                parser.open(&tag).map_err(syntax)?;
                parser.close(place.line())
            }
            Event::End(_) => parser.close(place.line()),
            Event::Text(text) => parser.say(&text.xml10_content()).map_err(syntax)?,
            Event::CData(text) => parser.say(&text.xml10_content()).map_err(syntax)?,
            Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                Ok(Some(character)) => parser.say(character.encode_utf8(&mut [0; 4])).map_err(syntax)?,
                _ => parser.say(resolve_predefined_entity(&entity.xml10_content()).unwrap_or("?")).map_err(syntax)?,
            },
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => None,
        };
        if row.is_some_and(|row| sink(row) == ControlFlow::Break(())) {
            return Ok(());
        }
    }
    match parser.path.last() {
        Some(element) => Err(syntax(format!("the document ends in the middle of {element}"))),
        None if parser.begun => Ok(()),
        None => Err(syntax("there is no element at all".to_owned())),
    }
}

struct Parser {
    fields: Fields,
    path: Vec<String>,
    text: String,
    point: Option<Point>,
    begun: bool,
}

impl Parser {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<Option<Row>, String> {
        let name = tag.local_name().as_ref().to_owned();
        if !self.begun && name != "gpx" {
            return Err(format!("not a GPX document: the outermost element is {name}"));
        }
        self.begun = true;
        if self.path.len() >= MAX_DEPTH {
            return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
        }
        if self.point.is_none() && ["trkpt", "rtept", "wpt"].contains(&name.as_str()) {
            let mut point = Point { depth: self.path.len(), ..Point::default() };
            for (field, attribute) in [(Field::Lat, "lat"), (Field::Lon, "lon")] {
                let value = tag.try_get_attribute(attribute).map_err(|error| error.to_string())?;
                if let Some(value) = value {
                    self.fields.note(&mut point.draft, &mut None, field, &value.value);
                }
            }
            self.point = Some(point);
        }
        self.text.clear();
        self.path.push(name);
        Ok(None)
    }

    fn say(&mut self, text: &str) -> Result<Option<Row>, String> {
        if self.point.is_some() {
            if (self.text.len() + text.len()) as u64 > MAX_RECORD {
                return Err(format!("the text of one element takes more than {MAX_RECORD} bytes"));
            }
            self.text.push_str(text);
        }
        Ok(None)
    }

    fn close(&mut self, line: u64) -> Option<Row> {
        let name = self.path.pop()?;
        let text = std::mem::take(&mut self.text);
        let point = self.point.as_mut()?;
        if self.path.len() == point.depth {
            let reading = self.point.take()?.draft.finish();
            return Some(Row { line, device: None, reading });
        }
        let inner = &self.path[point.depth + 1..];
        let extension = inner.first().is_some_and(|outer| outer == "extensions");
        let field = match (name.as_str(), inner.is_empty() || extension) {
            ("time", true) if !extension => Some(Field::Time),
            ("ele", true) if !extension => Some(Field::Altitude),
            ("speed", true) => Some(Field::Speed),
            ("course" | "bearing" | "heading", true) => Some(Field::Course),
            ("accuracy", true) => Some(Field::Accuracy),
            _ => None,
        };
        match field {
            Some(field) => self.fields.note(&mut point.draft, &mut None, field, &text),
            None if self.fields.attributes && (extension || ["hdop", "sat", "fix"].contains(&name.as_str())) => {
                point.draft.attribute(&name, text.trim());
            }
            None => {}
        }
        None
    }
}
