//! Many zones at once, out of GeoJSON or KML: row by row, each made, changed, left as it is, or refused with a reason.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracklane_core::id::ZoneId;
use tracklane_core::model::{Caller, Zone, ZoneKind};
use tracklane_core::{FieldError, Invalid};
use tracklane_geo::kml;
use tracklane_geo::shape::Sizes;
use tracklane_store::zones::ZoneFilter;
use tracklane_store::{Db, Page, zones};

use super::book::{Book, Record};
use super::zones::NewZone;
use crate::base::must_operate;
use crate::error::{Error, Result};

/// The most zones that one import takes.
pub const MAX_IMPORTED: usize = 10_000;

/// How many zones one transaction writes.
const AT_ONCE: usize = 200;

/// Where an import finds what the geometry does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportWords {
    /// The property with the name; `name` when left out.
    pub name: Option<String>,
    /// The property with the reference; `reference` when left out, or else the feature's `id`.
    pub reference: Option<String>,
    /// The radius of circles that state none themselves, in metres.
    pub radius_m: Option<f64>,
    /// The width of corridors that state none themselves, in metres.
    pub width_m: Option<f64>,
}

impl ImportWords {
    fn sizes(&self) -> Sizes {
        Sizes { radius_m: self.radius_m, width_m: self.width_m }
    }
}

/// One row of an import: what it wants, or why it cannot be read.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Its name, as far as it has one.
    pub name: String,
    /// The line on which it begins, where lines are known.
    pub line: Option<usize>,
    /// The zone.
    pub zone: Result<NewZone, Invalid>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// A zone was made.
    Created,
    /// The zone with its reference, or else with its name, was changed.
    Updated,
    /// That zone says the same already.
    Unchanged,
    /// Nothing was done.
    Rejected,
}

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportedRow {
    /// Its number in the file, from 0.
    pub row: usize,
    /// The line on which it begins, in KML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Its name, as far as it has one.
    pub name: String,
    /// What became of it; what would, in a dry run.
    pub outcome: ImportOutcome,
    /// The zone; none when it was rejected, and for a new one in a dry run.
    pub zone_id: Option<ZoneId>,
    /// Why it was rejected: pointers are into the zone as `POST /v1/zones` takes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneImport {
    /// True when nothing was written.
    pub dry_run: bool,
    /// Zones made.
    pub created: usize,
    /// Zones changed.
    pub updated: usize,
    /// Zones that say the same already.
    pub unchanged: usize,
    /// Rows refused.
    pub rejected: usize,
    /// Every row, in the order of the file.
    pub rows: Vec<ImportedRow>,
}

/// Reads the features of a GeoJSON `FeatureCollection`, or a single `Feature` (RFC 7946). Besides name and reference the
/// properties `radius_m`, `width_m`, `rules`, `schedule` and `speed_limit` are read; others do not matter.
///
/// # Errors
/// When it is neither, or has too many features.
pub fn read_geojson(document: &Value, words: &ImportWords) -> Result<Vec<ImportRow>, Invalid> {
    let features = match document.get("type").and_then(Value::as_str) {
        Some("Feature") => std::slice::from_ref(document),
        Some("FeatureCollection") => document
            .get("features")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .ok_or_else(|| Invalid::one("/features", "must be an array of features"))?,
        _ => return Err(Invalid::one("/type", "must be FeatureCollection or Feature")),
    };
    must_fit(features.len())?;
    Ok(features.iter().map(|feature| read_feature(feature, words)).collect())
}

/// Reads the placemarks of a KML document.
///
/// # Errors
/// When the document as a whole cannot be read, or has too many placemarks.
pub fn read_kml(text: &str, words: &ImportWords) -> Result<Vec<ImportRow>, Invalid> {
    let placemarks = kml::read(text, words.sizes()).map_err(|error| Invalid::one("", error.to_string()))?;
    must_fit(placemarks.len())?;
    let row = |placemark: kml::Placemark| {
        let kml::Placemark { name, line, shape } = placemark;
        let zone = shape.map(|shape| {
            let Sizes { radius_m, width_m } = shape.sizes();
            NewZone { name: name.clone(), geometry: shape.to_geojson().0, radius_m, width_m, ..NewZone::default() }
        });
        ImportRow { name, line: Some(line), zone }
    };
    Ok(placemarks.into_iter().map(row).collect())
}

fn must_fit(count: usize) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.require(count <= MAX_IMPORTED, "", format!("must be at most {MAX_IMPORTED} zones, not {count}"));
    invalid.into_result()
}

fn read_feature(feature: &Value, words: &ImportWords) -> ImportRow {
    let property = |name: &str| feature.get("properties").and_then(|properties| properties.get(name));
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let name = property(words.name.as_deref().unwrap_or("name")).and_then(text).unwrap_or_default();
    let reference = match &words.reference {
        Some(named) => property(named).and_then(text),
        None => property("reference").or_else(|| feature.get("id")).and_then(text),
    };
    let zone = read_zone(feature, &name, reference, words.sizes());
    ImportRow { name, line: None, zone }
}

fn read_zone(feature: &Value, name: &str, reference: Option<String>, sizes: Sizes) -> Result<NewZone, Invalid> {
    if feature.get("type").and_then(Value::as_str) != Some("Feature") {
        return Err(Invalid::one("", "must be a Feature"));
    }
    let geometry = feature.get("geometry").cloned().unwrap_or(Value::Null);
    let kind = geometry.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut invalid = Invalid::default();
    let mut zone = NewZone { reference, name: name.to_owned(), geometry, ..NewZone::default() };
    macro_rules! take {
        ($field:ident) => {
            let given = feature.get("properties").and_then(|properties| properties.get(stringify!($field)));
            if let Some(value) = given.filter(|value| !value.is_null()) {
                match serde_json::from_value(value.clone()) {
                    Ok(read) => zone.$field = Some(read),
                    Err(error) => invalid.add(concat!("/", stringify!($field)), error.to_string()),
                }
            }
        };
    }
    take!(radius_m);
    take!(width_m);
    take!(rules);
    take!(schedule);
    take!(speed_limit);
    // The caller's sizes stand in only where they mean something.
    zone.radius_m = zone.radius_m.or(sizes.radius_m.filter(|_| kind == "Point"));
    zone.width_m = zone.width_m.or(sizes.width_m.filter(|_| kind == "LineString"));
    invalid.into_result().map(|()| zone)
}

impl Book<Zone> {
    /// Makes or changes many zones. A row changes the zone with its reference, or, without one, the drawn zone with its name;
    /// where there is none, it makes one. A dry run writes nothing and answers the same.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Conflict`] when somebody else takes a reference at the same time; then the rows before
    /// may have been written, and to import again is safe.
    pub async fn import(&self, caller: &Caller, rows: Vec<ImportRow>, dry_run: bool) -> Result<ZoneImport> {
        must_operate(caller)?;
        let mut report = ZoneImport { dry_run, ..ZoneImport::default() };
        let mut seen = HashMap::new();
        let rows: Vec<(usize, ImportRow)> = rows.into_iter().enumerate().collect();
        for some in rows.chunks(AT_ONCE) {
            self.import_some(caller, some, &mut seen, &mut report).await?;
        }
        Ok(report)
    }

    async fn import_some(
        &self,
        caller: &Caller,
        rows: &[(usize, ImportRow)],
        seen: &mut HashMap<(bool, String), usize>,
        report: &mut ZoneImport,
    ) -> Result<()> {
        let mut tx = self.base.begin(caller).await?;
        let mut written: Vec<(Option<Zone>, Zone)> = Vec::new();
        for (number, row) in rows {
            let entry = |outcome, zone_id, errors| {
                let ImportRow { name, line, .. } = row;
                ImportedRow { row: *number, line: *line, name: name.clone(), outcome, zone_id, errors }
            };
            let taken = match self.import_row(&mut tx, row, *number, seen).await? {
                Ok(taken) => taken,
                Err(invalid) => {
                    report.note(entry(ImportOutcome::Rejected, None, invalid.0));
                    continue;
                }
            };
            let (input, before) = taken;
            match before {
                Some(before) if NewZone::from(&before) == input => {
                    report.note(entry(ImportOutcome::Unchanged, Some(before.id), Vec::new()));
                }
                Some(before) => {
                    let mut zone = before.clone();
                    zone.revise(input, &self.base.env);
                    report.note(entry(ImportOutcome::Updated, Some(zone.id), Vec::new()));
                    if !report.dry_run {
                        if !zones::update(&mut tx, &zone).await? {
                            return Err(Error::VersionMismatch);
                        }
                        zone.version += 1;
                        self.base.audit(&mut tx, caller, "zone.updated", zone.id.to_string()).await?;
                        written.push((Some(before), zone));
                    }
                }
                None => {
                    let zone = Zone::build(input, caller, &self.base.env);
                    let id = Some(zone.id).filter(|_| !report.dry_run);
                    report.note(entry(ImportOutcome::Created, id, Vec::new()));
                    if !report.dry_run {
                        zones::insert(&mut tx, &zone).await?;
                        self.base.audit(&mut tx, caller, "zone.created", zone.id.to_string()).await?;
                        written.push((None, zone));
                    }
                }
            }
        }
        if written.is_empty() {
            return Ok(());
        }
        tx.commit().await?;
        for (before, zone) in &written {
            Zone::remember(&self.base, before.as_ref(), Some(zone));
        }
        Ok(())
    }

    /// Checks a row, and finds the zone that it means.
    async fn import_row(
        &self,
        db: &mut Db,
        row: &ImportRow,
        number: usize,
        seen: &mut HashMap<(bool, String), usize>,
    ) -> Result<Result<(NewZone, Option<Zone>), Invalid>> {
        let mut input = match &row.zone {
            Ok(zone) => zone.clone(),
            Err(invalid) => return Ok(Err(invalid.clone())),
        };
        if let Err(invalid) = input.check() {
            return Ok(Err(invalid));
        }
        let by_reference = input.reference.is_some();
        let (pointer, key) = match &input.reference {
            Some(reference) => ("/reference", reference.clone()),
            None => ("/name", input.name.clone()),
        };
        if let Some(first) = seen.insert((by_reference, key), number) {
            return Ok(Err(Invalid::one(pointer, format!("stands for the same zone as row {first}"))));
        }
        let name = (!by_reference).then(|| input.name.clone());
        let filter = ZoneFilter {
            reference: input.reference.clone(),
            name,
            kind: Some(ZoneKind::Custom),
            ..ZoneFilter::default()
        };
        let mut found = zones::list(db, &filter, Page::first(2)).await?.items;
        if found.len() > 1 {
            let rule = "is the name of several zones: give a reference that says which one is meant";
            return Ok(Err(Invalid::one(pointer, rule)));
        }
        let before = found.pop();
        if let Some(before) = &before {
            // What a file cannot say stays as it is; so does what it does not say.
            input.reference = input.reference.or_else(|| before.reference.clone());
            input.location_id = before.location_id;
            input.rules = input.rules.or(before.rules);
            input.schedule = input.schedule.or_else(|| before.schedule.clone());
            input.speed_limit = input.speed_limit.or(before.speed_limit);
        }
        Ok(Ok((input, before)))
    }
}

impl ZoneImport {
    fn note(&mut self, row: ImportedRow) {
        let counter = match row.outcome {
            ImportOutcome::Created => &mut self.created,
            ImportOutcome::Updated => &mut self.updated,
            ImportOutcome::Unchanged => &mut self.unchanged,
            ImportOutcome::Rejected => &mut self.rejected,
        };
        *counter += 1;
        self.rows.push(row);
    }
}
