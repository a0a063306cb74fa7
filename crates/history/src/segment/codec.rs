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

/// Reads a block of `count` rows of which the first has the given fix time; none when the checksum or anything else
/// does not fit.
pub(crate) fn decode_block(block: &[u8], count: usize, first_fix_time: i64) -> Option<Vec<Row>> {
    let (crc, columns) = block.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*crc) != crc32fast::hash(columns) || count == 0 || count > BLOCK_ROWS {
        return None;
    }
    let mut input = Reader(columns);
    let mut flags = vec![0; count];
    let mut slots = flags.iter_mut();
    decode_column(&mut input, count, |value| store(slots.next()?, value))?;
    let mut block = Block { input, rows: flags.iter().map(|flags| unstated(*flags)).collect::<Option<_>>()?, flags };
    block.fill(EVERY, |row| &mut row.fix_time)?;
    block.fill(EVERY, |row| &mut row.received_at)?;
    for row in &mut block.rows {
        row.fix_time = row.fix_time.wrapping_add(first_fix_time);
        row.received_at = row.received_at.wrapping_add(row.fix_time);
    }
    block.fill(EVERY, |row| &mut row.lat)?;
    block.fill(EVERY, |row| &mut row.lon)?;
    block.fill(ALTITUDE, |row| &mut row.altitude)?;
    block.fill(ACCURACY, |row| &mut row.accuracy)?;
    block.fill(SPEED, |row| &mut row.speed)?;
    block.fill(COURSE, |row| &mut row.course)?;
    block.fill_attributes()?;
    Some(block.rows)
}

/// None when the number is out of the range of its place.
fn store<T: TryFrom<i64>>(place: &mut T, value: i64) -> Option<()> {
    *place = value.try_into().ok()?;
    Some(())
}

/// A row of which nothing but its flags is known yet; none when they are not what [`flags`] makes.
fn unstated(flags: i64) -> Option<Row> {
    Some(Row {
        fix_time: 0,
        received_at: 0,
        lat: 0,
        lon: 0,
        altitude: NO_ALTITUDE,
        accuracy: NO_ACCURACY,
        speed: NO_SPEED,
        course: NO_COURSE,
        valid: flags & VALID != 0,
        mark: u8::try_from(flags >> MARK_SHIFT).ok()?,
        attributes: None,
    })
}

/// A block being decoded.
struct Block<'a> {
    input: Reader<'a>,
    flags: Vec<i64>,
    rows: Vec<Row>,
}

impl Block<'_> {
    /// Decodes the next column into a field of the rows that have one of these flags.
    fn fill<T: TryFrom<i64>>(&mut self, having: i64, field: impl Fn(&mut Row) -> &mut T) -> Option<()> {
        let Self { input, flags, rows } = self;
        let count = flags.iter().filter(|flags| *flags & having != 0).count();
        if count == rows.len() {
            let mut rows = rows.iter_mut();
            return decode_column(input, count, |value| store(field(rows.next()?), value));
        }
        let mut rows = rows.iter_mut().zip(flags).filter(|(_, flags)| **flags & having != 0);
        decode_column(input, count, |value| store(field(rows.next()?.0), value))
    }

    fn fill_attributes(&mut self) -> Option<()> {
        let Self { input, flags, rows } = self;
        let count = flags.iter().filter(|flags| *flags & ATTRIBUTES != 0).count();
        if count == 0 {
            return Some(());
        }
        let mut texts = Vec::new();
        for _ in 0..input.size()? {
            let len = input.size()?;
            texts.push(Arc::new(input.bytes(len)?.to_vec()));
        }
        let mut rows = rows.iter_mut().zip(flags).filter(|(_, flags)| **flags & ATTRIBUTES != 0);
        decode_column(input, count, |index| {
            let text = texts.get(usize::try_from(index).ok()?)?;
            rows.next()?.0.attributes = Some(Arc::clone(text));
            Some(())
        })
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

/// Gives `each` the numbers of a column; none when the bytes are not what [`encode_column`] writes, or `each` refuses.
fn decode_column(input: &mut Reader<'_>, count: usize, mut each: impl FnMut(i64) -> Option<()>) -> Option<()> {
    let Some(mut rest) = count.checked_sub(1) else { return Some(()) };
    let head = input.byte()?;
    let (kind, width) = (head >> 6, u32::from(head & 63));
    if kind == OFFSETS {
        let lowest = input.signed()?;
        return unpack(input, count, width, |number| each(lowest.wrapping_add(number.cast_signed())));
    }
    let of_deltas = match (kind, width) {
        (DELTAS, _) | (VARINTS, 1) => false,
        (DELTAS_OF_DELTAS, _) | (VARINTS, 2) => true,
        _ => return None,
    };
    let (mut value, mut delta) = (input.signed()?, 0_i64);
    each(value)?;
    if of_deltas && rest > 0 {
        rest -= 1;
        delta = input.signed()?;
        value = value.wrapping_add(delta);
        each(value)?;
    }
    let mut add = |number: i64| {
        delta = if of_deltas { delta.wrapping_add(number) } else { number };
        value = value.wrapping_add(delta);
        each(value)
    };
    if kind == VARINTS {
        return (0..rest).try_for_each(|_| add(input.signed()?));
    }
    if rest == 0 {
        return Some(());
    }
    let lowest = input.signed()?;
    unpack(input, rest, width, |number| add(lowest.wrapping_add(number.cast_signed())))
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

/// Reads `count` numbers of `width` bits each.
fn unpack(input: &mut Reader<'_>, count: usize, width: u32, mut each: impl FnMut(u64) -> Option<()>) -> Option<()> {
    if width > WIDEST {
        return None;
    }
    let bytes = input.bytes((count * width as usize).div_ceil(8))?;
    let mask = (1_u64 << width) - 1;
    for index in 0..count {
        let bit = index * width as usize;
        let word = match bytes.get(bit / 8..bit / 8 + 8) {
            Some(word) => word.try_into().map_or(0, u64::from_le_bytes),
            None => {
                let mut last = [0; 8];
                let rest = &bytes[(bit / 8).min(bytes.len())..];
                last[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(last)
            }
        };
        each(word >> (bit % 8) & mask)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(values: &[i64]) -> usize {
        let mut out = Vec::new();
        encode_column(values, &mut out);
        let mut input = Reader(&out);
        assert_eq!(decoded(&mut input, values.len()).as_deref(), Some(values));
        assert!(input.0.is_empty());
        for cut in 0..out.len() {
            assert_eq!(decoded(&mut Reader(&out[..cut]), values.len()), None, "cut at {cut}");
        }
        out.len()
    }

    fn decoded(input: &mut Reader<'_>, count: usize) -> Option<Vec<i64>> {
        let mut values = Vec::new();
        decode_column(input, count, |value| {
            values.push(value);
            Some(())
        })?;
        Some(values)
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
        fn any_column_comes_back(values in prop::collection::vec(any::<i64>(), 1..200), shift in 0..64) {
            let values: Vec<i64> = values.iter().map(|value| value >> shift).collect();
            check(&values);
        }
    }
}
