//! `tracklane import positions`: recorded tracks into the history.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use tracklane_api_types::{PositionInput, RowOutcome};
use tracklane_client::Client;
use tracklane_client::requests::NewDevice;
use tracklane_protocols::import::fields::{FIELDS, Field, Fields};
use tracklane_protocols::import::time::{TimeFormat, Times};
use tracklane_protocols::import::{self as files, Reading, Row, csv};

use super::read::{How, Piece, begin};
use super::report::{Report, Summary};
use crate::args::Global;
use crate::exit::{Said, Usage};
use crate::output::{self, Format};
use crate::progress::Progress;

/// Import positions out of GPX, GeoJSON or CSV files.
#[derive(Debug, Args)]
#[command(
    after_help = "Columns and properties are found by their usual names, in any case: time, timestamp, fix_time; lat, latitude; lon, lng,
longitude; altitude, ele; speed; course, bearing, heading; accuracy. --map names others: --map time=ts,lat=breite,lon=laenge.
Times are Unix time, RFC 3339, or whatever --time-format says; those without an offset need --time-zone.

Each row is taken or refused by itself; what is wrong with it is told with line, field and rule. An import that was broken off
can simply be started again: rows that are known already are counted as duplicates. Positions older than what is known of the
device go into its history.

Exit code 1 when a row was refused or a file could not be read to its end.

Examples:
  tracklane import positions trip.gpx --device van-7
  tracklane import positions fleet.csv --device-column vehicle --create-devices --time-zone Europe/Lisbon
  tracklane import positions track.geojson --device van-7 --dry-run -o json"
)]
pub struct PositionsArgs {
    /// The files; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What they are; auto looks at name and content.
    #[arg(long, value_enum, default_value = "auto")]
    format: FileFormat,
    /// The device that all rows are of: its id or its identifier.
    #[arg(long, value_name = "DEVICE", required_unless_present = "device_column")]
    device: Option<String>,
    /// The column or property that names the device of each row.
    #[arg(long, value_name = "NAME")]
    device_column: Option<String>,
    /// Make devices that are not there yet.
    #[arg(long, conflicts_with = "dry_run")]
    create_devices: bool,
    /// Which column or property is which field: time, lat, lon, altitude, speed, course, accuracy.
    #[arg(long, value_name = "FIELD=NAME,..", value_delimiter = ',', value_parser = mapping)]
    map: Vec<(Field, String)>,
    /// How times are written: auto, rfc3339, unix, unix-ms, or a pattern such as "%d.%m.%Y %H:%M:%S".
    #[arg(long, default_value = "auto", value_name = "FORMAT", value_parser = time_format)]
    time_format: TimeFormat,
    /// The zone of times without an offset, such as Europe/Lisbon. Times that happen twice or never there are refused.
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    time_zone: Option<TimeZone>,
    /// What stands between fields of a CSV file: one character, or tab. Found by itself when left out.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Numbers have a comma before their fraction.
    #[arg(long)]
    decimal_comma: bool,
    /// The unit of speeds.
    #[arg(long, value_enum, default_value = "mps")]
    speed_unit: SpeedUnit,
    /// Keep what is no field as attributes.
    #[arg(long)]
    attributes: bool,
    /// Read and check, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Rows that are sent at once.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Leave out rows up to this line of each file: to go on where an import was broken off.
    #[arg(long, default_value_t = 0, value_name = "LINE")]
    after_line: u64,
    /// Write rows that were not taken to this file, as JSON lines, instead of to standard error.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    Auto,
    Gpx,
    Geojson,
    Csv,
}

/// The unit of speeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SpeedUnit {
    /// Metres per second.
    Mps,
    /// Kilometres per hour.
    Kmh,
    /// Knots.
    Knots,
    /// Miles per hour.
    Mph,
}

impl SpeedUnit {
    fn mps(self) -> f64 {
        match self {
            Self::Mps => 1.0,
            Self::Kmh => 1.0 / 3.6,
            Self::Knots => 1852.0 / 3600.0,
            Self::Mph => 1609.344 / 3600.0,
        }
    }
}

fn mapping(text: &str) -> Result<(Field, String), String> {
    let (field, name) = text.split_once('=').ok_or("expected FIELD=NAME")?;
    let known = || FIELDS.map(|(_, name, _)| name).join(", ");
    let field = Field::parse(field.trim()).ok_or_else(|| format!("no field {field:?}; there are {}", known()))?;
    Ok((field, name.trim().to_owned()))
}

fn time_format(text: &str) -> Result<TimeFormat, String> {
    match text {
        "auto" => Ok(TimeFormat::Auto),
        "rfc3339" => Ok(TimeFormat::Rfc3339),
        "unix" => Ok(TimeFormat::Unix),
        "unix-ms" => Ok(TimeFormat::UnixMillis),
        pattern if pattern.contains('%') => Ok(TimeFormat::Pattern(pattern.to_owned())),
        _ => Err("must be auto, rfc3339, unix, unix-ms, or a pattern with %".to_owned()),
    }
}

fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|error| error.to_string())
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => Ok(*byte),
        _ => Err("must be one character that is no letter, digit or quote, or tab".to_owned()),
    }
}

impl PositionsArgs {
    fn how(&self) -> How {
        let mut named = self.map.clone();
        named.extend(self.device_column.clone().map(|name| (Field::Device, name)));
        let fields = Fields {
            named,
            times: Times { format: self.time_format.clone(), zone: self.time_zone.clone() },
            decimal_comma: self.decimal_comma,
            speed_unit_mps: self.speed_unit.mps(),
            attributes: self.attributes,
        };
        let format = match self.format {
            FileFormat::Auto => None,
            FileFormat::Gpx => Some(files::Format::Gpx),
            FileFormat::Geojson => Some(files::Format::GeoJson),
            FileFormat::Csv => Some(files::Format::Csv),
        };
        How {
            format,
            csv: csv::Options { fields, delimiter: self.delimiter },
            batch: self.batch as usize,
            after_line: self.after_line,
        }
    }

    /// How many bytes there are in all; 0 when nobody knows.
    fn bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file));
        sizes.map(|file| file.map(|file| file.len())).sum::<Option<u64>>().unwrap_or(0)
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When a row was not taken, a file cannot be read, or the server cannot be worked with.
pub async fn run(global: &Global, args: PositionsArgs) -> anyhow::Result<()> {
    if args.map.iter().any(|(field, _)| *field == Field::Device) {
        return Err(Usage("--device-column names the column of the device".to_owned()).into());
    }
    let client = if args.dry_run { None } else { Some(super::super::client(global)?) };
    let began = Instant::now();
    let mut import = Import {
        client,
        report: Report::new(args.report.as_deref())?,
        progress: Progress::new(args.bytes()),
        summary: Summary { dry_run: args.dry_run, ..Summary::default() },
        made: HashSet::new(),
        args: &args,
    };
    let mut before = 0;
    for path in &args.files {
        before += import.file(path.clone(), before).await?;
    }
    let Import { report, progress, mut summary, .. } = import;
    progress.end();
    report.end()?;
    summary.seconds = began.elapsed().as_secs_f64();
    print(global, &summary)?;
    if summary.rejected == 0 && summary.broken_files == 0 { Ok(()) } else { Err(Said.into()) }
}

fn print(global: &Global, summary: &Summary) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(summary);
    }
    let Summary { rows, accepted, duplicates, late, marked, rejected, .. } = summary;
    let done = if summary.dry_run { "could be sent" } else { "new" };
    output::line(&format!(
        "{rows} rows: {accepted} {done}, {duplicates} known already, {late} into history, {marked} not believed, {rejected} refused"
    ))
}

struct Import<'a> {
    client: Option<Client>,
    report: Report,
    progress: Progress,
    summary: Summary,
    /// Devices that are there for certain.
    made: HashSet<String>,
    args: &'a PositionsArgs,
}

impl Import<'_> {
    /// Imports one file; answers how many bytes it had.
    async fn file(&mut self, path: PathBuf, before: u64) -> anyhow::Result<u64> {
        let name = path.display().to_string();
        let mut reading = begin(path, self.args.how())?;
        let mut last_line = 0;
        while let Some(piece) = reading.pieces.recv().await {
            match piece {
                Piece::Rows(rows) => {
                    let line = rows.last().map_or(last_line, |row| row.line);
                    self.rows(&name, rows).await.with_context(|| broken_off(&name, last_line))?;
                    last_line = line;
                    let done = before + reading.bytes.load(Ordering::Relaxed);
                    let Summary { rows, rejected, .. } = self.summary;
                    self.progress.show(done, &format!("{rows} rows, {rejected} refused"));
                }
                Piece::End(Ok(())) => {}
                Piece::End(Err(error)) => {
                    eprintln!("{name}: {error}");
                    self.summary.broken_files += 1;
                }
            }
        }
        self.summary.files += 1;
        Ok(reading.bytes.load(Ordering::Relaxed))
    }

    async fn rows(&mut self, file: &str, rows: Vec<Row>) -> anyhow::Result<()> {
        self.summary.rows += rows.len();
        let mut good: Vec<(u64, String, Reading)> = Vec::with_capacity(rows.len());
        for Row { line, device, reading } in rows {
            let device = self.args.device.clone().or(device);
            match (reading, device) {
                (Ok(reading), Some(device)) => good.push((line, device, reading)),
                (Ok(_), None) => {
                    let rule = "is required: the column that names it is empty".to_owned();
                    let missing = tracklane_core::FieldError { pointer: "#/device".to_owned(), detail: rule };
                    self.summary.rejected += 1;
                    self.report.refused(file, line, None, &[missing])?;
                }
                (Err(invalid), device) => {
                    self.summary.rejected += 1;
                    self.report.refused(file, line, device.as_deref(), &invalid.0)?;
                }
            }
        }
        match self.client.clone() {
            Some(client) => self.send(&client, file, &good).await,
            None => {
                self.summary.accepted += good.len();
                Ok(())
            }
        }
    }

    async fn send(&mut self, client: &Client, file: &str, rows: &[(u64, String, Reading)]) -> anyhow::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.args.create_devices {
            self.make_devices(client, rows).await?;
        }
        let inputs: Vec<PositionInput<'_>> = rows.iter().map(|(_, device, reading)| input(device, reading)).collect();
        let answer = client.send_positions(&inputs).await?;
        self.summary.accepted += answer.accepted;
        self.summary.duplicates += answer.duplicates;
        self.summary.late += answer.late;
        self.summary.marked += answer.marked;
        self.summary.rejected += answer.rejected;
        for refused in answer.rows.iter().filter(|row| row.outcome == RowOutcome::Rejected) {
            if let Some((line, device, _)) = rows.get(refused.row) {
                self.report.refused(file, *line, Some(device), &refused.errors)?;
            }
        }
        Ok(())
    }

    async fn make_devices(&mut self, client: &Client, rows: &[(u64, String, Reading)]) -> anyhow::Result<()> {
        for (_, identifier, _) in rows {
            if self.made.contains(identifier) {
                continue;
            }
            let device = NewDevice { identifier: identifier.clone(), ..NewDevice::default() };
            match client.create_device(&device).await {
                Ok(_) => {}
                // It is there already.
                Err(error) if error.status() == Some(409) => {}
                Err(error) => return Err(error).with_context(|| format!("failed to make the device {identifier}")),
            }
            self.made.insert(identifier.clone());
        }
        Ok(())
    }
}

fn broken_off(file: &str, last_line: u64) -> String {
    format!(
        "{file}: broken off behind line {last_line}; start again as it is, or with --after-line {last_line} to leave out what is done"
    )
}

fn input<'a>(device: &'a str, reading: &Reading) -> PositionInput<'a> {
    let fix = &reading.fix;
    PositionInput {
        device: Some(device.into()),
        fix_time: reading.time,
        lat: fix.point.lat,
        lon: fix.point.lon,
        altitude_m: fix.altitude_m,
        speed_mps: fix.speed_mps,
        course_deg: fix.course_deg,
        accuracy_m: fix.accuracy_m,
        valid: fix.valid,
        attributes: reading.attributes.clone(),
    }
}
