//! `tracklane zones`: list, import, who was there, and why there was or was not an event.

use std::io::Read;

use clap::{Args, Subcommand};
use futures::TryStreamExt;
use serde_json::{Value, json};
use tracklane_client::Client;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::model::{Device, Zone};
use tracklane_engine::records::{
    ImportOutcome, ImportRow, ImportWords, ImportedRow, NewZone, ZoneImport, read_geojson, read_kml,
};
use tracklane_engine::tracking::{ZoneExplanation, ZoneVisits};

use crate::args::Global;
use crate::exit::{NotFound, Said, Usage};
use crate::output::{self, Format, or_dash};

/// How many zones one request carries.
const ROWS_AT_ONCE: usize = 500;
/// How many bytes one request carries, about.
const BYTES_AT_ONCE: usize = 4 << 20;

/// List and import zones; ask who was there, and why there was or was not an event.
#[derive(Debug, Subcommand)]
pub enum ZonesCommand {
    /// List zones, newest first.
    List(ListArgs),
    /// Make or change many zones out of GeoJSON or KML.
    Import(ImportArgs),
    /// Say who was in a zone between two times.
    Visits(VisitsArgs),
    /// Say why there was or was not an event of a device and a zone.
    Explain(ExplainArgs),
}

/// Which zones.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Whose name or reference contains this text.
    #[arg(long, short)]
    q: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// What to import.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane zones import parishes.geojson --name-property freguesia --reference-property dtmnfr --dry-run
  tracklane zones import routes.kml --width-m 100

A row changes the zone with its reference, or, without one, the drawn zone with its name; where there is none, it makes one.
The code is 1 when any row was rejected.")]
pub struct ImportArgs {
    /// A GeoJSON FeatureCollection or a KML document; `-` reads standard input.
    file: String,
    /// Say what would become of each row, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// GeoJSON: the property with the name.
    #[arg(long, value_name = "NAME", default_value = "name")]
    name_property: String,
    /// GeoJSON: the property with the reference; else `reference`, or the feature's id.
    #[arg(long, value_name = "NAME")]
    reference_property: Option<String>,
    /// The radius of points that state none themselves, in metres.
    #[arg(long, value_name = "METRES")]
    radius_m: Option<f64>,
    /// The width of lines that state none themselves, in metres.
    #[arg(long, value_name = "METRES")]
    width_m: Option<f64>,
}

/// Which visits.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tracklane zones visits Depot --from 2026-03-01T00:00Z --to 2026-03-02T00:00Z")]
pub struct VisitsArgs {
    /// The zone: id, reference or name.
    zone: String,
    /// From this time on.
    #[arg(long)]
    from: Timestamp,
    /// Before this time, at most 31 days later.
    #[arg(long)]
    to: Timestamp,
    /// Of this device alone: id or identifier.
    #[arg(long)]
    device: Option<String>,
}

/// What to explain.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tracklane zones explain van-7 Depot 2026-03-01T08:05:00Z")]
pub struct ExplainArgs {
    /// The device: id or identifier.
    device: String,
    /// The zone: id, reference or name.
    zone: String,
    /// The moment.
    time: Timestamp,
}

/// Runs the sub-command.
///
/// # Errors
/// As the server answers.
pub async fn run(global: &Global, command: ZonesCommand) -> anyhow::Result<()> {
    let client = super::client(global)?;
    match command {
        ZonesCommand::List(args) => list(global, &client, args).await,
        ZonesCommand::Import(args) => import(global, &client, args).await,
        ZonesCommand::Visits(args) => visits(global, &client, args).await,
        ZonesCommand::Explain(args) => explain(global, &client, args).await,
    }
}

async fn list(global: &Global, client: &Client, args: ListArgs) -> anyhow::Result<()> {
    let query: Vec<(&str, String)> = args.q.map(|text| ("q", text)).into_iter().collect();
    let mut stream = std::pin::pin!(client.list::<Zone>("v1/zones", &query));
    let mut found = Vec::new();
    while found.len() < args.limit
        && let Some(zone) = stream.try_next().await?
    {
        found.push(zone);
    }
    if global.output == Format::Json {
        return output::json(&found);
    }
    let shape = |zone: &Zone| match (zone.radius_m, zone.width_m) {
        (Some(metres), _) => format!("circle of {metres} m"),
        (_, Some(metres)) => format!("corridor of {metres} m"),
        _ => zone.geometry.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase(),
    };
    let rows: Vec<_> = found
        .iter()
        .map(|zone| {
            let [id, reference] = [zone.id.to_string(), or_dash(zone.reference.clone())];
            [id, reference, zone.name.clone(), shape(zone), output::time(zone.updated_at)]
        })
        .collect();
    output::table(["ZONE", "REFERENCE", "NAME", "SHAPE", "CHANGED (UTC)"], &rows)
}

async fn import(global: &Global, client: &Client, args: ImportArgs) -> anyhow::Result<()> {
    let words = ImportWords {
        name: Some(args.name_property.clone()),
        reference: args.reference_property.clone(),
        radius_m: args.radius_m,
        width_m: args.width_m,
    };
    let rows = read(&args.file, &words)?;
    let mut report = ZoneImport { dry_run: args.dry_run, ..ZoneImport::default() };
    let path = if args.dry_run { "v1/zones/import?dry_run=true" } else { "v1/zones/import" };
    let mut batch = Batch::default();
    let count = rows.len();
    for (number, row) in rows.into_iter().enumerate() {
        match row.zone {
            Ok(zone) => batch.add(number, row.line, feature(&zone)?),
            Err(invalid) => {
                let errors = invalid.0;
                let (name, line) = (row.name, row.line);
                let outcome = ImportOutcome::Rejected;
                report.rows.push(ImportedRow { row: number, line, name, outcome, zone_id: None, errors });
                report.rejected += 1;
            }
        }
        if batch.is_full() || number + 1 == count {
            batch.send(client, path, &mut report).await?;
            eprintln!("{} of {count} zones", number + 1);
        }
    }
    report.rows.sort_by_key(|row| row.row);
    print_import(global, &report)?;
    if report.rejected > 0 { Err(Said.into()) } else { Ok(()) }
}

fn read(file: &str, words: &ImportWords) -> anyhow::Result<Vec<ImportRow>> {
    let mut text = String::new();
    match file {
        "-" => std::io::stdin().read_to_string(&mut text).map(drop),
        path => std::fs::read_to_string(path).map(|content| text = content),
    }
    .map_err(|error| Usage(format!("failed to read {file}: {error}")))?;
    let rows = if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        read_kml(&text, words)
    } else {
        let document: Value =
            serde_json::from_str(&text).map_err(|error| Usage(format!("{file} is neither KML nor JSON: {error}")))?;
        read_geojson(&document, words)
    };
    rows.map_err(|invalid| Usage(format!("{file} cannot be imported: {invalid}")).into())
}

/// The zone as a feature whose properties have the names that the server knows.
fn feature(zone: &NewZone) -> anyhow::Result<Value> {
    let mut properties = serde_json::to_value(zone)?;
    let geometry = properties.as_object_mut().and_then(|properties| {
        properties.retain(|_, value| !value.is_null());
        properties.remove("geometry")
    });
    Ok(json!({ "type": "Feature", "geometry": geometry, "properties": properties }))
}

/// Features that go out in one request, with their numbers and lines in the file.
#[derive(Default)]
struct Batch {
    features: Vec<Value>,
    places: Vec<(usize, Option<usize>)>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, number: usize, line: Option<usize>, feature: Value) {
        self.bytes += feature.to_string().len();
        self.features.push(feature);
        self.places.push((number, line));
    }

    fn is_full(&self) -> bool {
        self.features.len() >= ROWS_AT_ONCE || self.bytes >= BYTES_AT_ONCE
    }

    async fn send(&mut self, client: &Client, path: &str, report: &mut ZoneImport) -> anyhow::Result<()> {
        let Self { features, places, .. } = std::mem::take(self);
        if features.is_empty() {
            return Ok(());
        }
        let collection = json!({ "type": "FeatureCollection", "features": features });
        let part: ZoneImport = client.post(path, &collection).await?;
        report.created += part.created;
        report.updated += part.updated;
        report.unchanged += part.unchanged;
        report.rejected += part.rejected;
        report.rows.extend(part.rows.into_iter().map(|row| {
            let (number, line) = places.get(row.row).copied().unwrap_or((row.row, None));
            ImportedRow { row: number, line, ..row }
        }));
        Ok(())
    }
}

fn print_import(global: &Global, report: &ZoneImport) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(report);
    }
    let would = if report.dry_run { "would be " } else { "" };
    output::line(&format!(
        "{would}created {}, updated {}, unchanged {}, rejected {}",
        report.created, report.updated, report.unchanged, report.rejected
    ))?;
    let rejected = report.rows.iter().filter(|row| row.outcome == ImportOutcome::Rejected);
    let rows: Vec<_> = rejected
        .map(|row| {
            let why: Vec<_> = row.errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
            [row.row.to_string(), or_dash(row.line), row.name.clone(), why.join("; ")]
        })
        .collect();
    if rows.is_empty() { Ok(()) } else { output::table(["ROW", "LINE", "NAME", "REJECTED BECAUSE"], &rows) }
}

async fn visits(global: &Global, client: &Client, args: VisitsArgs) -> anyhow::Result<()> {
    let zone = zone(client, &args.zone).await?;
    let mut query = vec![("from", args.from.to_string()), ("to", args.to.to_string())];
    if let Some(named) = &args.device {
        query.push(("device_id", device(client, named).await?.to_string()));
    }
    let mut all = ZoneVisits::default();
    loop {
        let mut asked = query.clone();
        asked.extend(all.next_cursor.map(|after| ("cursor", after.to_string())));
        let page: ZoneVisits = client.get(&format!("v1/zones/{zone}/visits"), &asked).await?;
        all.visits.extend(page.visits);
        all.incomplete.extend(page.incomplete);
        all.next_cursor = page.next_cursor;
        if all.next_cursor.is_none() {
            break;
        }
    }
    if global.output == Format::Json {
        return output::json(&all);
    }
    let rows: Vec<_> = all
        .visits
        .iter()
        .map(|visit| {
            let [entered, exited] = [visit.entered_at, visit.exited_at].map(|at| or_dash(at.map(output::time)));
            [visit.device_id.to_string(), entered, exited, visit.inside_s.to_string()]
        })
        .collect();
    output::table(["DEVICE", "ENTERED (UTC)", "EXITED (UTC)", "SECONDS"], &rows)?;
    for device in &all.incomplete {
        eprintln!("{device} has more positions than are looked at: its visits may be incomplete");
    }
    Ok(())
}

async fn explain(global: &Global, client: &Client, args: ExplainArgs) -> anyhow::Result<()> {
    let (zone, device) = (zone(client, &args.zone).await?, device(client, &args.device).await?);
    let query = [("device_id", device.to_string()), ("at", args.time.to_string())];
    let why: ZoneExplanation = client.get(&format!("v1/zones/{zone}/explain"), &query).await?;
    if global.output == Format::Json {
        return output::json(&why);
    }
    output::line(&format!("{}: {}", why.zone_name, why.summary))?;
    let rows: Vec<_> = why
        .fixes
        .iter()
        .map(|fix| {
            let [distance, said, outcome] = match (&fix.decision, fix.mark) {
                (_, Some(mark)) => ["-".to_owned(), "not believed".to_owned(), mark.as_str().to_owned()],
                (None, None) => ["-".to_owned(), "not asked".to_owned(), "-".to_owned()],
                (Some(decision), None) => {
                    let word = |value: Value| match value {
                        Value::String(word) => word,
                        Value::Object(pair) => pair
                            .iter()
                            .map(|(key, value)| format!("{key} {}", value.as_str().unwrap_or_default()))
                            .collect(),
                        other => other.to_string(),
                    };
                    [
                        format!("{:.0}", decision.distance_m),
                        word(serde_json::to_value(decision.side).unwrap_or_default()),
                        word(serde_json::to_value(decision.outcome).unwrap_or_default()),
                    ]
                }
            };
            [output::time(fix.time), distance, or_dash(fix.accuracy_m), said, outcome.replace('_', " ")]
        })
        .collect();
    if !rows.is_empty() {
        output::line("")?;
        output::table(["FIX (UTC)", "M FROM EDGE", "ACCURACY", "SAYS", "OUTCOME"], &rows)?;
    }
    for event in &why.told {
        output::line(&format!("told: {} at {}", event.kind.as_str(), output::time(event.occurred_at)))?;
    }
    Ok(())
}

/// The zone with this id, reference or name.
async fn zone(client: &Client, named: &str) -> anyhow::Result<ZoneId> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let query = [("reference", named.to_owned())];
    let mut found = std::pin::pin!(client.list::<Zone>("v1/zones", &query));
    if let Some(zone) = found.try_next().await? {
        return Ok(zone.id);
    }
    let query = [("q", named.to_owned())];
    let found: Vec<Zone> = client.list::<Zone>("v1/zones", &query).try_collect().await?;
    let mut found = found.into_iter().filter(|zone| zone.name == named);
    match (found.next(), found.next()) {
        (Some(zone), None) => Ok(zone.id),
        (Some(_), Some(_)) => Err(Usage(format!("several zones have the name {named:?}: give the id")).into()),
        (None, _) => Err(NotFound(format!("no zone has the id, reference or name {named:?}")).into()),
    }
}

/// The device with this id or identifier.
async fn device(client: &Client, named: &str) -> anyhow::Result<DeviceId> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let query = [("identifier", named.to_owned())];
    let mut found = std::pin::pin!(client.list::<Device>("v1/devices", &query));
    found
        .try_next()
        .await?
        .map(|device| device.id)
        .ok_or_else(|| NotFound(format!("no device has the id or identifier {named:?}")).into())
}
