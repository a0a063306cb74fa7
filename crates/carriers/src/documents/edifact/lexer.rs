//! Bytes to segments: the service characters come from UNA, the character set from UNB.

use std::borrow::Cow;

use crate::documents::at::{At, Issue, Rule};
use crate::documents::text::Charset;

/// Longest segment that is read, in bytes.
const MAX_SEGMENT: usize = 16 * 1024;

/// What separates what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Between components.
    pub component: u8,
    /// Between elements.
    pub element: u8,
    /// Makes the next character text; none when the sender has none.
    pub release: Option<u8>,
    /// After each segment.
    pub segment: u8,
}

impl Service {
    /// What holds without UNA.
    pub const USUAL: Self = Self { component: b':', element: b'+', release: Some(b'?'), segment: b'\'' };
}

/// One segment: its elements, each of its components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Number in the file, from 1; UNA is none.
    pub number: usize,
    /// Number in its message, from 1 (the UNH); 0 outside one.
    pub in_message: usize,
    /// Offset in the file, in bytes.
    pub byte: usize,
    /// Its text without the terminator.
    raw: &'a [u8],
    /// Elements, the tag being the first; of each component where it begins and what it says.
    elements: Vec<Vec<(usize, Cow<'a, str>)>>,
}

impl Segment<'_> {
    /// Its tag.
    pub fn tag(&self) -> &str {
        self.component(0, 1).unwrap_or_default()
    }

    /// The first component of an element, counted from 1; none when it is empty or not there.
    pub fn get(&self, element: usize) -> Option<&str> {
        self.component(element, 1)
    }

    /// A component of an element, both counted from 1; none when it is empty or not there.
    pub fn component(&self, element: usize, component: usize) -> Option<&str> {
        let (_, text) = self.elements.get(element)?.get(component.checked_sub(1)?)?;
        Some(text.trim()).filter(|text| !text.is_empty())
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.elements.len().saturating_sub(1)
    }

    /// True when it is a tag and nothing else.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when all of its bytes are of this character set.
    pub(super) fn is_of(&self, charset: Charset) -> bool {
        charset.has(self.raw)
    }

    /// The segment as it stands in the file.
    pub fn text(&self) -> Cow<'_, str> {
        crate::documents::text::latin1(self.raw)
    }

    /// The place of the segment.
    pub fn at(&self) -> At {
        self.place(None, None)
    }

    /// The place of an element, or of one of its components; of the end of the segment when it is not there.
    pub fn at_element(&self, element: usize, component: Option<usize>) -> At {
        self.place(Some(element), component)
    }

    fn place(&self, element: Option<usize>, component: Option<usize>) -> At {
        let parts = element.map(|element| self.elements.get(element));
        let found = parts.map(|parts| parts.and_then(|parts| parts.get(component.unwrap_or(1).saturating_sub(1))));
        let offset = found.map_or(0, |found| found.map_or(self.raw.len(), |(offset, _)| *offset));
        At::Segment {
            number: self.number,
            in_message: self.in_message,
            tag: self.tag().into(),
            element,
            component,
            byte: self.byte + offset,
        }
    }
}

/// Goes through the segments of a file.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    bytes: &'a [u8],
    next: usize,
    number: usize,
    in_message: usize,
    /// The service characters; those of the last UNA.
    pub service: Service,
    /// The character set; that of the last UNB.
    pub charset: Charset,
    /// The file ends its segments with line feeds though no UNA says so.
    pub by_lines: bool,
}

impl<'a> Lexer<'a> {
    /// At the start of a file. A file without UNA whose first line has no `'` is taken to end its segments with line feeds:
    /// partners write such.
    pub fn new(bytes: &'a [u8]) -> Self {
        let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let first = |wanted: u8| start.iter().position(|byte| *byte == wanted);
        let by_lines =
            !start.starts_with(b"UNA") && first(b'\n').is_some_and(|line| first(b'\'').is_none_or(|end| line < end));
        let service = if by_lines { Service { segment: b'\n', ..Service::USUAL } } else { Service::USUAL };
        let next = bytes.len() - start.len();
        Self { bytes, next, number: 0, in_message: 0, service, charset: Charset::default(), by_lines }
    }

    fn skip_blank(&mut self) {
        while self.bytes.get(self.next).is_some_and(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0)) {
            self.next += 1;
        }
    }

    /// Reads UNA where one stands.
    fn advice(&mut self) -> Result<(), Issue> {
        let at = At::Text { byte: self.next };
        let rest = &self.bytes[self.next..];
        if !rest.starts_with(b"UNA") {
            return Ok(());
        }
        let [component, element, _decimal, release, _reserved, segment] = *rest.get(3..9).unwrap_or_default() else {
            return Err(Issue::error(at, Rule::Truncated, "UNA must be followed by six service characters"));
        };
        let service = Service { component, element, release: (release != b' ').then_some(release), segment };
        let all = [Some(component), Some(element), service.release, Some(segment)];
        let clash =
            (0..all.len()).any(|first| (0..first).any(|second| all[first].is_some() && all[first] == all[second]));
        if clash || all.iter().flatten().any(u8::is_ascii_alphanumeric) {
            let text = "the service characters of UNA must differ and be no letters or digits";
            return Err(Issue::error(at, Rule::Syntax, text));
        }
        self.service = service;
        self.by_lines = false;
        self.next += 9;
        self.skip_blank();
        Ok(())
    }

    /// Where the segment that begins here ends: at the first terminator that is not released.
    fn end(&self, window: &[u8]) -> Option<usize> {
        let mut released = false;
        window.iter().position(|byte| {
            if released {
                released = false;
                return false;
            }
            released = self.service.release == Some(*byte);
            *byte == self.service.segment
        })
    }

    fn split(&self, raw: &'a [u8]) -> Vec<Vec<(usize, Cow<'a, str>)>> {
        let mut elements = vec![Vec::new()];
        let (mut start, mut released, mut any) = (0, false, false);
        for (index, byte) in raw.iter().copied().chain([self.service.element]).enumerate() {
            let last = index == raw.len();
            if released && !last {
                released = false;
                continue;
            }
            if self.service.release == Some(byte) && !last {
                (released, any) = (true, true);
                continue;
            }
            if byte != self.service.element && byte != self.service.component {
                continue;
            }
            let text = self.text(&raw[start..index], any);
            if let Some(element) = elements.last_mut() {
                element.push((start, text));
            }
            if byte == self.service.element && !last {
                elements.push(Vec::new());
            }
            (start, any) = (index + 1, false);
        }
        elements
    }

    fn text(&self, raw: &'a [u8], released: bool) -> Cow<'a, str> {
        if !released {
            return self.charset.decode(raw);
        }
        let mut bytes = Vec::with_capacity(raw.len());
        let mut rest = raw.iter().copied();
        while let Some(byte) = rest.next() {
            bytes.push(if self.service.release == Some(byte) { rest.next().unwrap_or(byte) } else { byte });
        }
        Cow::Owned(self.charset.decode(&bytes).into_owned())
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Segment<'a>, Issue>;

    /// The next segment. After an error nothing more comes.
    fn next(&mut self) -> Option<Self::Item> {
        self.skip_blank();
        if let Err(issue) = self.advice() {
            self.next = self.bytes.len();
            return Some(Err(issue));
        }
        let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
        if self.number == 0 && !rest.starts_with(b"UNB") {
            let at = At::Text { byte: self.next };
            self.next = self.bytes.len();
            let text = "an EDIFACT file must begin with UNA or UNB";
            return Some(Err(Issue::error(at, Rule::Syntax, text)));
        }
        self.number += 1;
        let byte = self.next;
        let window = &rest[..rest.len().min(MAX_SEGMENT)];
        let Some(end) = self.end(window) else {
            // The last line of a file whose segments are lines may lack its end.
            if self.by_lines && rest.len() <= MAX_SEGMENT {
                self.next = self.bytes.len();
                return Some(Ok(self.segment(byte, rest)));
            }
            self.next = self.bytes.len();
            let tag = crate::documents::text::latin1(&rest[..rest.len().min(3)]).into();
            let at = At::Segment {
                number: self.number,
                in_message: self.in_message,
                tag,
                element: None,
                component: None,
                byte,
            };
            let issue = if rest.len() > MAX_SEGMENT {
                Issue::error(at, Rule::Limit, format!("a segment must end within {MAX_SEGMENT} bytes"))
            } else {
                Issue::error(at, Rule::Truncated, "the file ends inside this segment")
            };
            return Some(Err(issue));
        };
        self.next = byte + end + 1;
        Some(Ok(self.segment(byte, &window[..end])))
    }
}

impl<'a> Lexer<'a> {
    fn segment(&mut self, byte: usize, raw: &'a [u8]) -> Segment<'a> {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        if raw.starts_with(b"UNB") {
            let syntax = raw.get(4..8).unwrap_or_default();
            self.charset = Charset::of_syntax(syntax);
        }
        if raw.starts_with(b"UNH") {
            self.in_message = 1;
        } else if self.in_message > 0 {
            self.in_message += 1;
        }
        let segment =
            Segment { number: self.number, in_message: self.in_message, byte, raw, elements: self.split(raw) };
        if matches!(segment.tag(), "UNT" | "UNB" | "UNZ") {
            self.in_message = 0;
        }
        segment
    }
}
