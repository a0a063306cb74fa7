//! Tables with a header that names the columns. Delimiters and quotes as in RFC 4180; other delimiters are found by what the
//! header has most of. A field may hold line breaks within quotes; a quote that is never closed spoils what comes behind it.

use std::io::BufRead;
use std::ops::ControlFlow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use tracklane_core::Invalid;

use super::fields::{Field, Fields};
use super::input::{Input, Place};
use super::{Draft, ImportError, Reading, Row, Sink};

/// The most bytes of one record; a longer one is refused and stops no other.
const MAX_RECORD: usize = 1 << 20;
/// The most fields of one record.
const MAX_FIELDS: usize = 1_024;
/// Delimiters that are looked for.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How a table is read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which column is which field.
    pub fields: Fields,
    /// What stands between fields; found by itself when none.
    pub delimiter: Option<u8>,
}

/// Reads a table.
///
/// # Errors
/// When the header does not name what is needed, or the bytes do not come.
pub fn read(input: impl BufRead, options: &Options, sink: &mut Sink<'_>) -> Result<(), ImportError> {
    let mut input = Input::new(input, u64::MAX);
    let place = input.place();
    let first = input.fill_buf().map_err(ImportError::Io)?;
    if first.starts_with(b"\xFF\xFE") || first.starts_with(b"\xFE\xFF") {
        return Err(ImportError::Syntax { line: 1, detail: "the file is UTF-16; save it as UTF-8".to_owned() });
    }
    let delimiter = options.delimiter.unwrap_or_else(|| delimiter(first));
    let mut records = Records::new(input, place, ReaderBuilder::new().delimiter(delimiter).build());
    let Some(header) = records.next()? else { return Ok(()) };
    let names = header.texts().map_err(|detail| ImportError::Syntax { line: 1, detail })?;
    let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    let columns = columns(&names, &options.fields)?;
    while let Some(record) = records.next()? {
        let (line, mut device) = (record.line, None);
        let reading = reading(&record, &names, &columns, &options.fields, &mut device);
        if sink(Row { line, device, reading }) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

/// What the first line has most of.
fn delimiter(first: &[u8]) -> u8 {
    let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    // Of two with the same count the one that comes first in the list.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// The field of each column.
fn columns(names: &[String], fields: &Fields) -> Result<Vec<Option<Field>>, ImportError> {
    let missing = |wanted: &str| ImportError::Column { wanted: wanted.to_owned(), known: names.join(", ") };
    for (_, said) in &fields.named {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(said)) {
            return Err(missing(said));
        }
    }
    let mut columns: Vec<Option<Field>> = vec![None; names.len()];
    for (column, name) in columns.iter_mut().zip(names) {
        *column = fields.of_name(name);
    }
    // Of two columns that go by known names the first one counts.
    for place in 1..columns.len() {
        if columns[..place].contains(&columns[place]) {
            columns[place] = None;
        }
    }
    for (field, wanted) in [(Field::Time, "time"), (Field::Lat, "lat"), (Field::Lon, "lon")] {
        if !columns.contains(&Some(field)) {
            return Err(missing(wanted));
        }
    }
    Ok(columns)
}

fn reading(
    record: &Record<'_>,
    names: &[String],
    columns: &[Option<Field>],
    fields: &Fields,
    device: &mut Option<String>,
) -> Result<Reading, Invalid> {
    let texts = record.texts().map_err(|rule| Invalid::one("", rule))?;
    if texts.len() > names.len() {
        let rule = format!("has {} fields, the header {}", texts.len(), names.len());
        return Err(Invalid::one("", rule));
    }
    let mut draft = Draft::default();
    for ((text, name), column) in texts.iter().zip(names).zip(columns) {
        match column {
            Some(field) => fields.note(&mut draft, device, *field, text),
            None if fields.attributes => draft.attribute(name, text.trim()),
            None => {}
        }
    }
    draft.finish()
}

/// One record as it stands in the file.
struct Record<'a> {
    line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
    too_long: bool,
}

impl Record<'_> {
    /// The fields as text.
    fn texts(&self) -> Result<Vec<&str>, String> {
        if self.too_long {
            return Err(format!(
                "is longer than {MAX_RECORD} bytes or {MAX_FIELDS} fields; perhaps a quote is never closed"
            ));
        }
        let mut texts = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for (number, end) in self.ends.iter().enumerate() {
            let text = std::str::from_utf8(&self.bytes[start..*end]);
            texts.push(text.map_err(|_| format!("field {} is not UTF-8", number + 1))?);
            start = *end;
        }
        Ok(texts)
    }
}

struct Records<R> {
    input: Input<R>,
    place: Place,
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Records<R> {
    fn new(input: Input<R>, place: Place, reader: Reader) -> Self {
        Self { input, place, reader, bytes: vec![0; MAX_RECORD], ends: vec![0; MAX_FIELDS] }
    }

    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let (mut written, mut ended, mut too_long, mut behind) = (0, 0, false, false);
        loop {
            let chunk = self.input.fill_buf().map_err(ImportError::Io)?;
            let (result, taken, wrote, ends) =
                self.reader.read_record(chunk, &mut self.bytes[written..], &mut self.ends[ended..]);
            // Of the two bytes of a line break of DOS the second one comes with the next record.
            if let Some(last) = taken.checked_sub(1) {
                behind = chunk[last] == b'\n';
            }
            self.input.consume(taken);
            (written, ended) = (written + wrote, ended + ends);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // The rest of it is read over what there is: nobody will look at it.
                    (written, ended, too_long) = (0, 0, true);
                }
                ReadRecordResult::Record => {
                    let line = self.place.line() - u64::from(behind);
                    return Ok(Some(Record {
                        line,
                        bytes: &self.bytes[..written],
                        ends: &self.ends[..ended],
                        too_long,
                    }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}
