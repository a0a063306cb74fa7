//! Sample answers, written by us in the shape of each carrier's interface: for tests, the sandbox, and for trying out.
//! A folder per carrier; a name that ends in `_` and three digits came with that status of HTTP, the others with 200.

use include_dir::{Dir, include_dir};

static FIXTURES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A sample answer.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The carrier's id.
    pub carrier: &'static str,
    /// What it shows.
    pub name: &'static str,
    /// The status of HTTP that it came with.
    pub status: u16,
    /// The answer.
    pub body: &'static str,
}

/// Every sample of a carrier.
pub fn samples(carrier: &str) -> Vec<Sample> {
    let folders = FIXTURES.dirs().filter(|folder| folder.path().to_str() == Some(carrier));
    folders.flat_map(Dir::files).filter_map(sample).collect()
}

/// Every sample.
pub fn all() -> Vec<Sample> {
    FIXTURES.dirs().flat_map(Dir::files).filter_map(sample).collect()
}

fn sample(file: &'static include_dir::File<'static>) -> Option<Sample> {
    let name = file.path().file_stem()?.to_str()?;
    let status = name.rsplit_once('_').and_then(|(_, last)| last.parse().ok()).unwrap_or(200);
    let carrier = file.path().parent()?.to_str()?;
    Some(Sample { carrier, name, status, body: file.contents_utf8()? })
}
