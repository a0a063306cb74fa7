//! Bytes that are counted: lines for messages, and a limit for what one record may take.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// What UTF-8 files of some programs begin with.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Where a reading is.
#[derive(Debug, Default)]
struct Counts {
    line_ends: Cell<u64>,
    bytes: Cell<u64>,
}

/// A look at the counts of an [`Input`] that somebody else reads.
#[derive(Debug, Clone)]
pub(super) struct Place(Rc<Counts>);

impl Place {
    /// The line that is being read, from 1.
    pub fn line(&self) -> u64 {
        self.0.line_ends.get() + 1
    }

    /// A new record begins: its bytes are counted from here.
    pub fn begin_record(&self) {
        self.0.bytes.set(0);
    }
}

/// A reader that gives up when one record takes more than so many bytes.
pub(super) struct Input<R> {
    inner: R,
    counts: Rc<Counts>,
    limit: u64,
    begun: bool,
}

impl<R: BufRead> Input<R> {
    pub fn new(inner: R, limit: u64) -> Self {
        Self { inner, counts: Rc::default(), limit, begun: false }
    }

    pub fn place(&self) -> Place {
        Place(self.counts.clone())
    }
}

impl<R: BufRead> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.counts.bytes.get() > self.limit {
            let detail = format!("a single record takes more than {} bytes", self.limit);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        }
        if !self.begun {
            self.begun = true;
            // A first read may in theory be shorter than the mark; then the mark is part of the text, and told so.
            if self.inner.fill_buf()?.starts_with(BOM) {
                self.inner.consume(BOM.len());
            }
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            let taken = &buffer[..amount.min(buffer.len())];
            let line_ends = taken.iter().filter(|byte| **byte == b'\n').count();
            self.counts.line_ends.set(self.counts.line_ends.get() + line_ends as u64);
        }
        self.counts.bytes.set(self.counts.bytes.get() + amount as u64);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_the_mark_is_left_out_and_a_record_has_a_limit() {
        let mut input = Input::new(&b"\xEF\xBB\xBFone\ntwo\nthree"[..], 8);
        let place = input.place();
        let mut line = String::new();
        input.read_line(&mut line).unwrap();
        assert_eq!((line.as_str(), place.line()), ("one\n", 2));
        place.begin_record();
        input.read_line(&mut line).unwrap();
        place.begin_record();
        input.read_line(&mut line).unwrap();
        assert_eq!((line.as_str(), place.line()), ("one\ntwo\nthree", 3));

        let long = [b'x'; 100];
        let mut input = Input::new(io::BufReader::with_capacity(4, &long[..]), 8);
        assert_eq!(input.read_to_end(&mut Vec::new()).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
