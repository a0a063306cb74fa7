//! `tracklane decode`: device messages in, JSON lines out.

use std::io::{BufRead, Write};

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Report};
use tracklane_protocols::{Protocol, registry};

use crate::exit::Usage;

/// Decode device messages, one a line on standard input, to JSON lines.
#[derive(Debug, Args)]
#[command(
    after_help = "A line is a query string or JSON for HTTP protocols, hex for binary ones, either for those that speak text.
For mqtt it is a topic, a blank and its message, as mosquitto_sub -v prints them, or packets in hex.

Each message is one JSON line: line, device, time, lat, lon, altitude_m, speed_mps, course_deg, accuracy_m, valid,
attributes; `position: null` and its kind when it carries none; `error` when it cannot be read. A bad line stops nothing.

Example:
  echo 'id=van-7&lat=41.15&lon=-8.61&timestamp=1700000000' | tracklane decode osmand"
)]
pub struct DecodeArgs {
    /// The protocol.
    #[arg(value_parser = PossibleValuesParser::new(registry::PROTOCOLS.iter().map(|protocol| protocol.name)))]
    protocol: String,
}

/// One message with a position.
#[derive(Serialize)]
struct Fix<'a> {
    line: usize,
    device: &'a str,
    time: Option<Timestamp>,
    lat: f64,
    lon: f64,
    altitude_m: Option<f32>,
    speed_mps: Option<f32>,
    course_deg: Option<f32>,
    accuracy_m: Option<f32>,
    valid: bool,
    attributes: &'a Attributes,
}

/// One message without a position.
#[derive(Serialize)]
struct Other<'a> {
    line: usize,
    device: &'a str,
    time: Option<Timestamp>,
    position: Option<()>,
    kind: &'a str,
    attributes: &'a Attributes,
}

/// One message that cannot be read.
#[derive(Serialize)]
struct Bad {
    line: usize,
    error: String,
}

/// Runs the sub-command.
///
/// # Errors
/// For an unknown protocol, or when standard input or output fails.
pub fn run(args: &DecodeArgs) -> anyhow::Result<()> {
    let protocol = registry::find(&args.protocol).map_err(|error| Usage(error.to_string()))?;
    decode(protocol, std::io::stdin().lock(), std::io::stdout().lock())
}

fn decode(protocol: &Protocol, input: impl BufRead, mut output: impl Write) -> anyhow::Result<()> {
    for (index, bytes) in input.split(b'\n').enumerate() {
        let (line, bytes) = (index + 1, bytes?);
        let reports = match std::str::from_utf8(&bytes).map(str::trim) {
            Ok("") => continue,
            Ok(text) => (protocol.decode_line)(text).map_err(|error| error.to_string()),
            Err(_) => Err("the line is not UTF-8".to_owned()),
        };
        match reports {
            Ok(reports) => reports.iter().try_for_each(|report| write(&mut output, line, report))?,
            Err(error) => put(&mut output, &Bad { line, error })?,
        }
    }
    output.flush()?;
    Ok(())
}

fn write(output: &mut impl Write, line: usize, report: &Report) -> anyhow::Result<()> {
    let Report { device, kind, time, fix, attributes } = report;
    let Some(fix) = fix else {
        return put(output, &Other { line, device, time: *time, position: None, kind, attributes });
    };
    put(
        output,
        &Fix {
            line,
            device,
            time: *time,
            lat: fix.point.lat,
            lon: fix.point.lon,
            altitude_m: fix.altitude_m,
            speed_mps: fix.speed_mps,
            course_deg: fix.course_deg,
            accuracy_m: fix.accuracy_m,
            valid: fix.valid,
            attributes,
        },
    )
}

fn put<T: Serialize>(output: &mut impl Write, value: &T) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *output, value)?;
    output.write_all(b"\n")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(protocol: &str, input: &[u8]) -> Vec<serde_json::Value> {
        let mut output = Vec::new();
        decode(registry::find(protocol).unwrap(), input, &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_bad_line_stops_nothing_and_numbers_are_those_of_the_input() {
        let input = b"id=van-7&lat=41.15&lon=-8.61&timestamp=1700000000&speed=10\n\nid=van-7&lat=91&lon=0\n\xff\nid=v&lat=1&lon=2\n";
        let found = lines("osmand", input);
        assert_eq!(found.len(), 4);
        assert_eq!(found[0]["line"], 1);
        assert_eq!(found[0]["device"], "van-7");
        assert_eq!(found[0]["time"], "2023-11-14T22:13:20Z");
        assert_eq!(found[0]["lat"], 41.15);
        assert!(found[1]["error"].as_str().unwrap().contains("lat"), "{found:?}");
        assert_eq!((&found[1]["line"], &found[2]["line"], &found[3]["line"]), (&3.into(), &4.into(), &5.into()));
    }

    #[test]
    fn a_message_without_a_position_says_its_kind() {
        let found = lines("owntracks", b"{\"_type\":\"lwt\",\"tst\":1700000000}\n");
        assert_eq!(found[0]["position"], serde_json::Value::Null);
        assert!(found[0].as_object().unwrap().contains_key("position"));
        assert_eq!(found[0]["kind"], "lwt");
    }
}
