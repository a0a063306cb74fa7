//! Bytes to segments: the delimiters come from the ISA itself.

use std::borrow::Cow;

use crate::documents::at::{At, Issue, Rule};
use crate::documents::text::latin1;

/// Longest segment that is read, in bytes.
pub(super) const MAX_SEGMENT: usize = 16 * 1024;

/// What separates what in one interchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between elements.
    pub element: u8,
    /// Between components of an element (ISA16).
    pub component: u8,
    /// After each segment.
    pub segment: u8,
}

impl Delimiters {
    /// What most partners use.
    pub const USUAL: Self = Self { element: b'*', component: b'>', segment: b'~' };

    /// Reads them from what begins with `ISA`: the byte after the tag separates elements, the byte after the sixteenth
    /// separator components, and the one after that ends segments. So an ISA whose blanks were trimmed is read, too.
    fn of_isa(bytes: &[u8], start: usize) -> Result<Self, Issue> {
        let at =
            || At::Segment { number: 1, in_message: 0, tag: "ISA".into(), element: None, component: None, byte: start };
        let cut = || {
            Issue::error(at(), Rule::Truncated, "the ISA ends early: it must have 16 elements and a segment terminator")
        };
        let element = *bytes.get(start + 3).ok_or_else(cut)?;
        if element.is_ascii_alphanumeric() || element == b' ' {
            let rule = "the element separator (byte 4 of the ISA) must not be a letter, a digit or a blank";
            return Err(Issue::error(at(), Rule::Syntax, rule).given(&char::from(element).to_string()));
        }
        // Fifteen elements of at most 15 bytes each: looking further would find the separators of the next segment.
        let window = &bytes[start..bytes.len().min(start + 200)];
        let sixteenth = window.iter().enumerate().filter(|(_, byte)| **byte == element).nth(15);
        let (sixteenth, _) = sixteenth.ok_or_else(cut)?;
        let component = *window.get(sixteenth + 1).ok_or_else(cut)?;
        let segment = *window.get(sixteenth + 2).ok_or_else(cut)?;
        if segment.is_ascii_alphanumeric() || segment == element || segment == component || component == element {
            let rule =
                "element separator, component separator (ISA16) and segment terminator must be three bytes that differ";
            return Err(Issue::error(at(), Rule::Syntax, rule));
        }
        Ok(Self { element, component, segment })
    }
}

/// One segment of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Number in the file, from 1.
    pub number: usize,
    /// Number in its transaction set, from 1 (the ST); 0 outside one.
    pub in_set: usize,
    /// Offset in the file, in bytes.
    pub byte: usize,
    /// Its text without the terminator.
    raw: &'a [u8],
    /// What separates its parts.
    pub delimiters: Delimiters,
}

impl<'a> Segment<'a> {
    fn pieces(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let separator = self.delimiters.element;
        self.raw.split(move |byte| *byte == separator)
    }

    /// Its tag.
    pub fn tag(&self) -> Cow<'a, str> {
        latin1(self.pieces().next().unwrap_or_default())
    }

    /// True when the tag is this one.
    pub fn is(&self, tag: &str) -> bool {
        self.pieces().next() == Some(tag.as_bytes())
    }

    /// An element without the blanks around it, counted from 1; none when it is empty or not there.
    pub fn get(&self, element: usize) -> Option<Cow<'a, str>> {
        let text = self.pieces().nth(element)?.trim_ascii();
        (!text.is_empty()).then(|| latin1(text))
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.pieces().count().saturating_sub(1)
    }

    /// True when it is a tag and nothing else.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The segment as it stands in the file.
    pub fn text(&self) -> Cow<'a, str> {
        latin1(self.raw)
    }

    /// The place of the segment.
    pub fn at(&self) -> At {
        At::Segment {
            number: self.number,
            in_message: self.in_set,
            tag: self.tag().into(),
            element: None,
            component: None,
            byte: self.byte,
        }
    }

    /// The place of one of its elements; of the end of the segment when it has fewer.
    pub fn at_element(&self, element: usize) -> At {
        let before: usize = self.pieces().take(element).map(|piece| piece.len() + 1).sum();
        At::Segment {
            number: self.number,
            in_message: self.in_set,
            tag: self.tag().into(),
            element: Some(element),
            component: None,
            byte: self.byte + before.min(self.raw.len()),
        }
    }
}

/// Goes through the segments of a file, reading the delimiters anew at every ISA.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    bytes: &'a [u8],
    next: usize,
    number: usize,
    delimiters: Option<Delimiters>,
    /// Counts segments within a transaction set; the reader resets it at ST and SE.
    in_set: usize,
}

impl<'a> Lexer<'a> {
    /// At the start of a file.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, number: 0, delimiters: None, in_set: 0 }
    }

    fn skip_blank(&mut self) {
        while self.bytes.get(self.next).is_some_and(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0)) {
            self.next += 1;
        }
        if self.next == 0 && self.bytes.starts_with(b"\xef\xbb\xbf") {
            self.next = 3;
            self.skip_blank();
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Segment<'a>, Issue>;

    /// The next segment. After an error nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        self.skip_blank();
        let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
        let start = self.next;
        if rest.starts_with(b"ISA") {
            match Delimiters::of_isa(self.bytes, start) {
                Ok(found) => self.delimiters = Some(found),
                Err(issue) => {
                    self.next = self.bytes.len();
                    return Some(Err(issue));
                }
            }
        }
        let Some(delimiters) = self.delimiters else {
            self.next = self.bytes.len();
            let text = "an X12 file must begin with an ISA segment";
            return Some(Err(Issue::error(At::Text { byte: start }, Rule::Syntax, text)));
        };
        self.number += 1;
        let window = &rest[..rest.len().min(MAX_SEGMENT)];
        let end = window.iter().position(|byte| *byte == delimiters.segment);
        let segment = |raw: &'a [u8], in_set| Segment { number: self.number, in_set, byte: start, raw, delimiters };
        let Some(end) = end else {
            self.next = self.bytes.len();
            let at = segment(&rest[..rest.len().min(3)], self.in_set).at();
            let issue = if rest.len() > MAX_SEGMENT {
                Issue::error(at, Rule::Limit, format!("a segment must end within {MAX_SEGMENT} bytes"))
            } else {
                Issue::error(at, Rule::Truncated, "the file ends inside this segment")
            };
            return Some(Err(issue));
        };
        self.next = start + end + 1;
        // A terminator of CR leaves the LF of a CR LF to be skipped; one of LF leaves the CR before it.
        let raw = window[..end].strip_suffix(b"\r").unwrap_or(&window[..end]);
        let starts_set = raw.starts_with(b"ST") && raw.get(2) == Some(&delimiters.element);
        if starts_set {
            self.in_set = 1;
        } else if self.in_set > 0 {
            self.in_set += 1;
        }
        let segment = segment(raw, self.in_set);
        if segment.is("SE") || segment.is("ISA") {
            self.in_set = 0;
        }
        Some(Ok(segment))
    }
}
