//! What became of each row: those that were not taken are named, with line, field and rule.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use tracklane_core::FieldError;

/// So many rows are named on standard error; a report file has all.
const SHOWN: usize = 100;

/// What came of an import.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Rows found.
    pub rows: usize,
    /// Rows that the server took and had not known. In a dry run, rows that could be sent.
    pub accepted: usize,
    /// Rows that it knew already.
    pub duplicates: usize,
    /// Rows that it took as history: it knew newer ones of the device.
    pub late: usize,
    /// Rows that it took and does not believe.
    pub marked: usize,
    /// Rows that were not taken, by the server or before.
    pub rejected: usize,
    /// Files that could not be read to their end.
    pub broken_files: usize,
    /// True when nothing was sent.
    pub dry_run: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// One rule that one row breaks, as a line of the report file.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u64,
    device: Option<&'a str>,
    field: &'a str,
    rule: &'a str,
}

/// Where rows that were not taken are told.
pub struct Report {
    file: Option<BufWriter<File>>,
    shown: usize,
}

impl Report {
    /// Tells on standard error, or in a file of JSON lines.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(path: Option<&Path>) -> anyhow::Result<Self> {
        let file = path.map(|path| File::create(path).with_context(|| format!("failed to make {}", path.display())));
        Ok(Self { file: file.transpose()?.map(BufWriter::new), shown: 0 })
    }

    /// Tells of one row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn refused(
        &mut self,
        file: &str,
        line: u64,
        device: Option<&str>,
        errors: &[FieldError],
    ) -> anyhow::Result<()> {
        for FieldError { pointer, detail } in errors {
            let field = pointer.trim_start_matches('#');
            if let Some(report) = &mut self.file {
                serde_json::to_writer(&mut *report, &Line { file, line, device, field, rule: detail })?;
                report.write_all(b"\n")?;
                continue;
            }
            self.shown += 1;
            if self.shown <= SHOWN {
                let field = if field.is_empty() { "the row" } else { field.trim_start_matches('/') };
                eprintln!("{file}:{line}: {field} {detail}");
            }
        }
        Ok(())
    }

    /// Writes out what is left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end(mut self) -> anyhow::Result<()> {
        if self.shown > SHOWN {
            eprintln!("and {} more: --report FILE has all of them", self.shown - SHOWN);
        }
        if let Some(report) = &mut self.file {
            report.flush()?;
        }
        Ok(())
    }
}
