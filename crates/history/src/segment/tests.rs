//! A segment as the first version of the program wrote it can still be read.

use std::fs;
use std::sync::Arc;

use super::codec::encode_block;
use super::{Columns, Cursor, HEADER_LEN, MAGIC, Part, Reach, Room, Segment, TenantPart};
use crate::row::{Key, NO_ACCURACY, NO_ALTITUDE, NO_COURSE, NO_SPEED, Row};
use crate::varint::{put, put_signed};

fn row(fix_time: i64) -> Row {
    Row {
        fix_time,
        received_at: fix_time + 3,
        lat: 411_500_000 + fix_time as i32,
        lon: -86_100_000,
        altitude: NO_ALTITUDE,
        accuracy: NO_ACCURACY,
        speed: NO_SPEED,
        course: NO_COURSE,
        valid: true,
        mark: 0,
        attributes: None,
    }
}

/// Format 1: neither entries nor pages say where their rows are, the index says nothing of tenants.
fn write_first_format(devices: &[(Key, Vec<Row>)]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    file.push(1);
    file.resize(HEADER_LEN, 0);
    let mut page = Vec::new();
    put(&mut page, devices.len() as u64);
    put(&mut page, file.len() as u64);
    let (mut key_before, mut min_before) = ([0; 32], 0);
    for (key, rows) in devices {
        let start = file.len();
        encode_block(rows, &mut file);
        let key = key.to_bytes();
        let shared = key.iter().zip(&key_before).take_while(|(one, other)| one == other).count();
        page.push(shared as u8);
        page.extend_from_slice(&key[shared..]);
        let (min, max) = (rows[0].fix_time, rows[rows.len() - 1].fix_time);
        put_signed(&mut page, min - min_before);
        put(&mut page, (max - min) as u64);
        put(&mut page, rows.len() as u64);
        put(&mut page, (file.len() - start) as u64);
        (key_before, min_before) = (key, min);
    }
    let page_at = file.len();
    file.extend_from_slice(&crc32fast::hash(&page).to_le_bytes());
    file.extend_from_slice(&page);
    let (first, rows) = &devices[0];
    let mut index = Vec::new();
    put(&mut index, devices.iter().map(|(_, rows)| rows.len() as u64).sum());
    put_signed(&mut index, 0);
    put_signed(&mut index, 1_000);
    put(&mut index, 1);
    put(&mut index, 100);
    put_signed(&mut index, 7);
    put(&mut index, 1);
    index.extend_from_slice(&first.to_bytes());
    put_signed(&mut index, rows[0].fix_time);
    put(&mut index, page_at as u64);
    put(&mut index, (file.len() - page_at) as u64);
    let index_at = file.len() as u64;
    file.extend_from_slice(&index);
    file.extend_from_slice(&index_at.to_le_bytes());
    file.extend_from_slice(&(index.len() as u32).to_le_bytes());
    file.extend_from_slice(&crc32fast::hash(&index).to_le_bytes());
    file.extend_from_slice(&[1, 0, 0, 0]);
    file.extend_from_slice(&MAGIC);
    file
}

#[test]
fn the_first_format_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let keys = [(1, 1), (1, 2), (9, 1)].map(|(tenant, device)| Key { tenant, device });
    let devices: Vec<(Key, Vec<Row>)> =
        keys.iter().map(|key| (*key, (0..50).map(|n| row(n * 10 + key.device as i64)).collect())).collect();
    fs::write(&path, write_first_format(&devices)).unwrap();
    for room in [0, 1 << 20] {
        let segment = Arc::new(Segment::open(1, &path, &Arc::new(Room::new(room))).unwrap());
        let part = |tenant, rows, min, max| TenantPart { tenant, rows, min, max, thinned: 0 };
        assert_eq!(segment.tenants, [part(1, 100, 1, 492), part(9, 50, 1, 491)]);
        for (key, rows) in &devices {
            let mut cursor = Cursor::at(&segment, *key, 100, Reach::Disk);
            let mut found = Vec::new();
            let part = Part { from: 100, to: 300, limit: 100 };
            assert!(cursor.next_within(&segment, *key, part, &mut Columns::new(), &mut found).unwrap());
            let expected: Vec<Row> = rows.iter().filter(|row| (100..300).contains(&row.fix_time)).cloned().collect();
            assert_eq!(found, expected);
        }
    }
}
