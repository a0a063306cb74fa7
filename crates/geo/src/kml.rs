//! Zones out of KML (OGC 12-007, 2.2 and 2.3), as map programs write it: each `Placemark` is one result, named, so that one
//! bad outline does not spoil the others.
//!
//! Read are `Polygon` with holes, `MultiGeometry` of polygons, `LineString` (with a width: a corridor) and `Point` (with a
//! radius: a circle). Sizes come from the placemark's `ExtendedData` (`radius_m`, `width_m`), or else from the caller. Heights
//! are left out; rings are closed and rings that touch themselves refused, as [`Shape::parse`] has it.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Value, json};
use tracklane_core::Invalid;

use crate::shape::{MAX_POSITIONS, Shape, Sizes};

/// The most placemarks that are read from one document.
pub const MAX_PLACEMARKS: usize = 100_000;

/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;

/// The longest name, in characters; the rest is cut off.
const MAX_NAME: usize = 200;

/// One placemark.
#[derive(Debug, Clone, PartialEq)]
pub struct Placemark {
    /// Its name, 0 to 200 characters.
    pub name: String,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its shape, or why there is none.
    pub shape: Result<Shape, Invalid>,
}

/// Why a document cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not well-formed.
    #[error("not well-formed XML at byte {at}: {reason}")]
    Xml {
        /// Where, in bytes from the beginning.
        at: u64,
        /// What is wrong.
        reason: String,
    },
    /// The outermost element is another one.
    #[error("not a KML document: the outermost element is {0}")]
    NotKml(String),
    /// The document ends before its elements do.
    #[error("the document ends in the middle of {0}")]
    CutOff(String),
    /// Nested too deeply.
    #[error("elements are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More placemarks than are read at once.
    #[error("more than {MAX_PLACEMARKS} placemarks")]
    TooMany,
}

/// Reads all placemarks of a document. `sizes` stand in for those that a placemark does not give itself.
///
/// # Errors
/// The document as a whole cannot be read. What is wrong with a single placemark stands in its result.
pub fn read(text: &str, sizes: Sizes) -> Result<Vec<Placemark>, Error> {
    let mut parser = Parser { sizes, ..Parser::default() };
    let mut reader = Reader::from_str(text);
    let mut lines = Lines::default();
    loop {
        let event = reader
            .read_event()
            .map_err(|error| Error::Xml { at: reader.error_position(), reason: error.to_string() })?;
        let line = lines.at(text, reader.buffer_position());
        match event {
            Event::Start(tag) => parser.open(tag.local_name().as_ref(), data_name(&tag), line)?,
            Event::Empty(tag) => {
                parser.open(tag.local_name().as_ref(), data_name(&tag), line)?;
                parser.close()?;
            }
            Event::End(_) => parser.close()?,
            Event::Text(text) => parser.text.push_str(&text.xml10_content()),
            Event::CData(text) => parser.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => parser.text.push_str(&resolved(&entity)),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match parser.path.pop() {
        Some(element) => Err(Error::CutOff(element)),
        None if parser.begun => Ok(parser.placemarks),
        None => Err(Error::NotKml("missing".to_owned())),
    }
}

/// The five entities of XML and character numbers; others say nothing, so that nothing can be blown up.
fn resolved(entity: &BytesRef) -> String {
    match entity.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        _ => resolve_predefined_entity(&entity.xml10_content()).unwrap_or_default().to_owned(),
    }
}

/// The `name` of `Data` and `SimpleData`.
fn data_name(tag: &quick_xml::events::BytesStart) -> Option<String> {
    let name = tag.try_get_attribute("name").ok().flatten()?;
    Some(name.value.trim().to_owned())
}

/// The line of a place that only moves forward.
#[derive(Default)]
struct Lines {
    counted: usize,
    line: usize,
}

impl Lines {
    fn at(&mut self, text: &str, place: u64) -> usize {
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(text.len());
        let new = text.as_bytes().get(self.counted..place).unwrap_or_default();
        self.line += new.iter().filter(|byte| **byte == b'\n').count();
        self.counted = place.max(self.counted);
        self.line + 1
    }
}

/// A placemark that is being read.
#[derive(Default)]
struct Draft {
    name: String,
    line: usize,
    sizes: Sizes,
    /// Polygons: rings of positions, the outer one first.
    polygons: Vec<Value>,
    lines: Vec<Value>,
    points: Vec<Value>,
    /// Geometries that are no zones.
    others: Vec<String>,
    invalid: Invalid,
    positions: usize,
}

#[derive(Default)]
struct Parser {
    sizes: Sizes,
    path: Vec<String>,
    text: String,
    /// The attribute `name` of the `Data` that is being read.
    data: Option<String>,
    draft: Option<Draft>,
    rings: Vec<Value>,
    outer: Option<Value>,
    placemarks: Vec<Placemark>,
    begun: bool,
}

impl Parser {
    fn open(&mut self, element: &str, name: Option<String>, line: usize) -> Result<(), Error> {
        if self.path.is_empty() && element != "kml" {
            return Err(Error::NotKml(element.chars().take(MAX_NAME).collect()));
        }
        if self.path.len() >= MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        self.begun = true;
        self.text.clear();
        match element {
            "Placemark" if self.draft.is_none() => {
                if self.placemarks.len() >= MAX_PLACEMARKS {
                    return Err(Error::TooMany);
                }
                self.draft = Some(Draft { line, ..Draft::default() });
            }
            "Polygon" => (self.rings, self.outer) = (Vec::new(), None),
            "Data" | "SimpleData" => self.data = name,
            _ => {}
        }
        self.path.push(element.to_owned());
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(element) = self.path.pop() else { return Ok(()) };
        let text = std::mem::take(&mut self.text);
        let parent = self.path.last().map_or("", String::as_str);
        let Some(draft) = &mut self.draft else { return Ok(()) };
        match (element.as_str(), parent) {
            ("name", "Placemark") => draft.name = text.trim().chars().take(MAX_NAME).collect(),
            ("value", "Data") | ("SimpleData", _) => {
                if let Some(name) = &self.data {
                    draft.size(name, &text);
                }
            }
            ("coordinates", "LinearRing") => {
                let ring = draft.positions(&text);
                match self.path.iter().rev().nth(1).map(String::as_str) {
                    Some("outerBoundaryIs") => self.outer = Some(ring),
                    Some("innerBoundaryIs") => self.rings.push(ring),
                    _ => draft.others.push("LinearRing".to_owned()),
                }
            }
            ("coordinates", "LineString") => {
                let line = draft.positions(&text);
                draft.lines.push(line);
            }
            ("coordinates", "Point") => {
                let points = draft.positions(&text);
                draft.points.extend(points.as_array().into_iter().flatten().cloned());
            }
            ("Polygon", _) => {
                let outer = self.outer.take().unwrap_or_else(|| json!([]));
                let rings = std::iter::once(outer).chain(std::mem::take(&mut self.rings));
                draft.polygons.push(rings.collect());
            }
            ("Model" | "Track" | "MultiTrack", _) => draft.others.push(element),
            ("Placemark", _) => {
                let sizes = self.sizes;
                self.placemarks.extend(self.draft.take().map(|draft| draft.finish(sizes)));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Draft {
    fn size(&mut self, name: &str, text: &str) {
        let size = match name {
            "radius_m" => &mut self.sizes.radius_m,
            "width_m" => &mut self.sizes.width_m,
            _ => return,
        };
        match text.trim().parse() {
            Ok(metres) => *size = Some(metres),
            Err(_) => self.invalid.add(&format!("/{name}"), "must be a number of metres"),
        }
    }

    /// Positions, separated by white space: longitude, latitude and perhaps a height, separated by commas.
    fn positions(&mut self, text: &str) -> Value {
        let mut positions = Vec::new();
        for (number, given) in text.split_whitespace().enumerate() {
            self.positions += 1;
            if self.positions > MAX_POSITIONS {
                self.invalid = Invalid::one("/geometry", format!("must have at most {MAX_POSITIONS} positions"));
                break;
            }
            let numbers: Option<Vec<f64>> = given.split(',').take(2).map(|part| part.parse().ok()).collect();
            match numbers.as_deref() {
                Some([lon, lat]) => positions.push(json!([lon, lat])),
                _ if self.invalid.0.len() < 20 => {
                    let rule = format!("position {} must be longitude,latitude", number + 1);
                    self.invalid.add("/geometry/coordinates", rule);
                }
                _ => break,
            }
        }
        Value::Array(positions)
    }

    fn finish(self, given: Sizes) -> Placemark {
        let (name, line) = (self.name.clone(), self.line);
        Placemark { name, line, shape: self.shape(given) }
    }

    fn shape(mut self, given: Sizes) -> Result<Shape, Invalid> {
        self.invalid.into_result()?;
        if let Some(other) = self.others.first() {
            return Err(Invalid::one("/geometry/type", format!("{other} cannot be a zone")));
        }
        let sizes =
            Sizes { radius_m: self.sizes.radius_m.or(given.radius_m), width_m: self.sizes.width_m.or(given.width_m) };
        let circle = Sizes { width_m: None, ..sizes };
        let corridor = Sizes { radius_m: None, ..sizes };
        match (self.polygons.len(), self.lines.len(), self.points.len()) {
            // Map programs put a pin into the middle of an outline.
            (1, 0, _) => {
                let polygon = self.polygons.remove(0);
                Shape::parse(&json!({ "type": "Polygon", "coordinates": polygon }), None)
            }
            (2.., 0, _) => Shape::parse(&json!({ "type": "MultiPolygon", "coordinates": self.polygons }), None),
            (0, 1, _) => Shape::read(&json!({ "type": "LineString", "coordinates": self.lines.remove(0) }), corridor),
            (0, 0, 1) => Shape::read(&json!({ "type": "Point", "coordinates": self.points.remove(0) }), circle),
            (0, 0, 0) => Err(Invalid::one("/geometry", "is missing")),
            _ => {
                let rule = "must be one kind of geometry: polygons, one line, or one point";
                Err(Invalid::one("/geometry/type", rule))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracklane_core::position::Point;

    use super::*;

    const NONE: Sizes = Sizes { radius_m: None, width_m: None };

    fn kml(placemarks: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\n\
             <name>All zones</name><Folder>{placemarks}</Folder></Document></kml>"
        )
    }

    const DEPOT: &str = "<Placemark><name>Depot &amp; yard &#x2014; <![CDATA[<north>]]></name><Polygon><outerBoundaryIs>\
        <LinearRing><coordinates>\n 0,0,12 2,0 2,2,0\n0,2 0,0 </coordinates></LinearRing></outerBoundaryIs>\
        <innerBoundaryIs><LinearRing><coordinates>0.5,0.5 1,0.5 1,1 0.5,1 0.5,0.5</coordinates></LinearRing>\
        </innerBoundaryIs></Polygon></Placemark>";

    fn at(lat: f64, lon: f64) -> Point {
        Point { lat, lon }
    }

    #[track_caller]
    fn one(placemark: &str, sizes: Sizes) -> Result<Shape, Vec<(String, String)>> {
        let mut found = read(&kml(placemark), sizes).expect("a document");
        assert_eq!(found.len(), 1);
        let errors = |invalid: Invalid| invalid.0.into_iter().map(|error| (error.pointer, error.detail)).collect();
        found.remove(0).shape.map_err(errors)
    }

    #[test]
    fn polygons_with_holes_have_their_names() {
        let found = read(&kml(DEPOT), NONE).expect("a document");
        assert_eq!(found[0].name, "Depot & yard \u{2014} <north>");
        assert_eq!(found[0].line, 3);
        let shape = found[0].shape.as_ref().expect("a shape");
        assert!(shape.contains(at(1.5, 1.5)) && !shape.contains(at(0.7, 0.7)) && !shape.contains(at(3.0, 1.0)));
    }

    #[test]
    fn one_bad_placemark_does_not_spoil_the_others() {
        let open = "<Placemark><name>Open</name><Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,1\
                    </coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>";
        let words = "<Placemark><name>Words</name><Point><coordinates>here,there</coordinates></Point></Placemark>";
        let empty = "<Placemark><name>Empty</name></Placemark><Placemark/>";
        let found = read(&kml(&format!("{open}{words}{DEPOT}{empty}")), NONE).expect("a document");
        let kinds: Vec<_> = found.iter().map(|placemark| (placemark.name.as_str(), placemark.shape.is_ok())).collect();
        let depot = "Depot & yard \u{2014} <north>";
        assert_eq!(kinds, [("Open", false), ("Words", false), (depot, true), ("Empty", false), ("", false)]);
        let reason = |number: usize| found[number].shape.as_ref().expect_err("a reason").0[0].detail.clone();
        assert!(reason(0).contains("not closed"), "{}", reason(0));
        assert!(reason(1).contains("longitude,latitude"), "{}", reason(1));
        assert!(reason(3).contains("missing"), "{}", reason(3));
    }

    #[test]
    fn several_polygons_are_one_zone() {
        let ring = |west: f64| {
            let (east, ring) = (west + 1.0, "Polygon><outerBoundaryIs><LinearRing><coordinates>");
            format!(
                "<{ring}{west},0 {east},0 {east},1 {west},1 {west},0</coordinates></LinearRing></outerBoundaryIs></Polygon>"
            )
        };
        let both = format!("{}<MultiGeometry>{}</MultiGeometry>", ring(10.0), ring(20.0));
        let shape =
            one(&format!("<Placemark><MultiGeometry>{both}</MultiGeometry></Placemark>"), NONE).expect("a shape");
        assert!(shape.contains(at(0.5, 10.5)) && shape.contains(at(0.5, 20.5)) && !shape.contains(at(0.5, 15.0)));
    }

    #[test]
    fn lines_and_points_need_a_size() {
        let line = "<Placemark><LineString><coordinates>0,0 0,1</coordinates></LineString></Placemark>";
        let point = "<Placemark><Point><coordinates>5,50,0</coordinates></Point></Placemark>";
        assert_eq!(one(line, NONE).expect_err("no width")[0].0, "#/width_m");
        assert_eq!(one(point, NONE).expect_err("no radius")[0].0, "#/radius_m");
        let sizes = Sizes { radius_m: Some(80.0), width_m: Some(200.0) };
        assert_eq!(one(line, sizes).expect("a corridor").sizes().width_m, Some(200.0));
        assert_eq!(one(point, sizes).expect("a circle").sizes().radius_m, Some(80.0));
        let own = point.replace(
            "<Point>",
            "<ExtendedData><Data name=\"radius_m\"><value> 30 </value></Data></ExtendedData><Point>",
        );
        assert_eq!(one(&own, sizes).expect("a circle").sizes().radius_m, Some(30.0));
        let simple = own.replace("<Data ", "<SimpleData ").replace("</Data>", "</SimpleData>");
        let simple = simple.replace("<value>", "").replace("</value>", "");
        assert_eq!(one(&simple, sizes).expect("a circle").sizes().radius_m, Some(30.0));
        let both =
            line.replace("<LineString>", "<LineString><coordinates>1,1 2,2</coordinates></LineString><LineString>");
        assert_eq!(one(&both, sizes).expect_err("two lines")[0].0, "#/geometry/type");
    }

    #[test]
    fn other_documents_are_refused() {
        let message = |text: &str| read(text, NONE).expect_err("refused").to_string();
        assert!(message("<gpx></gpx>").contains("outermost element is gpx"));
        assert!(message("").contains("missing"));
        assert!(message("<kml><Document>").contains("in the middle of Document"));
        assert!(message("<kml></Document>").contains("not well-formed"));
        assert!(message(&"<kml>".repeat(100)).contains("nested"));
        assert!(read("<kml/>", NONE).expect("nothing in it").is_empty());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in "\\PC*", cut in 0usize..600, put in 0usize..600) {
            let _ = read(&bytes, NONE);
            let text = kml(DEPOT);
            let cut = text.floor_char_boundary(cut.min(text.len()));
            let _ = read(&text[..cut], NONE);
            let mut mixed = text.clone();
            mixed.insert_str(text.floor_char_boundary(put.min(text.len())), &bytes);
            let _ = read(&mixed, NONE);
        }
    }
}
