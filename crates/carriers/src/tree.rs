//! An answer as a tree of values, whether it came as JSON or as XML, and how to read one without trusting it.
//!
//! XML becomes what the same thing would be in JSON: an element is an object of its children by local name (the same name
//! again makes a list), attributes stand under `@name`, text beside children under `#text`; an element with text alone is a
//! string, an empty one is null. Entities other than XML's own are not resolved, so that nothing can be blown up.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use crate::error::CarrierError;

/// The largest answer that is read, in bytes. A full page of the largest batch of any carrier is far below.
pub const MAX_BODY: usize = 16 << 20;

/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;

/// The most characters of the carrier's own words that are kept.
const MAX_TEXT: usize = 1000;

/// What stands where nothing is.
static NULL: Value = Value::Null;

/// Reads the bytes of an answer. `content_type` is the header's value, for its charset.
///
/// # Errors
/// [`CarrierError::Unreadable`], with what is wrong and where.
pub(crate) fn read(body: &[u8], content_type: Option<&str>) -> Result<Value, CarrierError> {
    if body.len() > MAX_BODY {
        return Err(CarrierError::unreadable("", format!("the answer has {} bytes, more than {MAX_BODY}", body.len())));
    }
    let text = decode(body, content_type)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let lower = text.get(..text.len().min(200)).unwrap_or(text).to_ascii_lowercase();
    match text.chars().next() {
        None => Err(CarrierError::unreadable("", "the answer is empty")),
        Some('<') if lower.starts_with("<!doctype html") || lower.starts_with("<html") => {
            let title = between(text, "<title>", "</title>").map(|title| format!(" ({:?})", shorten(title, 80)));
            Err(CarrierError::unreadable("", format!("a web page instead of an answer{}", title.unwrap_or_default())))
        }
        Some('<') => xml(text).map_err(|detail| CarrierError::unreadable("", detail)),
        Some('{' | '[') => {
            serde_json::from_str(text).map_err(|error| CarrierError::unreadable("", format!("broken JSON: {error}")))
        }
        Some(_) => {
            let start = shorten(text, 80);
            Err(CarrierError::unreadable("", format!("neither JSON nor XML; it starts with {start:?}")))
        }
    }
}

/// The text of a body: UTF-8 unless the header or the XML declaration says otherwise.
fn decode(body: &[u8], content_type: Option<&str>) -> Result<String, CarrierError> {
    let head = String::from_utf8_lossy(body.get(..200.min(body.len())).unwrap_or_default()).to_ascii_lowercase();
    let stated = content_type.map(str::to_ascii_lowercase).and_then(|header| {
        let (_, charset) = header.split_once("charset=")?;
        charset.split(';').next().map(|charset| charset.trim().trim_matches('"').to_owned())
    });
    let declared = between(&head, "encoding=\"", "\"").or_else(|| between(&head, "encoding='", "'"));
    let wide = |pairs: &[u8], of: fn([u8; 2]) -> u16| {
        let units = pairs.chunks_exact(2).map(|pair| of([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| pairs.len().is_multiple_of(2))
    };
    if let Some(rest) = body.strip_prefix(&[0xff, 0xfe]) {
        return wide(rest, u16::from_le_bytes).ok_or_else(|| CarrierError::unreadable("", "broken UTF-16"));
    }
    if let Some(rest) = body.strip_prefix(&[0xfe, 0xff]) {
        return wide(rest, u16::from_be_bytes).ok_or_else(|| CarrierError::unreadable("", "broken UTF-16"));
    }
    match std::str::from_utf8(body) {
        // What reads as UTF-8 is UTF-8, whatever the header says: other charsets hardly ever do by chance.
        Ok(text) => Ok(text.to_owned()),
        Err(error) => match stated.as_deref().or(declared) {
            Some("iso-8859-1" | "latin1" | "windows-1252" | "cp1252" | "iso-8859-15") => {
                Ok(body.iter().map(|byte| windows_1252(*byte)).collect())
            }
            Some(other) if !matches!(other, "utf-8" | "utf8") => {
                Err(CarrierError::unreadable("", format!("the charset {other:?} is not known")))
            }
            _ => Err(CarrierError::unreadable("", format!("not UTF-8 at byte {}", error.valid_up_to()))),
        },
    }
}

/// One byte of windows-1252, of which ISO 8859-1 is a part as far as it has printable characters.
fn windows_1252(byte: u8) -> char {
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match byte {
        0x80..=0x9f => HIGH.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
        other => char::from(other),
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

/// An element that is being read.
struct Open {
    name: String,
    children: Map<String, Value>,
    text: String,
}

fn xml(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<Open> = Vec::new();
    let mut root = None;
    loop {
        let event =
            reader.read_event().map_err(|error| format!("broken XML at byte {}: {error}", reader.error_position()))?;
        match event {
            Event::Start(tag) => {
                if path.len() >= MAX_DEPTH {
                    return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
                }
                path.push(open(&tag)?);
            }
            Event::Empty(tag) => {
                let element = open(&tag)?;
                close(element, &mut path, &mut root);
            }
            Event::End(_) => {
                if let Some(element) = path.pop() {
                    close(element, &mut path, &mut root);
                }
            }
            Event::Text(text) => say(&mut path, &text.xml10_content()),
            Event::CData(text) => say(&mut path, &text.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                Ok(Some(character)) => say(&mut path, character.encode_utf8(&mut [0; 4])),
                _ => say(&mut path, resolve_predefined_entity(&entity.xml10_content()).unwrap_or("?")),
            },
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (path.last(), root) {
        (Some(element), _) => Err(format!("the answer ends in the middle of {}", element.name)),
        (None, None) => Err("there is no element at all".to_owned()),
        (None, Some((name, value))) => {
            let mut tree = Map::new();
            tree.insert(name, value);
            Ok(Value::Object(tree))
        }
    }
}

fn open(tag: &BytesStart<'_>) -> Result<Open, String> {
    let mut children = Map::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| format!("broken XML: {error}"))?;
        let name = attribute.key.local_name().as_ref().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| format!("broken XML: {error}"))?;
        children.insert(format!("@{name}"), Value::String(value.into_owned()));
    }
    Ok(Open { name: tag.local_name().as_ref().to_owned(), children, text: String::new() })
}

fn say(path: &mut [Open], text: &str) {
    if let Some(element) = path.last_mut() {
        element.text.push_str(text);
    }
}

fn close(element: Open, path: &mut [Open], root: &mut Option<(String, Value)>) {
    let Open { name, mut children, text } = element;
    let text = text.trim();
    let value = match (children.is_empty(), text.is_empty()) {
        (true, true) => Value::Null,
        (true, false) => Value::String(text.to_owned()),
        (false, empty) => {
            if !empty {
                children.insert("#text".to_owned(), Value::String(text.to_owned()));
            }
            Value::Object(children)
        }
    };
    let Some(parent) = path.last_mut() else {
        root.get_or_insert((name, value));
        return;
    };
    match parent.children.get_mut(&name) {
        None => {
            parent.children.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// What stands at a path of names and places with dots between; null when nothing does. Where a list stands and the path
/// names a child, the first element's child is meant.
pub(crate) fn at<'a>(tree: &'a Value, path: &str) -> &'a Value {
    let mut here = tree;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        here = match (here, step.parse::<usize>()) {
            (Value::Array(list), Ok(place)) => list.get(place),
            (Value::Array(list), Err(_)) => list.first().and_then(|first| first.get(step)),
            (other, _) => other.get(step),
        }
        .unwrap_or(&NULL);
    }
    here
}

/// The elements of the list at a path: of a list its own, of a single value that one, of null none.
pub(crate) fn list<'a>(tree: &'a Value, path: &str) -> Vec<&'a Value> {
    match at(tree, path) {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().filter(|element| !element.is_null()).collect(),
        other => vec![other],
    }
}

/// The text at a path, cleaned; none when it is empty or no text. Numbers and truth values are text as well.
pub(crate) fn text(tree: &Value, path: &str) -> Option<String> {
    let text = match at(tree, path) {
        Value::String(text) => clean(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Object(children) => clean(children.get("#text")?.as_str()?),
        Value::Null | Value::Array(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The first text at any of the paths.
pub(crate) fn first_text(tree: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| text(tree, path))
}

/// Whether the value at a path says yes.
pub(crate) fn is_true(tree: &Value, path: &str) -> bool {
    text(tree, path).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "y" | "yes"))
}

/// The carrier's words without markup: entities of HTML resolved, tags dropped, white space made one blank, and cut.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT));
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (kept, after) = match c {
            '&' => entity(rest).unwrap_or(('&', rest.get(1..).unwrap_or_default())),
            '<' if rest
                .get(1..)
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')) =>
            {
                (' ', rest.split_once('>').map_or("", |(_, after)| after))
            }
            other => (other, rest.get(other.len_utf8()..).unwrap_or_default()),
        };
        if !(kept.is_whitespace() || kept.is_control()) {
            out.push(kept);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        if out.len() > MAX_TEXT {
            break;
        }
        rest = after;
    }
    shorten(out.trim_end(), MAX_TEXT).to_owned()
}

/// The entity that a text starts with, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let (name, after) = text.get(1..)?.split_once(';')?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "reg" => '®',
        "trade" => '™',
        _ => {
            let code = name.strip_prefix('#')?;
            let number = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => code.parse().ok()?,
            };
            match number {
                // Pages of old give windows-1252 by its numbers.
                0x80..=0x9f => windows_1252(u8::try_from(number).ok()?),
                other => char::from_u32(other)?,
            }
        }
    };
    Some((character, after))
}

/// A text's first `most` bytes, or fewer where that would cut a character.
pub(crate) fn shorten(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn xml_reads_like_json() {
        let tree =
            xml("<a:r xmlns:a='x'><i n='1'>one</i><i>two &amp; &#xe9;</i><e/><t><![CDATA[ <x> ]]></t></a:r>").unwrap();
        assert_eq!(
            tree,
            json!({"r": {"@a": "x", "i": [{"@n": "1", "#text": "one"}, "two & é"], "e": null, "t": "<x>"}})
        );
        assert_eq!(text(&tree, "r.i"), None);
        assert_eq!(text(&tree, "r.i.0"), Some("one".to_owned()));
        assert!(xml("<a><b></a>").is_err());
        assert!(xml("<a>").is_err());
        assert!(xml(&"<a>".repeat(100)).unwrap_err().contains("64 deep"));
    }

    #[test]
    fn charsets_are_told_or_refused() {
        let latin = b"<a>Gen\xe8ve</a>";
        let of = |value: &Value| text(value, "a");
        assert_eq!(of(&read(latin, Some("text/xml; charset=ISO-8859-1")).unwrap()), Some("Genève".to_owned()));
        let declared = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>Gen\xe8ve</a>";
        assert_eq!(of(&read(declared, None).unwrap()), Some("Genève".to_owned()));
        let error = read(latin, Some("text/xml")).unwrap_err();
        assert_eq!(error.to_string(), "the carrier's answer cannot be read: not UTF-8 at byte 6");
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(of(&read(&wide, None).unwrap()), Some("é".to_owned()));
    }

    #[test]
    fn words_lose_their_markup() {
        let of = |text: &str| clean(text);
        assert_eq!(of("Ground <SUP>&#153;</SUP>"), "Ground ™");
        assert_eq!(of("A &amp; B &lt;c&gt; & d <3"), "A & B <c> & d <3");
        assert_eq!(of("  a \n\t b  "), "a b");
        assert_eq!(of(&"é".repeat(2000)).len(), MAX_TEXT);
    }
}
