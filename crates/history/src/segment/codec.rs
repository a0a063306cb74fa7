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
    stated.iter().fold(0, |sum, (set, flag)| if *set { sum | flag } else { sum })
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
    let flags = decode_column(&mut input, count)?;
    let having = |flag: i64| flags.iter().filter(|flags| *flags & flag != 0).count();
    let fix_times = decode_column(&mut input, count)?;
    let delays = decode_column(&mut input, count)?;
    let lats = decode_column(&mut input, count)?;
    let lons = decode_column(&mut input, count)?;
    let mut altitudes = decode_column(&mut input, having(ALTITUDE))?.into_iter();
    let mut accuracies = decode_column(&mut input, having(ACCURACY))?.into_iter();
    let mut speeds = decode_column(&mut input, having(SPEED))?.into_iter();
    let mut courses = decode_column(&mut input, having(COURSE))?.into_iter();
    let mut attributes = decode_attributes(&mut input, having(ATTRIBUTES))?.into_iter();
    let mut rows = Vec::with_capacity(count);
    for (index, flags) in flags.iter().enumerate() {
        let fix_time = first_fix_time.wrapping_add(fix_times[index]);
        rows.push(Row {
            fix_time,
            received_at: fix_time.wrapping_add(delays[index]),
            lat: lats[index].try_into().ok()?,
            lon: lons[index].try_into().ok()?,
            altitude: if flags & ALTITUDE != 0 { altitudes.next()?.try_into().ok()? } else { NO_ALTITUDE },
            accuracy: if flags & ACCURACY != 0 { accuracies.next()?.try_into().ok()? } else { NO_ACCURACY },
            speed: if flags & SPEED != 0 { speeds.next()?.try_into().ok()? } else { NO_SPEED },
            course: if flags & COURSE != 0 { courses.next()?.try_into().ok()? } else { NO_COURSE },
            valid: flags & VALID != 0,
            attributes: if flags & ATTRIBUTES != 0 { Some(attributes.next()?) } else { None },
        });
    }
    Some(rows)
}

fn decode_attributes(input: &mut Reader<'_>, count: usize) -> Option<Vec<Arc<Vec<u8>>>> {
    if count == 0 {
        return Some(Vec::new());
    }
    let mut texts = Vec::new();
    for _ in 0..input.size()? {
        let len = input.size()?;
        texts.push(Arc::new(input.bytes(len)?.to_vec()));
    }
    let which = decode_column(input, count)?;
    which.into_iter().map(|index| texts.get(usize::try_from(index).ok()?).cloned()).collect()
}

/// Adds a column: its head byte, as many numbers as the differencing needs to begin with, then the rest.
fn encode_column(values: &[i64], out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let deltas = differences(values);
    let deltas_of_deltas = differences(&deltas);
    let begin = [values[0], deltas.first().copied().unwrap_or_default()];
    let ways = [
        Way::packed(OFFSETS, &[], values),
        Way::packed(DELTAS, &begin[..1], &deltas),
        Way::packed(DELTAS_OF_DELTAS, &begin[..values.len().min(2)], &deltas_of_deltas),
        Way::varints(1, &begin[..1], &deltas),
        Way::varints(2, &begin[..values.len().min(2)], &deltas_of_deltas),
    ];
    let Some(way) = ways.iter().filter(|way| way.width <= WIDEST).min_by_key(|way| way.cost) else { return };
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
    fn packed(kind: u8, begin: &'a [i64], rest: &'a [i64]) -> Self {
        let lowest = rest.iter().copied().min().unwrap_or_default();
        let highest = rest.iter().copied().max().unwrap_or_default();
        let width = 64 - highest.wrapping_sub(lowest).cast_unsigned().leading_zeros();
        let cost = varints_len(begin) + varints_len(&[lowest]) + (rest.len() * width as usize).div_ceil(8);
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

fn decode_column(input: &mut Reader<'_>, count: usize) -> Option<Vec<i64>> {
    let mut values = Vec::with_capacity(count);
    if count == 0 {
        return Some(values);
    }
    let head = input.byte()?;
    let (kind, width) = (head >> 6, u32::from(head & 63));
    let order = match (kind, width) {
        (OFFSETS, _) => 0,
        (DELTAS, _) | (VARINTS, 1) => 1,
        (DELTAS_OF_DELTAS, _) | (VARINTS, 2) => 2,
        _ => return None,
    };
    let (mut value, mut delta) = (0_i64, 0_i64);
    if order >= 1 {
        value = input.signed()?;
        values.push(value);
    }
    if order == 2 && count > 1 {
        delta = input.signed()?;
        value = value.wrapping_add(delta);
        values.push(value);
    }
    let rest = count - values.len();
    let mut take = |number: i64| {
        delta = if order == 2 { delta.wrapping_add(number) } else { number };
        value = if order == 0 { number } else { value.wrapping_add(delta) };
        values.push(value);
    };
    if rest == 0 {
        return Some(values);
    }
    if kind == VARINTS {
        for _ in 0..rest {
            take(input.signed()?);
        }
    } else {
        let lowest = input.signed()?;
        unpack(input, rest, width, |number| take(lowest.wrapping_add(number.cast_signed())))?;
    }
    Some(values)
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
fn unpack(input: &mut Reader<'_>, count: usize, width: u32, mut each: impl FnMut(u64)) -> Option<()> {
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
        each(word >> (bit % 8) & mask);
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
        assert_eq!(decode_column(&mut input, values.len()).as_deref(), Some(values));
        assert!(input.0.is_empty());
        for cut in 0..out.len() {
            assert_eq!(decode_column(&mut Reader(&out[..cut]), values.len()), None, "cut at {cut}");
        }
        out.len()
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
