//! Reading files beside the sending: a thread reads, and waits while nobody takes what it has read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use tokio::sync::mpsc;
use tracklane_protocols::import::{Format, ImportError, Row, csv, geojson, gpx};

/// Rows that wait to be sent, in batches.
const WAITING: usize = 2;

/// How files are read.
#[derive(Debug, Clone)]
pub struct How {
    /// The format; by name and content when none.
    pub format: Option<Format>,
    /// Columns, properties, times and numbers.
    pub csv: csv::Options,
    /// Rows of one batch.
    pub batch: usize,
    /// Rows up to this line are left out.
    pub after_line: u64,
}

/// Some rows of one file, or its end.
pub enum Piece {
    /// Rows, in the order of the file.
    Rows(Vec<Row>),
    /// The file has been read; with what is wrong, only so far.
    End(Result<(), ImportError>),
}

/// A file that is being read.
pub struct Reading {
    /// What has been read.
    pub pieces: mpsc::Receiver<Piece>,
    /// How many bytes have been read.
    pub bytes: Arc<AtomicU64>,
}

/// Begins to read a file; `-` is standard input.
///
/// # Errors
/// When it cannot be opened.
pub fn begin(path: PathBuf, how: How) -> anyhow::Result<Reading> {
    let bytes = Arc::new(AtomicU64::new(0));
    let source: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&path).with_context(|| format!("failed to open {}", path.display()))?)
    };
    let counted = Counted { source, bytes: bytes.clone() };
    let (sender, pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let end = read(BufReader::with_capacity(1 << 16, counted), &path, &how, &sender);
        // Whoever waited for it may have given up.
        let _ = sender.blocking_send(Piece::End(end));
    });
    Ok(Reading { pieces, bytes })
}

fn read(mut input: impl BufRead, path: &Path, how: &How, sender: &mpsc::Sender<Piece>) -> Result<(), ImportError> {
    let mut rows = Vec::with_capacity(how.batch);
    let mut sink = |row: Row| {
        if row.line <= how.after_line {
            return ControlFlow::Continue(());
        }
        rows.push(row);
        if rows.len() < how.batch {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut rows, Vec::with_capacity(how.batch));
        match sender.blocking_send(Piece::Rows(full)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let first = input.fill_buf().map_err(ImportError::Io)?;
    let format = how.format.unwrap_or_else(|| Format::guess(&path.to_string_lossy(), first));
    let end = match format {
        Format::Gpx => gpx::read(input, how.csv.fields.attributes, &mut sink),
        Format::GeoJson => geojson::read(input, &how.csv.fields, &mut sink),
        Format::Csv => csv::read(input, &how.csv, &mut sink),
    };
    if !rows.is_empty() {
        let _ = sender.blocking_send(Piece::Rows(rows));
    }
    end
}

/// Counts what is read.
struct Counted {
    source: Box<dyn Read + Send>,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
