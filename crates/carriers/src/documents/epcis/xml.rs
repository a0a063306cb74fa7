//! EPCIS in XML to the JSON of EPCIS 2.0, so that one reader takes both.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value, json};

use crate::documents::at::{At, Issue, Rule};
use crate::documents::text::latin1;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// Most elements of one document.
const MAX_ELEMENTS: usize = 500_000;

/// An element.
#[derive(Debug, Default)]
struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Self>,
    text: String,
}

/// The document as JSON. Document types are skipped and their entities not expanded.
pub(super) fn to_json(bytes: &[u8]) -> Result<Value, Box<Issue>> {
    let root = parse(bytes)?;
    let mut prefixes = BTreeMap::new();
    namespaces(&root, &mut prefixes);
    let mut events = Vec::new();
    collect(&root, &mut events);
    if events.is_empty() && !local(&root.name).starts_with("EPCIS") {
        let text = format!("is no document of EPCIS: its root is {:?}", root.name);
        return Err(Box::new(Issue::error(At::Text { byte: 0 }, Rule::Unsupported, text)));
    }
    let attribute = |name: &str| root.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let mut document = json!({
        "type": local(&root.name),
        "@context": [prefixes],
        "epcisBody": { "eventList": events },
    });
    if let Some(created) = attribute("creationDate") {
        document["creationDate"] = Value::String(created);
    }
    Ok(document)
}

fn parse(bytes: &[u8]) -> Result<Node, Box<Issue>> {
    let text = latin1(bytes);
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Node> = Vec::new();
    let mut elements = 0_usize;
    loop {
        let at = At::Text { byte: usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX) };
        let broken = |text: String| Box::new(Issue::error(at.clone(), Rule::Syntax, text));
        let event = reader.read_event().map_err(|error| broken(format!("is no XML: {error}")))?;
        elements += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        match event {
            Event::Start(_) | Event::Empty(_) if elements > MAX_ELEMENTS => {
                let text = format!("a document must have at most {MAX_ELEMENTS} elements");
                return Err(Box::new(Issue::error(at, Rule::Limit, text)));
            }
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    let text = format!("elements must nest at most {MAX_DEPTH} deep");
                    return Err(Box::new(Issue::error(at, Rule::Limit, text)));
                }
                open.push(node(&start).map_err(broken)?);
            }
            Event::Empty(start) => {
                let node = node(&start).map_err(broken)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Ok(node),
                }
            }
            Event::End(_) => {
                let Some(node) = open.pop() else { return Err(broken("ends what never began".to_owned())) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Ok(node),
                }
            }
            Event::Text(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(entity(&name).as_deref().unwrap_or("\u{fffd}"));
                }
            }
            Event::Eof => {
                let text = if open.is_empty() { "holds no element" } else { "ends inside an element" };
                return Err(Box::new(Issue::error(at, Rule::Truncated, text)));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// The character of `&amp;` and the like, and of `&#233;`.
fn entity(name: &str) -> Option<String> {
    let known = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some(known.to_string())
}

fn node(start: &BytesStart<'_>) -> Result<Node, String> {
    let name = start.name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("an attribute of {name} is broken: {error}"))?;
        let key = attribute.key.as_ref().to_owned();
        let raw = &attribute.value;
        let value = quick_xml::escape::unescape(raw).map_or_else(|_| raw.clone().into_owned(), Cow::into_owned);
        attributes.push((key, value));
    }
    Ok(Node { name, attributes, ..Node::default() })
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The prefixes that are declared anywhere; of two of one name the first.
fn namespaces(node: &Node, found: &mut BTreeMap<String, String>) {
    for (key, value) in &node.attributes {
        if let Some(prefix) = key.strip_prefix("xmlns:") {
            found.entry(prefix.to_owned()).or_insert_with(|| value.clone());
        }
    }
    for child in &node.children {
        namespaces(child, found);
    }
}

/// The events of every event list. In 1.x newer kinds stand in `extension` elements.
fn collect(node: &Node, events: &mut Vec<Value>) {
    if local(&node.name).ends_with("Event") && !node.children.is_empty() {
        events.push(event(node));
        return;
    }
    for child in &node.children {
        collect(child, events);
    }
}

fn event(node: &Node) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), local(&node.name).into());
    fields(node, &mut map);
    Value::Object(map)
}

fn fields(node: &Node, map: &mut Map<String, Value>) {
    for child in &node.children {
        let value = match child.name.as_str() {
            // Where 1.x keeps what 1.1 and 1.2 added.
            "extension" | "baseExtension" => {
                fields(child, map);
                continue;
            }
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => texts(child),
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                child.children.iter().map(members).collect()
            }
            "bizTransactionList" => typed(child, "bizTransaction"),
            "sourceList" => typed(child, "source"),
            "destinationList" => typed(child, "destination"),
            "readPoint" | "bizLocation" => members(child),
            "ilmd" => match members(child) {
                Value::Object(ilmd) => Value::Object(ilmd),
                _ => continue,
            },
            "errorDeclaration" => {
                let mut declaration = members(child);
                if let Some(ids) = child.children.iter().find(|child| child.name == "correctiveEventIDs") {
                    declaration["correctiveEventIDs"] = texts(ids);
                }
                declaration
            }
            "persistentDisposition" => {
                let list = |name: &str| {
                    let found = child.children.iter().filter(|child| child.name == name);
                    found.map(|child| Value::from(child.text.trim())).collect::<Vec<_>>()
                };
                let mut value = Map::new();
                for name in ["set", "unset"] {
                    let list = list(name);
                    if !list.is_empty() {
                        value.insert(name.to_owned(), list.into());
                    }
                }
                Value::Object(value)
            }
            "sensorElementList" => child.children.iter().map(sensor).collect(),
            _ => extension(child),
        };
        add(map, &child.name, value);
    }
}

fn texts(node: &Node) -> Value {
    node.children.iter().map(|child| Value::from(child.text.trim())).collect()
}

/// `<source type="..">..</source>` to an object of both.
fn typed(node: &Node, name: &str) -> Value {
    let item = |child: &Node| {
        let mut map = Map::new();
        if let Some((_, kind)) = child.attributes.iter().find(|(key, _)| key == "type") {
            map.insert("type".to_owned(), kind.as_str().into());
        }
        map.insert(name.to_owned(), child.text.trim().into());
        Value::Object(map)
    };
    node.children.iter().map(item).collect()
}

/// Children as members of an object; what is `xsi:nil` is not there.
fn members(node: &Node) -> Value {
    let mut map = Map::new();
    for child in &node.children {
        let nil = child.attributes.iter().any(|(key, value)| key == "xsi:nil" && value == "true");
        if child.name == "extension" {
            fields(child, &mut map);
        } else if !nil {
            let number = (child.name == "quantity").then(|| child.text.trim().parse::<f64>().ok()).flatten();
            add(&mut map, &child.name, number.map_or_else(|| extension(child), Value::from));
        }
    }
    Value::Object(map)
}

/// An element as text, or as an object of its children.
fn extension(node: &Node) -> Value {
    if node.children.is_empty() { node.text.trim().into() } else { members(node) }
}

/// A sensor element: metadata and reports are attributes.
fn sensor(node: &Node) -> Value {
    let mut map = Map::new();
    let mut reports = Vec::new();
    for child in &node.children {
        let attributes = || {
            let pairs =
                child.attributes.iter().filter(|(key, _)| !key.starts_with("xmlns") && !key.starts_with("xsi:"));
            Value::Object(pairs.map(|(key, value)| (key.clone(), sensed(key, value))).collect())
        };
        match child.name.as_str() {
            "sensorMetadata" => {
                map.insert("sensorMetadata".to_owned(), attributes());
            }
            "sensorReport" => reports.push(attributes()),
            _ => add(&mut map, &child.name, extension(child)),
        }
    }
    map.insert("sensorReport".to_owned(), reports.into());
    Value::Object(map)
}

/// The value of an attribute of a sensor report, in the type that JSON has for it.
fn sensed(key: &str, value: &str) -> Value {
    let numeric = matches!(key, "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue");
    let number = numeric.then(|| value.parse::<f64>().ok()).flatten();
    match key {
        "booleanValue" => Value::Bool(value == "true" || value == "1"),
        _ => number.map_or_else(|| value.into(), Value::from),
    }
}

/// Adds a member; a name that comes again makes a list.
fn add(map: &mut Map<String, Value>, name: &str, value: Value) {
    match map.get_mut(name) {
        None => {
            map.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => {
            let before = first.take();
            *first = Value::Array(vec![before, value]);
        }
    }
}
