//! A block: up to 128 rows of one device, sorted by fix time, column by column.
//!
//! Each column of whole numbers is written in whichever of these ways takes the fewest bytes: the numbers themselves, the
//! differences of neighbours, the differences of differences - each as its distance from the lowest, packed into as many
//! bits as the widest one needs - or differences as varints, which wins when one number stands far out.

use std::sync::Arc;

use crate::row::{NO_ACCURACY, NO_ALTITUDE, NO_COURSE, NO_SPEED, Row};
use crate::varint::{self, Reader, put, put_signed, zigzag};

/// At most so many rows stand in a block: a read of 100 rows mostly needs one or two.
pub(crate) const BLOCK_ROWS: usize = 128;

const VALID: i64 = 1;
const ALTITUDE: i64 = 1 << 1;
const ACCURACY: i64 = 1 << 2;
const SPEED: i64 = 1 << 3;
const COURSE: i64 = 1 << 4;
const ATTRIBUTES: i64 = 1 << 5;
/// Set in each row, so that there is one flag for the columns that every row has.
const EVERY: i64 = 1 << 6;
/// The number of the mark stands above this bit.
const MARK_SHIFT: u32 = 7;

/// Wider numbers are written as varints, so that a packed one can be read with one load of eight bytes.
const WIDEST: u32 = 56;

/// How a column is written: the two high bits of its first byte. The low six bits are the width in bits.
const OFFSETS: u8 = 0;
const DELTAS: u8 = 1;
const DELTAS_OF_DELTAS: u8 = 2;
/// The width is 1 for differences, 2 for differences of differences.
const VARINTS: u8 = 3;

/// Adds a block to `out`. The fix time of the first row is not part of it: the directory has it.
///
/// The rows must be sorted by fix time; there must be at least one.
pub(crate) fn encode_block(rows: &[Row], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let first = rows.first().map_or(0, |row| row.fix_time);
    let mut values = Vec::with_capacity(rows.len());
    let mut column = |of: &mut dyn Iterator<Item = i64>| {
        values.clear();
        values.extend(of);
        encode_column(&values, out);
    };
    column(&mut rows.iter().map(flags));
    column(&mut rows.iter().map(|row| row.fix_time.wrapping_sub(first)));
    column(&mut rows.iter().map(|row| row.received_at.wrapping_sub(row.fix_time)));
    column(&mut rows.iter().map(|row| row.lat.into()));
    column(&mut rows.iter().map(|row| row.lon.into()));
    column(&mut rows.iter().filter(|row| row.altitude != NO_ALTITUDE).map(|row| row.altitude.into()));
    column(&mut rows.iter().filter(|row| row.accuracy != NO_ACCURACY).map(|row| row.accuracy.into()));
    column(&mut rows.iter().filter(|row| row.speed != NO_SPEED).map(|row| row.speed.into()));
    column(&mut rows.iter().filter(|row| row.course != NO_COURSE).map(|row| row.course.into()));
    encode_attributes(rows, &mut values, out);
    let crc = crc32fast::hash(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

fn flags(row: &Row) -> i64 {
    let stated = [
        (row.valid, VALID),
        (row.altitude != NO_ALTITUDE, ALTITUDE),
        (row.accuracy != NO_ACCURACY, ACCURACY),
        (row.speed != NO_SPEED, SPEED),
        (row.course != NO_COURSE, COURSE),
        (row.attributes.is_some(), ATTRIBUTES),
    ];
    let mark = i64::from(row.mark) << MARK_SHIFT;
    stated.iter().fold(EVERY | mark, |sum, (set, flag)| if *set { sum | flag } else { sum })
}

/// Each different text once, in the order of first use, and a column that says which one.
fn encode_attributes(rows: &[Row], which: &mut Vec<i64>, out: &mut Vec<u8>) {
    which.clear();
    let mut texts: Vec<&Arc<Vec<u8>>> = Vec::new();
    for text in rows.iter().filter_map(|row| row.attributes.as_ref()) {
        let known = texts.iter().rposition(|known| *known == text);
        let index = known.unwrap_or_else(|| {
            texts.push(text);
            texts.len() - 1
        });
        which.push(index as i64);
    }
    if which.is_empty() {
        return;
    }
    put(out, texts.len() as u64);
    for text in texts {
        put(out, text.len() as u64);
        out.extend_from_slice(text);
    }
    encode_column(which, out);
}

/// So many bytes must be readable after the end of a block: a packed number is read with one load of eight bytes.
pub(crate) const PADDING: usize = 8;

/// A column of a block while it is read.
type Numbers = [i64; BLOCK_ROWS];

/// Room for the columns of a block, used again for the next one.
pub(crate) struct Columns {
    flags: Numbers,
    fix_time: Numbers,
    received_at: Numbers,
    lat: Numbers,
    lon: Numbers,
    altitude: Numbers,
    accuracy: Numbers,
    speed: Numbers,
    course: Numbers,
    /// What is stated by some rows only, before it stands where it belongs.
    some: Numbers,
}

impl Columns {
    pub(crate) fn new() -> Self {
        const ZEROS: Numbers = [0; BLOCK_ROWS];
        Self {
            flags: ZEROS,
            fix_time: ZEROS,
            received_at: ZEROS,
            lat: ZEROS,
            lon: ZEROS,
            altitude: ZEROS,
            accuracy: ZEROS,
            speed: ZEROS,
            course: ZEROS,
            some: ZEROS,
        }
    }
}

/// Which rows of a block are wanted: with a fix time in `from..to`, at most `limit`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub from: i64,
    pub to: i64,
    pub limit: usize,
}

impl Part {
    pub(crate) const ALL: Self = Self { from: i64::MIN, to: i64::MAX, limit: usize::MAX };
}

/// Adds the wanted rows of a block to `rows`. The block takes the first `len` of the `bytes`, after which there is
/// [`PADDING`]; it holds `count` rows, of which the first has the given fix time. None when the checksum or anything else
/// does not fit.
pub(crate) fn decode_block(
    bytes: &[u8],
    len: usize,
    (count, first_fix_time): (usize, i64),
    part: Part,
    columns: &mut Columns,
    rows: &mut Vec<Row>,
) -> Option<()> {
    let block = bytes.get(..len)?;
    let (crc, content) = block.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*crc) != crc32fast::hash(content) || count == 0 || count > BLOCK_ROWS {
        return None;
    }
    let mut input = Input { padded: bytes, rest: Reader(content), len };
    let Columns { flags, fix_time, received_at, lat, lon, altitude, accuracy, speed, course, some } = columns;
    input.column(count, count, flags)?;
    let flags = &flags[..count];
    let stated = flags.iter().fold(!0, |all, flags| all & flags);
    input.column(count, count, fix_time)?;
    fix_time[..count].iter_mut().for_each(|time| *time = time.wrapping_add(first_fix_time));
    let start = fix_time[..count].partition_point(|time| *time < part.from);
    let end = fix_time[..count].partition_point(|time| *time < part.to).min(start.saturating_add(part.limit));
    if start >= end {
        return Some(());
    }
    // What stands after the last wanted row need not be looked at.
    let mut column = |having: i64, out: &mut Numbers, absent: i64| {
        if stated & having != 0 {
            return input.column(count, end, out);
        }
        let number = flags.iter().filter(|flags| *flags & having != 0).count();
        input.column(number, number, some)?;
        let mut values = some[..number].iter();
        for (out, flags) in out.iter_mut().zip(flags) {
            *out = if flags & having != 0 { *values.next()? } else { absent };
        }
        Some(())
    };
    column(EVERY, received_at, 0)?;
    column(EVERY, lat, 0)?;
    column(EVERY, lon, 0)?;
    column(ALTITUDE, altitude, NO_ALTITUDE.into())?;
    column(ACCURACY, accuracy, NO_ACCURACY.into())?;
    column(SPEED, speed, NO_SPEED.into())?;
    column(COURSE, course, NO_COURSE.into())?;
    let (before, mut sound) = (rows.len(), true);
    rows.extend((start..end).map(|at| Row {
        fix_time: fix_time[at],
        received_at: received_at[at].wrapping_add(fix_time[at]),
        lat: narrow(lat[at], &mut sound),
        lon: narrow(lon[at], &mut sound),
        altitude: narrow(altitude[at], &mut sound),
        accuracy: narrow(accuracy[at], &mut sound),
        speed: narrow(speed[at], &mut sound),
        course: narrow(course[at], &mut sound),
        valid: flags[at] & VALID != 0,
        mark: narrow(flags[at] >> MARK_SHIFT, &mut sound),
        attributes: None,
    }));
    if !sound {
        return None;
    }
    if flags.iter().any(|flags| flags & ATTRIBUTES != 0) {
        input.attributes(flags, start, some, &mut rows[before..])?;
    }
    Some(())
}

/// A number in the type of its place; `sound` becomes false when it does not fit.
#[inline]
fn narrow<T: TryFrom<i64> + Default>(number: i64, sound: &mut bool) -> T {
    T::try_from(number).unwrap_or_else(|_| {
        *sound = false;
        T::default()
    })
}

/// A block being read.
struct Input<'a> {
    /// The block and what stands behind it.
    padded: &'a [u8],
    rest: Reader<'a>,
    /// Where the block ends.
    len: usize,
}

impl Input<'_> {
    /// Reads a column of `count` numbers, of which the first `wanted` go to `out`; the others may be left out.
    fn column(&mut self, count: usize, wanted: usize, out: &mut Numbers) -> Option<()> {
        if count == 0 {
            return Some(());
        }
        let head = self.rest.byte()?;
        let (kind, width) = (head >> 6, u32::from(head & 63));
        // How many numbers stand by themselves before the rest is differences.
        let begin = match (kind, width) {
            (OFFSETS, _) => 0,
            (DELTAS, _) | (VARINTS, 1) => 1,
            (DELTAS_OF_DELTAS, _) | (VARINTS, 2) => 2,
            _ => return None,
        };
        let alone = begin.min(count);
        for slot in &mut out[..alone] {
            *slot = self.rest.signed()?;
        }
        if kind == VARINTS {
            for slot in &mut out[alone..count] {
                *slot = self.rest.signed()?;
            }
        } else if count > alone {
            let lowest = self.rest.signed()?;
            self.unpack(count - alone, width, lowest, &mut out[alone..wanted.max(alone)])?;
        }
        let out = &mut out[..wanted];
        sum_up(out, begin);
        Some(())
    }

    /// Reads numbers of `width` bits each, of which there are `count`: the first ones, with `lowest` added, to `out`.
    fn unpack(&mut self, count: usize, width: u32, lowest: i64, out: &mut [i64]) -> Option<()> {
        if width > WIDEST {
            return None;
        }
        let at = self.len - self.rest.0.len();
        self.rest.bytes((count * width as usize).div_ceil(8))?;
        if width == 0 {
            out.fill(lowest);
            return Some(());
        }
        let bytes = self.padded.get(at..)?;
        let mask = (1_u64 << width) - 1;
        let mut bit = 0;
        for slot in out {
            let word = bytes.get(bit / 8..)?.first_chunk::<8>().map(|word| u64::from_le_bytes(*word))?;
            *slot = lowest.wrapping_add((word >> (bit % 8) & mask).cast_signed());
            bit += width as usize;
        }
        Some(())
    }

    /// Gives the rows their attributes; they begin with row `start` of the block.
    fn attributes(&mut self, flags: &[i64], start: usize, which: &mut Numbers, rows: &mut [Row]) -> Option<()> {
        let count = flags.iter().filter(|flags| *flags & ATTRIBUTES != 0).count();
        let mut texts = Vec::new();
        for _ in 0..self.rest.size()? {
            let len = self.rest.size()?;
            texts.push((self.rest.bytes(len)?, None));
        }
        self.column(count, count, which)?;
        let before = flags[..start].iter().filter(|flags| *flags & ATTRIBUTES != 0).count();
        let having = rows.iter_mut().zip(&flags[start..]).filter(|(_, flags)| *flags & ATTRIBUTES != 0);
        for ((row, _), index) in having.zip(&which[before..count]) {
            let (text, shared) = texts.get_mut(usize::try_from(*index).ok()?)?;
            let shared: &mut Option<Arc<Vec<u8>>> = shared;
            row.attributes = Some(Arc::clone(shared.get_or_insert_with(|| Arc::new(text.to_vec()))));
        }
        Some(())
    }
}

/// Makes numbers of differences (`order` 1) or of differences of differences (`order` 2).
fn sum_up(numbers: &mut [i64], order: usize) {
    match order {
        1 => {
            let mut value = 0_i64;
            for number in numbers {
                value = value.wrapping_add(*number);
                *number = value;
            }
        }
        2 => {
            let Some((first, rest)) = numbers.split_first_mut() else { return };
            let (mut value, mut delta) = (*first, 0_i64);
            for number in rest {
                delta = delta.wrapping_add(*number);
                value = value.wrapping_add(delta);
                *number = value;
            }
        }
        _ => {}
    }
}

/// Adds a column: its head byte, as many numbers as the differencing needs to begin with, then the rest.
fn encode_column(values: &[i64], out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let deltas = differences(values);
    let deltas_of_deltas = differences(&deltas);
    let begin = [values[0], deltas.first().copied().unwrap_or_default()];
    let two = &begin[..values.len().min(2)];
    let mut way = Way::packed(OFFSETS, &[], values)
        .or_cheaper(Way::packed(DELTAS, &begin[..1], &deltas))
        .or_cheaper(Way::packed(DELTAS_OF_DELTAS, two, &deltas_of_deltas));
    // A varint takes a byte at least, so these are seldom worth a look.
    if way.cost > values.len() {
        way = way.or_cheaper(Way::varints(1, &begin[..1], &deltas));
        way = way.or_cheaper(Way::varints(2, two, &deltas_of_deltas));
    }
    out.push(way.kind << 6 | way.width as u8);
    way.begin.iter().for_each(|number| put_signed(out, *number));
    if way.kind == VARINTS {
        way.rest.iter().for_each(|number| put_signed(out, *number));
    } else if !way.rest.is_empty() {
        put_signed(out, way.lowest);
        pack(way.rest.iter().map(|number| number.wrapping_sub(way.lowest).cast_unsigned()), way.width, out);
    }
}

fn differences(values: &[i64]) -> Vec<i64> {
    values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect()
}

/// One way of writing a column, and how many bytes it would take.
struct Way<'a> {
    kind: u8,
    width: u32,
    begin: &'a [i64],
    rest: &'a [i64],
    lowest: i64,
    cost: usize,
}

impl<'a> Way<'a> {
    fn or_cheaper(self, other: Self) -> Self {
        if other.cost < self.cost { other } else { self }
    }

    fn packed(kind: u8, begin: &'a [i64], rest: &'a [i64]) -> Self {
        let first = rest.first().copied().unwrap_or_default();
        let (lowest, highest) = rest.iter().fold((first, first), |(low, high), n| (low.min(*n), high.max(*n)));
        let width = 64 - highest.wrapping_sub(lowest).cast_unsigned().leading_zeros();
        let cost = match width {
            0..=WIDEST => varints_len(begin) + varints_len(&[lowest]) + (rest.len() * width as usize).div_ceil(8),
            _ => usize::MAX,
        };
        Self { kind, width, begin, rest, lowest, cost }
    }

    fn varints(order: u32, begin: &'a [i64], rest: &'a [i64]) -> Self {
        let cost = varints_len(begin) + varints_len(rest);
        Self { kind: VARINTS, width: order, begin, rest, lowest: 0, cost }
    }
}

fn varints_len(values: &[i64]) -> usize {
    values.iter().map(|value| varint::len(zigzag(*value))).sum()
}

/// Adds numbers of `width` bits each, low bits first, filled up to a whole byte.
fn pack(numbers: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut word, mut used) = (0_u128, 0);
    for number in numbers {
        word |= u128::from(number) << used;
        used += width;
        if used >= 64 {
            out.extend_from_slice(&(word as u64).to_le_bytes());
            word >>= 64;
            used -= 64;
        }
    }
    let last = word.to_le_bytes();
    out.extend_from_slice(&last[..used.div_ceil(8) as usize]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(values: &[i64]) -> usize {
        let mut out = Vec::new();
        encode_column(values, &mut out);
        assert_eq!(decoded(&out, values.len()), Some((values.to_vec(), 0)));
        for cut in 0..out.len() {
            assert_eq!(decoded(&out[..cut], values.len()), None, "cut at {cut}");
        }
        out.len()
    }

    fn decoded(column: &[u8], count: usize) -> Option<(Vec<i64>, usize)> {
        let mut padded = column.to_vec();
        padded.extend_from_slice(&[0xff; PADDING]);
        let mut input = Input { padded: &padded, rest: Reader(column), len: column.len() };
        let mut out = [0; BLOCK_ROWS];
        input.column(count, count, &mut out)?;
        Some((out[..count].to_vec(), input.rest.0.len()))
    }

    #[test]
    fn columns_take_the_cheapest_way() {
        assert_eq!(check(&[7; 128]), 2);
        assert_eq!(check(&(0..128).map(|n| n * 10_000_000).collect::<Vec<_>>()), 6);
        // One gap of a day does not widen every other number.
        let gap: Vec<i64> = (0..128).map(|n| n * 10 + if n > 60 { 86_400_000_000 } else { 0 }).collect();
        assert!(check(&gap) < 150);
        check(&[i64::MIN, i64::MAX, 0, -1, 1]);
        check(&[i64::MAX]);
    }

    proptest! {
        #[test]
        fn any_column_comes_back(values in prop::collection::vec(any::<i64>(), 1..=BLOCK_ROWS), shift in 0..64) {
            let values: Vec<i64> = values.iter().map(|value| value >> shift).collect();
            check(&values);
        }
    }
}
