//! The one list of formats and the one list of code lists. To add a format: a module with `read`, and a line here.

use jiff::civil::DateTime;

use super::code::CodeList;
use super::json::has;
use super::{At, Document, Issue, Options, Rule, dcsa, edifact, epcis, x12};

/// The name of X12 as a format.
pub(crate) const X12: &str = "x12";
/// The name of an X12 214 as a source.
pub(crate) const X12_214: &str = "x12_214";
/// The name of an X12 315 as a source.
pub(crate) const X12_315: &str = "x12_315";
/// The name of an EDIFACT IFTSTA as a source.
pub(crate) const EDIFACT: &str = "edifact_iftsta";
/// The name of GS1 EPCIS as a source.
pub(crate) const EPCIS: &str = "epcis";
/// The name of DCSA Track & Trace as a source.
pub(crate) const DCSA: &str = "dcsa";

/// A format of documents.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name by which documents say what they are.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Whether a file looks like one, from its beginning.
    detect: fn(&[u8]) -> bool,
    /// Reads it.
    read: fn(&[u8], Options<'_>) -> Document,
    /// What goes back to the sender, one text for each interchange; nothing where HTTP answers.
    acknowledge: fn(&[u8], Options<'_>, DateTime, u32) -> Vec<String>,
}

/// Every format, in the order in which they are tried.
pub const FORMATS: &[Format] = &[
    Format {
        name: X12,
        title: "ANSI X12 214 and 315",
        detect: |start| start.starts_with(b"ISA"),
        read: |bytes, options| x12::read(bytes, options).document,
        acknowledge: |bytes, options, at, control| {
            let interchanges = x12::read(bytes, options).interchanges;
            let numbered = interchanges.iter().zip(control..);
            numbered.map(|(one, control)| x12::acknowledge(one, x12::Stamp { at, control })).collect()
        },
    },
    Format {
        name: EDIFACT,
        title: "UN/EDIFACT IFTSTA",
        detect: |start| start.starts_with(b"UNA") || start.starts_with(b"UNB"),
        read: |bytes, options| edifact::read(bytes, options).document,
        acknowledge: |bytes, options, at, control| {
            let interchanges = edifact::read(bytes, options).interchanges;
            let numbered = interchanges.iter().zip(control..);
            numbered.map(|(one, control)| edifact::acknowledge(one, edifact::Stamp { at, control })).collect()
        },
    },
    Format {
        name: EPCIS,
        title: "GS1 EPCIS 2.0 (JSON-LD), 1.x and 2.0 (XML)",
        detect: |start| {
            start.starts_with(b"<")
                || has(start, b"\"epcisBody\"")
                || has(start, b"\"EPCIS")
                || epcis::looks_like_event(start)
        },
        read: epcis::read,
        acknowledge: |_, _, _, _| Vec::new(),
    },
    Format {
        name: DCSA,
        title: "DCSA Track & Trace 2.2 and 3.0",
        detect: |start| {
            has(start, b"\"eventClassifierCode\"")
                || has(start, b"\"eventCreatedDateTime\"")
                || has(start, b"\"eventType\"")
        },
        read: dcsa::read,
        acknowledge: |_, _, _, _| Vec::new(),
    },
];

/// Every list of codes, by the name under which a partner's map overrides it.
pub const LISTS: &[&CodeList] = &[
    &x12::STATUS,
    &x12::APPOINTMENT,
    &x12::REASON,
    &x12::OCEAN,
    &edifact::STATUS,
    &edifact::REASON,
    &epcis::BIZ_STEP,
    &epcis::DISPOSITION,
    &dcsa::EQUIPMENT,
    &dcsa::TRANSPORT,
    &dcsa::SHIPMENT,
];

/// What a file is, from its first 64 KiB; none when it is nothing that is read.
pub fn detect(bytes: &[u8]) -> Option<&'static Format> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    let start = &start[..start.len().min(64 * 1024)];
    FORMATS.iter().find(|format| (format.detect)(start))
}

/// Reads a document of any format. One that is none of them is a document with one issue that lists them.
pub fn read(bytes: &[u8], options: Options<'_>) -> Document {
    if let Some(format) = detect(bytes) {
        return (format.read)(bytes, options);
    }
    let mut document = Document::new("unknown");
    let known: Vec<_> = FORMATS.iter().map(|format| format.title).collect();
    let text = format!("the file is none of {}", known.join("; "));
    document.issues.add(Issue::error(At::Text { byte: 0 }, Rule::Unsupported, text));
    document
}

/// What goes back to the sender of a document: a 997 or CONTRL for each interchange, numbered from `control` on, made `at` (in
/// UTC). Nothing for formats that HTTP answers, and for a file that is none of the formats.
pub fn acknowledge(bytes: &[u8], options: Options<'_>, at: DateTime, control: u32) -> Vec<String> {
    detect(bytes).map(|format| (format.acknowledge)(bytes, options, at, control)).unwrap_or_default()
}
