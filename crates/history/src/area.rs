//! Who was in an area: the directories tell which blocks can hold such rows; only those are read.

use tracklane_core::id::Id as _;
use tracklane_core::ports::{AreaCursor, AreaPage, AreaQuery};
use tracklane_core::position::Position;

use crate::bounds::Area;
use crate::core::Core;
use crate::error::Error;
use crate::row::{Key, micros_up, to_positions};
use crate::segment::{Cursor, Reach};
use crate::view::Wanted;

/// A page looks at so many rows at most.
const MOST_ROWS: usize = 200_000;
/// So many rows are read at once.
const CHUNK: usize = 4_096;

/// A device with the first and the last fix time of rows that may be in the area.
type Candidate = (Key, i64, i64);

/// A part of the history with the next device in it that may have been in the area.
struct Source<'a> {
    next: Option<Candidate>,
    more: Box<dyn FnMut() -> Result<Option<Candidate>, Error> + 'a>,
}

impl Source<'_> {
    fn step(&mut self) -> Result<(), Error> {
        self.next = (self.more)()?;
        Ok(())
    }
}

/// Answers a page.
pub(crate) fn page(core: &Core, query: &AreaQuery) -> Result<AreaPage, Error> {
    let area = Area::new(query.area);
    let tenant = query.tenant_id.uuid().as_u128();
    let (from, to) = (micros_up(query.from), micros_up(query.to));
    let mut page = AreaPage { positions: Vec::new(), next: None };
    if from >= to || query.limit == 0 {
        return Ok(page);
    }
    // The device to go on with, and from when on.
    let after = query.after.map(|cursor| {
        let seen = cursor.fix_time.as_microsecond().saturating_add(1);
        (Key { tenant, device: cursor.device_id.uuid().as_u128() }, seen)
    });
    let first = after.map_or(Key { tenant, device: 0 }, |(key, _)| key);
    let (segments, tables) = {
        let view = core.view.read();
        let mut tables: Vec<_> = view.frozen.iter().map(|table| table.touching(tenant, &area, (from, to))).collect();
        tables.push(view.active.touching(tenant, &area, (from, to)));
        (view.segments.clone(), tables)
    };
    let mut sources: Vec<Source<'_>> = Vec::new();
    for segment in &segments {
        let part = segment.tenant(tenant).filter(|part| part.min < to && part.max >= from);
        if part.is_none() {
            continue;
        }
        let mut cursor = Cursor::at(segment, first, i64::MIN, Reach::Disk);
        let more = move || {
            let entry = cursor.next_touching(segment, tenant, &area, (from, to))?;
            Ok(entry.map(|entry| (entry.key, entry.min, entry.max)))
        };
        sources.push(Source { next: None, more: Box::new(more) });
    }
    for mut table in tables {
        table.sort_unstable_by_key(|(key, ..)| std::cmp::Reverse(*key));
        sources.push(Source { next: None, more: Box::new(move || Ok(table.pop())) });
    }
    for source in &mut sources {
        source.step()?;
        while source.next.is_some_and(|(key, ..)| key < first) {
            source.step()?;
        }
    }
    let mut looked_at = 0;
    while let Some(key) = sources.iter().filter_map(|source| source.next).map(|(key, ..)| key).min() {
        let mut spans = Vec::new();
        for source in &mut sources {
            while let Some((_, min, max)) = source.next.filter(|(next, ..)| *next == key) {
                spans.push((min, max));
                source.step()?;
            }
        }
        let begin = after.filter(|(first, _)| *first == key).map_or(from, |(_, seen)| seen.max(from));
        for (min, max) in joined(spans) {
            // All rows of this time are read, also those elsewhere: they may have taken the place of one in the area.
            let (mut from, to) = (min.max(begin), max.saturating_add(1).min(to));
            while from < to {
                let wanted = Wanted { key, from, to, limit: CHUNK };
                let selection = core.view.read().select(&wanted);
                let rows = selection.rows(Reach::Disk)?;
                let Some(last) = rows.last() else { break };
                (from, looked_at) = (last.fix_time.saturating_add(1), looked_at + rows.len());
                let corrupt = || Error::corrupt(&core.folder, "a position");
                let inside = rows.iter().filter(|row| area.contains(row)).take(query.limit - page.positions.len());
                page.positions.extend(to_positions(inside.map(|row| (key, row))).ok_or_else(corrupt)?);
                if page.positions.len() >= query.limit {
                    page.next = page.positions.last().map(place);
                    return Ok(page);
                }
                if looked_at >= MOST_ROWS {
                    let last = to_positions(std::iter::once((key, last))).ok_or_else(corrupt)?;
                    page.next = last.last().map(place);
                    return Ok(page);
                }
            }
        }
    }
    Ok(page)
}

fn place(position: &Position) -> AreaCursor {
    AreaCursor { device_id: position.device_id, fix_time: position.fix_time }
}

/// Spans of time, in order, none of them touching another.
fn joined(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    spans.dedup_by(|(min, max), (_, end)| {
        let touches = *min <= *end;
        if touches {
            *end = (*end).max(*max);
        }
        touches
    });
    spans
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn spans_that_touch_are_one() {
        assert_eq!(joined(vec![(5, 9), (1, 2), (2, 4), (20, 30), (6, 7)]), [(1, 4), (5, 9), (20, 30)]);
        assert_eq!(joined(Vec::new()), []);
    }
}
