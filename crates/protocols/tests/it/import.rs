//! Files with positions: good ones, bad ones, and those of the corpus.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tracklane_protocols::import::fields::{Field, Fields};
use tracklane_protocols::import::time::Times;
use tracklane_protocols::import::{Format, ImportError, Row, csv, geojson, gpx};

/// All rows of a file, a line of text each, and how the reading ended.
fn all(read: impl FnOnce(&mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), ImportError>) -> (Vec<String>, String) {
    let mut rows = Vec::new();
    let end = read(&mut |row| {
        rows.push(show(&row));
        ControlFlow::Continue(())
    });
    (rows, end.map_or_else(|error| error.to_string(), |()| "end".to_owned()))
}

fn show(row: &Row) -> String {
    let device = row.device.as_deref().unwrap_or("-");
    match &row.reading {
        Ok(reading) => {
            let fix = &reading.fix;
            let numbers = [fix.altitude_m, fix.speed_mps, fix.course_deg, fix.accuracy_m];
            let numbers = numbers.map(|number| number.map_or_else(|| "-".to_owned(), |number| number.to_string()));
            let attributes = super::sorted(&reading.attributes.clone().into());
            let (lat, lon) = (fix.point.lat, fix.point.lon);
            format!("{} {device} {} {lat},{lon} {} {attributes}", row.line, reading.time, numbers.join(" "))
        }
        Err(invalid) => format!("{} {device} {invalid}", row.line),
    }
}

fn read_csv(text: &[u8], options: &csv::Options) -> (Vec<String>, String) {
    all(|sink| csv::read(text, options, sink))
}

fn read_gpx(text: &str) -> (Vec<String>, String) {
    all(|sink| gpx::read(text.as_bytes(), true, sink))
}

fn read_geojson(text: &str) -> (Vec<String>, String) {
    let named = vec![(Field::Device, "vehicle".to_owned())];
    all(|sink| geojson::read(text.as_bytes(), &Fields { named, attributes: true, ..Fields::default() }, sink))
}

#[test]
fn a_table_is_read_by_the_names_of_its_columns() {
    let text = "\u{feff}Vehicle;Timestamp;Latitude;LNG;ele;Speed;note\r\n\
        a;2026-01-05T08:00:00Z;41,15;-8,61;12,5;36;\"hi; \"\"you\"\"\"\r\n\
        \r\n\
        b;1767600010;41.16;-8.62;;;\r\n\
        c;2026-01-05 08:00:20;41.17;-8.63\r\n";
    let fields = Fields {
        named: vec![(Field::Device, "vehicle".to_owned())],
        times: Times { zone: TimeZone::get("Europe/Lisbon").ok(), ..Times::default() },
        decimal_comma: true,
        speed_unit_mps: 1.0 / 3.6,
        attributes: true,
    };
    let (rows, end) = read_csv(text.as_bytes(), &csv::Options { fields, delimiter: None });
    assert_eq!(end, "end");
    assert_eq!(
        rows,
        [
            "2 a 2026-01-05T08:00:00Z 41.15,-8.61 12.5 10 - - {\"note\":\"hi; \\\"you\\\"\"}",
            "4 b 2026-01-05T08:00:10Z 41.16,-8.62 - - - - {}",
            "5 c 2026-01-05T08:00:20Z 41.17,-8.63 - - - - {}",
        ]
    );
}

#[test]
fn each_bad_row_of_a_table_is_named_and_stops_no_other() {
    let text = b"time,lat,lon,speed\n\
        2026-01-05T08:00:00Z,NaN,-8.61,1\n\
        2026-01-05 08:00:00,41.15,-8.61,1\n\
        ,41.15,,fast\n\
        1999-12-31T00:00:00Z,91,181,-1\n\
        2026-01-05T08:00:00Z,41.15,-8.61,1,2\n\
        2026-01-05T08:00:00Z,\xff,-8.61,1\n\
        2026-01-05T08:00:01Z,41.15,-8.61,1\n\
        2026-01-05T08:00:02Z,\"41.15,-8.61,1\n";
    let (rows, end) = read_csv(text, &csv::Options::default());
    assert_eq!(end, "end");
    assert_eq!(
        rows,
        [
            "2 - #/lat: must be a finite number, not \"NaN\"",
            "3 - #/fix_time: states no offset, and no time zone is given for such times (it is \"2026-01-05 08:00:00\")",
            "4 - #/speed_mps: must be a finite number, not \"fast\"; #/fix_time: is required; #/lon: is required",
            "5 - #/fix_time: must not lie before 2000-01-01; #/lat: must be from -90 to 90 degrees; #/lon: must be from \
             -180 to 180 degrees; #/speed_mps: must be from 0 to 500 metres per second",
            "6 - #: has 5 fields, the header 4",
            "7 - #: field 2 is not UTF-8",
            "8 - 2026-01-05T08:00:01Z 41.15,-8.61 - 1 - - {}",
            "9 - #/lat: must be a finite number, not \"41.15,-8.61,1\"; #/lon: is required",
        ]
    );
}

#[test]
fn a_table_without_the_columns_it_needs_is_refused() {
    let end = |text: &[u8]| read_csv(text, &csv::Options::default()).1;
    assert_eq!(end(b"when,lat,lon\n1,2,3\n"), "column \"time\" is missing; there are when, lat, lon");
    assert_eq!(end(b"\xff\xfet\0i\0"), "line 1: the file is UTF-16; save it as UTF-8");
    assert_eq!(end(b""), "end");
    let fields = Fields { named: vec![(Field::Lat, "breite".to_owned())], ..Fields::default() };
    let (_, end) = read_csv(b"time,lat,lon\n", &csv::Options { fields, delimiter: None });
    assert_eq!(end, "column \"breite\" is missing; there are time, lat, lon");
}

/// A header, then one line of so many bytes, then a good row.
fn long_line(bytes: u64) -> impl BufRead {
    let header = &b"time,lat,lon\n"[..];
    let row = &b"\n2026-01-05T08:00:00Z,41.15,-8.61\n"[..];
    BufReader::new(header.chain(std::io::repeat(b'x').take(bytes)).chain(row))
}

#[test]
fn a_line_without_an_end_is_one_bad_row_and_takes_no_memory() {
    let (rows, end) = all(|sink| csv::read(long_line(50 << 20), &csv::Options::default(), sink));
    assert_eq!(end, "end");
    assert_eq!(rows.len(), 2);
    assert!(rows[0].contains("is longer than 1048576 bytes"), "{}", rows[0]);
    assert!(rows[1].starts_with("3 - 2026-01-05T08:00:00Z"), "{}", rows[1]);
    let endless = |begin: &'static [u8]| BufReader::new(begin.chain(std::io::repeat(b'x').take(50 << 20)));
    let (_, end) = all(|sink| gpx::read(endless(b"<gpx><trk><name>"), false, sink));
    assert!(end.contains("takes more than"), "{end}");
    let (_, end) = all(|sink| geojson::read(endless(b"{\"type\":\"x"), &Fields::default(), sink));
    assert!(end.contains("takes more than"), "{end}");
}

#[test]
fn gpx_points_are_read_wherever_they_stand() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:g="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">
<metadata><time>2020-01-01T00:00:00Z</time></metadata>
<wpt lat="41.10" lon="-8.60"><ele>10</ele><time>2026-01-05T08:00:00Z</time><name>Hub &amp; more</name></wpt>
<trk><name>Trip</name><trkseg>
<trkpt lat="41.15" lon="-8.61"><ele>12.5</ele><time>2026-01-05T08:00:10Z</time><hdop>0.9</hdop>
<extensions><g:TrackPointExtension><g:speed>13.9</g:speed><g:course>90</g:course><g:hr>70</g:hr></g:TrackPointExtension></extensions></trkpt>
<trkpt lat="41.16" lon="-8.62"><time>2026-01-05T08:00:20</time><speed>2</speed></trkpt>
<trkpt lat="41.17" lon="-8.63"/>
<trkpt lat="95" lon="x"><time>soon</time></trkpt>
</trkseg></trk>
<rte><rtept lat="41.18" lon="-8.64"><time>2026-01-05T08:00:30.250Z</time></rtept></rte>
</gpx>"#;
    let (rows, end) = read_gpx(text);
    assert_eq!(end, "end");
    assert_eq!(
        rows,
        [
            "4 - 2026-01-05T08:00:00Z 41.1,-8.6 10 - - - {}",
            "7 - 2026-01-05T08:00:10Z 41.15,-8.61 12.5 13.9 90 - {\"hdop\":0.9,\"hr\":70.0}",
            "8 - 2026-01-05T08:00:20Z 41.16,-8.62 - 2 - - {}",
            "9 - #/fix_time: is required",
            "10 - #/lon: must be a finite number, not \"x\"; #/fix_time: must be Unix time, or a date and time as in \
             2026-03-01T12:00:00Z (it is \"soon\"); #/lat: must be from -90 to 90 degrees",
            "12 - 2026-01-05T08:00:30.25Z 41.18,-8.64 - - - - {}",
        ]
    );
}

#[test]
fn hostile_xml_is_refused_or_says_nothing() {
    let bomb = r#"<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<gpx><wpt lat="1" lon="2"><time>&b;&c;</time></wpt></gpx>"#;
    let (rows, end) = read_gpx(bomb);
    assert_eq!(end, "end");
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("(it is \"??\")"), "{}", rows[0]);
    let deep = format!("<gpx>{}", "<a>".repeat(100));
    assert!(read_gpx(&deep).1.contains("nested more than 64 deep"));
    assert!(read_gpx("<kml></kml>").1.contains("the outermost element is kml"));
    assert!(read_gpx("<gpx><trk>").1.contains("ends in the middle of trk"));
    assert!(read_gpx("").1.contains("no element at all"));
    assert!(read_gpx("<gpx></trk></gpx>").1.starts_with("line 1: "));
    let (_, end) = all(|sink| gpx::read(&b"<gpx><wpt lat='1' lon='\xff'/></gpx>"[..], false, sink));
    assert!(end.starts_with("line 1: "), "{end}");
}

#[test]
fn geojson_features_have_times_in_their_properties() {
    let text = r#"{ "type": "FeatureCollection", "name": "x", "features": [
{ "type": "Feature", "geometry": { "type": "Point", "coordinates": [-8.61, 41.15, 12] },
  "properties": { "time": "2026-01-05T08:00:00Z", "vehicle": "a", "speed": 3, "fuel": 0.5, "deep": { "x": 1 } } },
{ "type": "Feature", "properties": { "vehicle": 7, "coordTimes": ["2026-01-05T08:00:10Z", 1767600020] },
  "geometry": { "type": "LineString", "coordinates": [[-8.62, 41.16], [-8.63, 41.17]] } },
{ "type": "Feature", "properties": { "coordinateProperties": { "times": [["2026-01-05T08:00:30Z"], ["x"]] } },
  "geometry": { "type": "MultiLineString", "coordinates": [[[-8.64, 41.18]], [[-8.65, 41.19]]] } },
{ "type": "Feature", "properties": { "times": ["2026-01-05T08:00:10Z"] },
  "geometry": { "type": "LineString", "coordinates": [[-8.62, 41.16], [-8.63, 41.17]] } },
{ "type": "Feature", "properties": null, "geometry": { "type": "LineString", "coordinates": [] } },
{ "type": "Feature", "properties": {}, "geometry": { "type": "Polygon", "coordinates": [[[0, 0]]] } },
{ "type": "Feature", "properties": {}, "geometry": null },
{ "type": "Feature", "properties": { "time": 1767600020 }, "geometry": { "type": "Point", "coordinates": ["a", 91] } }
] }"#;
    let (rows, end) = read_geojson(text);
    assert_eq!(end, "end");
    assert_eq!(
        rows,
        [
            "3 a 2026-01-05T08:00:00Z 41.15,-8.61 12 3 - - {\"fuel\":0.5}",
            "5 7 2026-01-05T08:00:10Z 41.16,-8.62 - - - - {}",
            "5 7 2026-01-05T08:00:20Z 41.17,-8.63 - - - - {}",
            "7 - 2026-01-05T08:00:30Z 41.18,-8.64 - - - - {}",
            "7 - #/fix_time: must be Unix time, or a date and time as in 2026-03-01T12:00:00Z (it is \"x\")",
            "9 - #/fix_time: must be one for each coordinate: 1 for 2",
            "10 - #/fix_time: is required: coordTimes, times, or coordinateProperties.times",
            "11 - #: must be points or lines with times, not Polygon",
            "12 - #: has no geometry",
            "13 - #/lon: is required; #/lat: must be from -90 to 90 degrees",
        ]
    );
}

#[test]
fn features_may_stand_one_behind_the_other() {
    let feature = |second: u32| {
        format!(
            "{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[1,2]}},\
             \"properties\":{{\"time\":{second}}}}}\n"
        )
    };
    let (rows, end) = read_geojson(&format!("{}{}", feature(1_767_600_000), feature(1_767_600_001)));
    assert_eq!((rows.len(), end.as_str()), (2, "end"));
    let (rows, end) = read_geojson(&format!("{}{{\"type\":\"Feature\",", feature(1_767_600_000)));
    assert_eq!(rows.len(), 1);
    assert!(end.starts_with("line 2: EOF while parsing"), "{end}");
    for (text, expected) in [
        ("", "EOF while parsing"),
        ("[1]", "a GeoJSON object"),
        ("{\"type\":\"Topology\"}", "not \"Topology\""),
        ("{\"type\":\"FeatureCollection\",\"features\":[{\"geometry\":3}]}", "invalid type"),
        (
            "{\"type\":\"FeatureCollection\",\"features\":[{\"geometry\":{\"type\":\"Point\",\"coordinates\":[NaN]}}]}",
            "line 1",
        ),
    ] {
        assert!(read_geojson(text).1.contains(expected), "{text}: {}", read_geojson(text).1);
    }
    let deep = format!("{{\"type\":{}", "[".repeat(100_000));
    assert!(read_geojson(&deep).1.starts_with("line 1: "));
}

#[test]
fn reading_ends_when_nobody_wants_more() {
    let mut rows = 0;
    let mut sink = |_: Row| {
        rows += 1;
        ControlFlow::Break(())
    };
    csv::read(&b"time,lat,lon\n1,2,3\n1,2,3\n"[..], &csv::Options::default(), &mut sink).expect("a table");
    gpx::read(&b"<gpx><wpt lat='1' lon='2'/><wpt/>"[..], false, &mut sink).expect("points");
    let two = "{\"type\":\"FeatureCollection\",\"features\":[{},{},";
    geojson::read(two.as_bytes(), &Fields::default(), &mut sink).expect("features");
    assert_eq!(rows, 3);
}

#[test]
fn formats_are_told_apart() {
    for (name, first, expected) in [
        ("a.GPX", "", Format::Gpx),
        ("a.geojson", "", Format::GeoJson),
        ("a.tsv", "<", Format::Csv),
        ("-", "\u{feff}  <?xml", Format::Gpx),
        ("-", "\n{", Format::GeoJson),
        ("data", "time,lat", Format::Csv),
    ] {
        assert_eq!(Format::guess(name, first.as_bytes()), expected, "{name} {first}");
    }
}

fn corpus(file: &str) -> Option<Vec<u8>> {
    let Some(corpus) = std::env::var_os("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return None;
    };
    Some(std::fs::read(PathBuf::from(corpus).join(file)).expect("a file of the corpus"))
}

/// How many rows are good, and how many bad.
fn counted((rows, end): &(Vec<String>, String)) -> (usize, usize) {
    assert_eq!(end, "end");
    let bad = rows.iter().filter(|row| row.contains('#')).count();
    (rows.len() - bad, bad)
}

#[test]
fn recorded_tracks_are_read() {
    for (file, expected) in [
        ("traces/gpx/andorra_for_map_matching.gpx", (0, 21)),
        ("traces/gpx/gpxv1_0.gpx", (14, 0)),
        ("traces/gpx/issue-13.gpx", (29, 0)),
        ("traces/gpx/no_trkpt.gpx", (0, 0)),
    ] {
        let Some(bytes) = corpus(file) else { return };
        let read = all(|sink| gpx::read(&bytes[..], false, sink));
        assert_eq!(counted(&read), expected, "{file}");
    }
    let Some(bus) = corpus("traces/liverpool_bus_route14.csv") else { return };
    let fields = Fields {
        named: vec![(Field::Device, "vehicle_id".to_owned())],
        times: Times { zone: Some(TimeZone::UTC), ..Times::default() },
        ..Fields::default()
    };
    let read = read_csv(&bus, &csv::Options { fields, delimiter: None });
    assert_eq!(counted(&read), (1_533, 0));
    assert_eq!(read.0[1], "3 4716 2026-01-26T15:57:24Z 53.445026,-2.923543 - - 53 - {}");
}

proptest! {
    /// Whatever stands in a file: rows and an end, and no panic.
    #[test]
    fn no_bytes_break_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (fields, options) = (Fields::default(), csv::Options::default());
        for begin in [&b""[..], b"time,lat,lon\n", b"<gpx><wpt lat='1' lon='2'>", b"{\"type\":\"Feature\",\"geometry\":"] {
            let text = [begin, &bytes[..]].concat();
            all(|sink| csv::read(&text[..], &options, sink));
            all(|sink| gpx::read(&text[..], true, sink));
            all(|sink| geojson::read(&text[..], &fields, sink));
        }
    }
}
