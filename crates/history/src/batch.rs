//! How one append stands in the log: each row against the one before it in the same batch, which for many devices
//! reporting at once takes some 35 bytes.
//!
//! A row: flags, then tenant and device unless they are those of the row before, fix time and time of receipt as
//! differences, coordinates as four bytes each, then what is stated of altitude, accuracy, speed, course, attributes, and of validity
//! and mark.

use std::sync::Arc;

use crate::row::{Key, NO_ACCURACY, NO_ALTITUDE, NO_COURSE, NO_SPEED, Row};
use crate::varint::{Reader, put, put_signed};

/// Valid and not marked, which is the rule; otherwise a byte says what it is: see [`standing`].
const PLAIN: u8 = 1;
const ALTITUDE: u8 = 1 << 1;
const ACCURACY: u8 = 1 << 2;
const SPEED: u8 = 1 << 3;
const COURSE: u8 = 1 << 4;
const ATTRIBUTES: u8 = 1 << 5;
const SAME_TENANT: u8 = 1 << 6;
const SAME_DEVICE: u8 = 1 << 7;

/// Adds the rows of one append to `out`.
pub(crate) fn encode(rows: &[(Key, Row)], out: &mut Vec<u8>) {
    put(out, rows.len() as u64);
    let mut before: Option<(Key, i64, i64)> = None;
    for (key, row) in rows {
        let same_tenant = before.is_some_and(|(last, ..)| last.tenant == key.tenant);
        let same_device = before.is_some_and(|(last, ..)| last == *key);
        let flags = [
            (standing(row) == VALID, PLAIN),
            (row.altitude != NO_ALTITUDE, ALTITUDE),
            (row.accuracy != NO_ACCURACY, ACCURACY),
            (row.speed != NO_SPEED, SPEED),
            (row.course != NO_COURSE, COURSE),
            (row.attributes.is_some(), ATTRIBUTES),
            (same_tenant, SAME_TENANT),
            (same_device, SAME_DEVICE),
        ];
        let flags = flags.iter().fold(0, |sum, (set, flag)| if *set { sum | flag } else { sum });
        out.push(flags);
        if !same_tenant {
            out.extend_from_slice(&key.tenant.to_be_bytes());
        }
        if !same_device {
            out.extend_from_slice(&key.device.to_be_bytes());
        }
        let (fix_before, received_before) = before.map_or((0, row.fix_time), |(_, fix, received)| (fix, received));
        put_signed(out, row.fix_time.wrapping_sub(fix_before));
        put_signed(out, row.received_at.wrapping_sub(received_before));
        out.extend_from_slice(&row.lat.to_le_bytes());
        out.extend_from_slice(&row.lon.to_le_bytes());
        if flags & ALTITUDE != 0 {
            put_signed(out, row.altitude.into());
        }
        if flags & ACCURACY != 0 {
            put(out, row.accuracy.into());
        }
        if flags & SPEED != 0 {
            put(out, row.speed.into());
        }
        if flags & COURSE != 0 {
            put(out, row.course.into());
        }
        if let Some(text) = &row.attributes {
            put(out, text.len() as u64);
            out.extend_from_slice(text);
        }
        if flags & PLAIN == 0 {
            out.push(standing(row));
        }
        before = Some((*key, row.fix_time, row.received_at));
    }
}

const VALID: u8 = 1;

/// Whether the fix is valid, and above that bit the number of its mark.
fn standing(row: &Row) -> u8 {
    row.mark << 1 | u8::from(row.valid)
}

/// Reads the appends of a whole frame of a log of this format; none when the bytes are not what [`encode`] writes.
pub(crate) fn decode_all(payload: &[u8], version: u8, rows: &mut Vec<(Key, Row)>) -> Option<()> {
    let mut input = Reader(payload);
    while !input.0.is_empty() {
        decode(&mut input, version, rows)?;
    }
    Some(())
}

fn decode(input: &mut Reader<'_>, version: u8, rows: &mut Vec<(Key, Row)>) -> Option<()> {
    let count = input.size()?;
    let mut before: Option<(Key, i64, i64)> = None;
    for _ in 0..count {
        let flags = input.byte()?;
        let last = before.map(|(key, ..)| key);
        let tenant = if flags & SAME_TENANT != 0 { last?.tenant } else { u128::from_be_bytes(input.array()?) };
        let device = if flags & SAME_DEVICE != 0 { last?.device } else { u128::from_be_bytes(input.array()?) };
        let fix_time = input.signed()?.wrapping_add(before.map_or(0, |(_, fix, _)| fix));
        let received_at = input.signed()?.wrapping_add(before.map_or(fix_time, |(.., received)| received));
        let mut row = Row {
            fix_time,
            received_at,
            lat: i32::from_le_bytes(input.array()?),
            lon: i32::from_le_bytes(input.array()?),
            altitude: if flags & ALTITUDE != 0 { input.signed()?.try_into().ok()? } else { NO_ALTITUDE },
            accuracy: if flags & ACCURACY != 0 { input.varint()?.try_into().ok()? } else { NO_ACCURACY },
            speed: if flags & SPEED != 0 { input.varint()?.try_into().ok()? } else { NO_SPEED },
            course: if flags & COURSE != 0 { input.varint()?.try_into().ok()? } else { NO_COURSE },
            valid: true,
            mark: 0,
            attributes: match flags & ATTRIBUTES {
                0 => None,
                _ => {
                    let len = input.size()?;
                    Some(Arc::new(input.bytes(len)?.to_vec()))
                }
            },
        };
        if flags & PLAIN == 0 {
            // There were no marks in format 1.
            let standing = if version == 1 { 0 } else { input.byte()? };
            (row.valid, row.mark) = (standing & VALID != 0, standing >> 1);
        }
        let key = Key { tenant, device };
        before = Some((key, fix_time, received_at));
        rows.push((key, row));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(valid: bool, mark: u8) -> (Key, Row) {
        let row = Row {
            fix_time: 1_767_225_600_000_000,
            received_at: 1_767_225_600_000_007,
            lat: 411_500_000,
            lon: -86_100_000,
            altitude: NO_ALTITUDE,
            accuracy: 500,
            speed: NO_SPEED,
            course: 9_000,
            valid,
            mark,
            attributes: None,
        };
        (Key { tenant: 1, device: 2 }, row)
    }

    fn decoded(payload: &[u8], version: u8) -> Option<Vec<(Key, Row)>> {
        let mut rows = Vec::new();
        decode_all(payload, version, &mut rows)?;
        Some(rows)
    }

    #[test]
    fn marks_come_back_and_logs_from_before_them_are_read() {
        for rows in [vec![row(true, 0)], vec![row(false, 0), row(true, 5), row(false, 3), row(true, 0)]] {
            let mut payload = Vec::new();
            encode(&rows, &mut payload);
            assert_eq!(decoded(&payload, 2), Some(rows));
        }
        let rows = vec![row(false, 0)];
        let mut payload = Vec::new();
        encode(&rows, &mut payload);
        // Format 1 had no byte for it.
        payload.pop();
        assert_eq!(decoded(&payload, 1), Some(rows));
        assert_eq!(decoded(&payload, 2), None);
    }
}
