//! The position history next to stores that others wrote, in this process: no sockets in between.

use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::peers::stores::{NAMES, Store};
use crate::sheet::{Bar, Sheet};

/// Measures all; what fails is a note.
pub fn measure(sheet: &mut Sheet, bars: &[Bar], folder: &Path, quick: bool, rounds: u32) {
    if let Err(error) = try_measure(sheet, bars, folder, quick, rounds) {
        sheet.note(format!("history next to other stores: {error}"));
    }
}

fn try_measure(sheet: &mut Sheet, bars: &[Bar], folder: &Path, quick: bool, rounds: u32) -> Outcome<()> {
    // Long enough that each device has the 100 positions that a read asks for.
    let (filled, appended) = if quick { (200_000, 50_000) } else { (1_100_000, 1_000_000) };
    let lasts = Duration::from_secs_f64(if quick { 0.2 } else { 1.0 });
    let mut stores = Vec::new();
    for name in NAMES {
        eprintln!("bench: filling {name}");
        let mut store = Store::open(name, folder)?;
        let took = store.append(filled)?;
        let bytes = store.settle()?;
        stores.push((name, store, took, bytes));
    }
    let Some(((_, _, our_fill, our_bytes), others)) = stores.split_first() else { return Ok(()) };
    for (name, _, fill, bytes) in others {
        for (what, unit, ours, theirs) in [
            ("rows per second while filling", "rows/s", our_fill.rows_per_second, fill.rows_per_second),
            ("longest append while filling", "ms", our_fill.worst_ms, fill.worst_ms),
            ("bytes per position", "bytes", *our_bytes, *bytes),
        ] {
            let line = sheet.line("history", &format!("{what} / {name}"), unit);
            line.ours.push(ours);
            line.theirs.push(theirs);
        }
    }
    let bar = |number: u32| bars.iter().find(|bar| bar.number == number);
    for round in 1..=rounds {
        eprintln!("bench: history next to other stores, round {round} of {rounds}");
        let mut rates = Vec::new();
        for (name, store, ..) in &mut stores {
            rates.push((*name, store.reads(lasts)?));
        }
        for (number, theirs) in [(19, "redb"), (39, "sqlite")] {
            if let (Some(bar), Some((_, ours)), Some((_, theirs))) =
                (bar(number), rates.first(), rates.iter().find(|(name, _)| *name == theirs))
            {
                sheet.pair("history", bar, "reads/s", *ours, *theirs);
            }
        }
        let append = |name| Store::open(name, &folder.join("append"))?.append(appended);
        let (ours, theirs) = (append("tracklane")?, append("fjall")?);
        if let Some(bar) = bar(16) {
            sheet.pair("history", bar, "rows/s", ours.rows_per_second, theirs.rows_per_second);
        }
    }
    Ok(())
}
