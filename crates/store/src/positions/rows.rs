//! A position as a row: in the binary form of `COPY`, and as a query answers it.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id as _, TenantId};
use tracklane_core::ports::Lsn;
use tracklane_core::position::{Attributes, Fix, Mark, Point, Position};
use uuid::Uuid;

use crate::db::corrupt;
use crate::db::postgres::PgTime;
use crate::error::{Error, Result};

/// The columns, in the order of [`encode`].
pub(super) const COLUMNS: &str = "lsn, tenant_id, device_id, fix_time, received_at, lat, lon, altitude_m, speed_mps, \
                                  course_deg, accuracy_m, valid, mark, attributes";
const COUNT: i16 = 14;

/// What stands before the first row: the signature, flags and the length of an extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands after the last row.
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];

/// Adds a row without its number; answers where that goes.
pub(super) fn encode(position: &Position, out: &mut Vec<u8>) -> Result<usize> {
    let Position { tenant_id, device_id, fix_time, received_at, fix, attributes, mark } = position;
    out.extend_from_slice(&COUNT.to_be_bytes());
    put(out, &[0; 8]);
    let place = out.len() - 8;
    put(out, tenant_id.uuid().as_bytes());
    put(out, device_id.uuid().as_bytes());
    put(out, &PgTime::new(*fix_time).to_bytes());
    put(out, &PgTime::new(*received_at).to_bytes());
    put(out, &fix.point.lat.to_be_bytes());
    put(out, &fix.point.lon.to_be_bytes());
    for number in [fix.altitude_m, fix.speed_mps, fix.course_deg, fix.accuracy_m] {
        match number {
            Some(number) => put(out, &number.to_be_bytes()),
            None => put_null(out),
        }
    }
    put(out, &[u8::from(fix.valid)]);
    match mark {
        Some(mark) => put(out, &i16::from(mark.code()).to_be_bytes()),
        None => put_null(out),
    }
    if attributes.is_empty() {
        put_null(out);
    } else {
        let text = serde_json::to_vec(attributes).map_err(|error| Error::Other(error.to_string()))?;
        out.extend_from_slice(&i32::try_from(text.len() + 1).map_err(|_| too_large())?.to_be_bytes());
        // The version of JSONB's binary form.
        out.push(1);
        put_json(out, &text);
    }
    Ok(place)
}

/// PostgreSQL cannot keep U+0000 in a text: the character that stands for what cannot be shown takes its place, six bytes
/// of JSON for six.
fn put_json(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if *first == b'\\' {
            // An escape is never cut in two: `\\u0000` is a backslash and four digits.
            let nul = rest.starts_with(b"\\u0000");
            let len = if nul { 6 } else { 2.min(rest.len()) };
            out.extend_from_slice(if nul { b"\\ufffd" } else { &rest[..len] });
            rest = &rest[len..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
}

fn too_large() -> Error {
    Error::Other("attributes of a position are larger than 2 GiB".to_owned())
}

fn put(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(&(value.len() as i32).to_be_bytes());
    out.extend_from_slice(value);
}

fn put_null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

/// Writes the number of a row where [`encode`] left room for it.
pub(super) fn put_number(out: &mut [u8], place: usize, lsn: Lsn) {
    if let Some(room) = out.get_mut(place..place + 8) {
        room.copy_from_slice(&lsn.to_be_bytes());
    }
}

/// Reads a row and its number.
pub(super) fn read(row: &PgRow) -> Result<(Lsn, Position)> {
    let time = |name| -> Result<Timestamp> {
        let time: PgTime = get(row, name)?;
        Timestamp::from_microsecond(time.unix_micros()).map_err(|_| corrupt(name, "is out of range"))
    };
    let attributes = match get::<Option<serde_json::Value>>(row, "attributes")? {
        None => Attributes::new(),
        Some(serde_json::Value::Object(attributes)) => attributes,
        Some(_) => return Err(corrupt("attributes", "is no JSON object")),
    };
    let mark = match get::<Option<i16>>(row, "mark")? {
        None => None,
        Some(code) => {
            let mark = u8::try_from(code).ok().and_then(Mark::from_code);
            Some(mark.ok_or_else(|| corrupt("mark", "is unknown"))?)
        }
    };
    let lsn: i64 = get(row, "lsn")?;
    let position = Position {
        tenant_id: TenantId::from_uuid(get::<Uuid>(row, "tenant_id")?),
        device_id: DeviceId::from_uuid(get::<Uuid>(row, "device_id")?),
        fix_time: time("fix_time")?,
        received_at: time("received_at")?,
        fix: Fix {
            point: Point { lat: get(row, "lat")?, lon: get(row, "lon")? },
            altitude_m: get(row, "altitude_m")?,
            speed_mps: get(row, "speed_mps")?,
            course_deg: get(row, "course_deg")?,
            accuracy_m: get(row, "accuracy_m")?,
            valid: get(row, "valid")?,
        },
        attributes,
        mark,
    };
    Ok((lsn.cast_unsigned(), position))
}

fn get<'r, T>(row: &'r PgRow, name: &str) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(name).map_err(|error| corrupt(name, &error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_character_is_replaced_and_nothing_else() {
        let check = |text: &str, expected: &str| {
            let mut out = Vec::new();
            put_json(&mut out, text.as_bytes());
            assert_eq!(String::from_utf8(out).ok().as_deref(), Some(expected));
        };
        check(r#"{"a":"x\u0000y"}"#, r#"{"a":"x\ufffdy"}"#);
        check(r#"{"a":"\\u0000"}"#, r#"{"a":"\\u0000"}"#);
        check(r#"{"a":"\\\u0000\n"}"#, r#"{"a":"\\\ufffd\n"}"#);
    }
}
