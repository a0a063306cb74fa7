//! Positions coming in, one by one or in batches, and the newest of each device.
//!
//! One position is the hot path: it is read out of the body without copying, counted, and handed to the pipeline; the
//! slow, careful reading happens only when something is wrong with it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracklane_api_types::{MAX_ATTRIBUTES, Page, PositionInput, PositionsAnswer, RowAnswer, RowOutcome};
use tracklane_core::id::{DeviceId, DriverId, Id as _};
use tracklane_core::model::{Caller, DeviceLatest, Role};
use tracklane_core::{FieldError, Invalid, Timestamp};
use tracklane_engine::Cursor;
use tracklane_engine::tracking::{BoundingBox, DeviceRef, Incoming, LatestFilter, RowOutcome as Outcome};

use crate::App;
use crate::edge::Context;
use crate::json;
use crate::limits::Key;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, PositionsRead, PositionsWrite};
use crate::problem::{Kind, Problem, Problems, Result};
use crate::query::{Box4, Query};

/// Rows in a batch at most.
pub const MAX_ROWS: usize = 10_000;

/// The answer to a position that is simply accepted, as nearly every one is.
const ACCEPTED: &str = r#"{"accepted":1,"duplicates":0,"late":0,"marked":0,"rejected":0,"rows":[]}"#;
const JSON: (HeaderName, HeaderValue) = (CONTENT_TYPE, HeaderValue::from_static("application/json"));

/// Send a position
///
/// When it is answered, it is durable. One per second of a driver or device; send batches for more.
#[utoipa::path(post, path = "/v1/positions", tag = "Positions", operation_id = "send_position",
    request_body = PositionInput<'_>, security(("bearer" = ["positions:write"])),
    responses((status = 202, body = PositionsAnswer, description = "It is durable"), Problems))]
pub async fn send(
    State(app): State<App>,
    who: Allowed<PositionsWrite>,
    Extension(context): Extension<Arc<Context>>,
    request: Request,
) -> Result<Response> {
    json::require_media_type(request.headers(), &["application/json"])?;
    let body = json::read(request, &app).await?;
    let row = read_row(&body, &|row| app.engine.tracking.check(&who.caller, row)).and_then(incoming)?;
    if app.limits.counts_positions()
        && let Some(key) = limit_key(&app, &who.caller, &row.device)
    {
        context.note_limit(app.limits.position(key, app.env.now()).await?);
    }
    let outcome = app.engine.tracking.submit_one(&who.caller, row).await?;
    let mut answer = PositionsAnswer::default();
    match outcome {
        Outcome::Accepted => return Ok((StatusCode::ACCEPTED, [JSON], ACCEPTED).into_response()),
        Outcome::Rejected(invalid) => return Err(invalid.into()),
        other => count(&mut answer, 0, other, false),
    }
    Ok((StatusCode::ACCEPTED, axum::Json(answer)).into_response())
}

/// Whose allowance a single position uses up: a driver's own, or that of a device which the caller may speak for.
fn limit_key(app: &App, caller: &Caller, named: &DeviceRef) -> Option<Key> {
    if let (Role::Driver, Some(driver)) = (caller.role, caller.driver_id) {
        return Some(Key::DriverPositions(driver));
    }
    app.engine.tracking.device(caller, named).map(|device| Key::DevicePositions(device.device_id))
}

/// How the answer to a batch is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchQuery {
    /// `all` for an entry per row; otherwise only rows that are not simply accepted have one.
    #[param(inline)]
    rows: Option<Rows>,
}

/// Which rows the answer lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// Every row.
    All,
    /// Rows that are not simply accepted.
    Other,
}

/// Send a batch of positions
///
/// A JSON array, or one object per line (NDJSON), at most 10,000 rows and 8 MiB. Each row is taken or rejected by itself;
/// pointers of errors are into the row. When it is answered, whatever was not rejected is durable.
#[utoipa::path(post, path = "/v1/positions/batch", tag = "Positions", operation_id = "send_positions", params(BatchQuery),
    request_body(content(
        (Vec<PositionInput<'_>> = "application/json"),
        (String = "application/x-ndjson"),
    )),
    security(("bearer" = ["positions:write"])),
    responses((status = 200, body = PositionsAnswer), Problems))]
pub async fn send_batch(
    State(app): State<App>,
    who: Allowed<PositionsWrite>,
    Query(query): Query<BatchQuery>,
    mut request: Request,
) -> Result<axum::Json<PositionsAnswer>> {
    json::require_media_type(request.headers(), &["application/json", "application/x-ndjson"])?;
    let lines = json::media_type(request.headers()).eq_ignore_ascii_case("application/x-ndjson");
    DefaultBodyLimit::max(app.settings.batch_limit_bytes).apply(&mut request);
    let body = json::read(request, &app).await?;
    let mut answer = PositionsAnswer::default();
    let every_row = query.rows == Some(Rows::All);
    // Mostly all rows are well: then one look is enough.
    let whole = if lines { read_lines(&body) } else { read_array(&body) };
    let (good, places) = match whole {
        Some(rows) => {
            must_fit(rows.len())?;
            let places = (0..rows.len()).collect();
            (rows, places)
        }
        None => {
            let texts = if lines { split_lines(&body).collect() } else { split_array(&body)? };
            read_rows(texts, &mut answer, &|row| app.engine.tracking.check(&who.caller, row))?
        }
    };
    if !good.is_empty() {
        let outcomes = app.engine.tracking.submit(&who.caller, good).await?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            count(&mut answer, place, outcome, every_row);
        }
    }
    answer.rows.sort_unstable_by_key(|row| row.row);
    Ok(axum::Json(answer))
}

/// The rows of an array, if all of them are well.
fn read_array(body: &[u8]) -> Option<Vec<Incoming>> {
    // More than one bracket opens perhaps a row that is an array, which serde would read field by field.
    let plain = body.iter().filter(|byte| **byte == b'[').count() == 1;
    let read = if plain { serde_json::from_slice::<Vec<PositionInput<'_>>>(body).ok()? } else { return None };
    let mut rows = Vec::with_capacity(read.len());
    for row in read {
        rows.push(incoming(row).ok()?);
    }
    Some(rows)
}

/// The rows of lines, if all of them are well.
fn read_lines(body: &[u8]) -> Option<Vec<Incoming>> {
    // A row is seldom shorter.
    let mut rows = Vec::with_capacity(body.len() / 100);
    for line in split_lines(body) {
        rows.push(incoming(try_row(line)?).ok()?);
    }
    Some(rows)
}

/// Reads each row by itself: those that are well with their places, and of the others the answer says what is wrong.
fn read_rows(texts: Vec<&[u8]>, answer: &mut PositionsAnswer, check: Check) -> Result<(Vec<Incoming>, Vec<usize>)> {
    must_fit(texts.len())?;
    let (mut good, mut places) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
    for (place, text) in texts.into_iter().enumerate() {
        match read_row(text, check).and_then(incoming) {
            Ok(row) => {
                good.push(row);
                places.push(place);
            }
            Err(problem) => reject(answer, place, problem.errors().to_vec()),
        }
    }
    Ok((good, places))
}

fn must_fit(rows: usize) -> Result<()> {
    if rows > MAX_ROWS {
        return Err(Problem::new(Kind::TooLarge, format!("a batch has at most {MAX_ROWS} rows, not {rows}")));
    }
    Ok(())
}

/// The texts of the elements of an array.
fn split_array(body: &[u8]) -> Result<Vec<&[u8]>> {
    let rows: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| Problem::malformed("#", format!("must be a JSON array: {error}")))?;
    Ok(rows.into_iter().map(|row| row.get().as_bytes()).collect())
}

/// The lines that hold anything.
fn split_lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// Reads a row without copying, or says what is wrong with it.
fn read_row<'a>(text: &'a [u8], check: Check) -> Result<PositionInput<'a>> {
    try_row(text).ok_or_else(|| whats_wrong(text, check))
}

/// Reads a row without copying, if it is well; an array is none, though serde would read one field by field.
fn try_row(text: &[u8]) -> Option<PositionInput<'_>> {
    let object = text.trim_ascii_start().first() == Some(&b'{');
    if object { serde_json::from_slice(text).ok() } else { None }
}

/// Reads a row that could not be read again and again, to say all that is wrong with it: what cannot be read is left out, or made
/// up where it is required, until the rest can be, and `check` says which rules that breaks.
fn whats_wrong(text: &[u8], check: Check) -> Problem {
    let mut value = match json::parse_value(text) {
        Ok(value) => value,
        Err(problem) => return problem,
    };
    let (mut errors, mut mended) = (Vec::new(), Vec::new());
    // Each round mends another field; an object has few that are known, and the unknown ones are enough of them to hear of.
    for _ in 0..MOST_WRONG {
        match serde_path_to_error::deserialize::<_, PositionInput<'_>>(json::Objects(value.clone())) {
            Ok(position) => {
                let broken = incoming(position).map_or_else(|problem| problem.errors().to_vec(), |row| check(row).0);
                let is_made_up = |error: &FieldError| mended.iter().any(|field| *field == first_field(&error.pointer));
                errors.extend(broken.into_iter().filter(|error| !is_made_up(error)));
                break;
            }
            Err(error) => {
                let problem = json::invalid(error.path(), &error.inner().to_string());
                let field = problem.errors().first().map(|error| first_field(&error.pointer)).unwrap_or_default();
                errors.extend(problem.errors().iter().cloned());
                if !mend(&mut value, &field) {
                    break;
                }
                mended.push(field);
            }
        }
    }
    match errors.is_empty() {
        true => Problem::malformed("#", "must be a position"),
        false => Invalid(errors).into(),
    }
}

/// The rules that a row breaks.
type Check<'a> = &'a dyn Fn(Incoming) -> Invalid;

/// So many fields of a row that cannot be read are named at most.
const MOST_WRONG: usize = 12;

/// The field of a row that a pointer leads to, or into.
fn first_field(pointer: &str) -> String {
    let path = pointer.trim_start_matches('#').trim_start_matches('/');
    path.split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

/// Leaves out a field that cannot be read, or makes one up that is required; false when there is none.
fn mend(value: &mut serde_json::Value, field: &str) -> bool {
    let Some(row) = value.as_object_mut() else { return false };
    let made_up = match field {
        "fix_time" => serde_json::Value::from("2020-01-01T00:00:00Z"),
        "lat" | "lon" => serde_json::Value::from(0),
        _ => return row.remove(field).is_some(),
    };
    row.insert(field.to_owned(), made_up);
    true
}

/// The row as the pipeline takes it.
fn incoming(position: PositionInput<'_>) -> Result<Incoming> {
    if position.attributes.len() > MAX_ATTRIBUTES {
        return Err(Invalid::one("/attributes", format!("must be at most {MAX_ATTRIBUTES} entries")).into());
    }
    Ok(Incoming {
        device: position.device.as_ref().map_or(DeviceRef::Caller, |text| DeviceRef::parse(text)),
        fix_time: Some(position.fix_time),
        fix: Some(position.fix()),
        attributes: position.attributes,
    })
}

fn reject(answer: &mut PositionsAnswer, row: usize, errors: Vec<FieldError>) {
    answer.rejected += 1;
    answer.rows.push(RowAnswer { row, outcome: RowOutcome::Rejected, mark: None, errors });
}

fn count(answer: &mut PositionsAnswer, row: usize, outcome: Outcome, every_row: bool) {
    let mut mark = None;
    let outcome = match outcome {
        Outcome::Accepted => {
            answer.accepted += 1;
            RowOutcome::Accepted
        }
        Outcome::Duplicate => {
            answer.duplicates += 1;
            RowOutcome::Duplicate
        }
        Outcome::Late => {
            answer.late += 1;
            RowOutcome::Late
        }
        Outcome::Marked(why) => {
            answer.marked += 1;
            mark = Some(why);
            RowOutcome::Marked
        }
        Outcome::Rejected(invalid) => return reject(answer, row, invalid.0),
    };
    if every_row || outcome != RowOutcome::Accepted {
        answer.rows.push(RowAnswer { row, outcome, mark, errors: Vec::new() });
    }
}

/// Which newest positions are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LatestQuery {
    /// Of the devices of this driver; `courier_id` is a synonym.
    #[serde(alias = "courier_id")]
    driver_id: Option<DriverId>,
    /// Of this device.
    device_id: Option<DeviceId>,
    /// Inside this box: west,south,east,north in degrees; west may be greater than east across the antimeridian.
    #[param(value_type = Option<String>, example = "-8.7,41.1,-8.5,41.2")]
    bbox: Option<Box4>,
    /// Entries per page; 1,000 when left out.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(LatestQuery, DEFAULT_LIMIT = 1_000, MAX_LIMIT = 10_000);

/// The newest position of a device, with a mark of its age.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LatestPosition {
    #[serde(flatten)]
    latest: DeviceLatest,
    /// True when the fix was taken within the last 15 seconds.
    fresh: bool,
}

/// A fix that is older is where a device was, rather than where it is.
const FRESH: SignedDuration = SignedDuration::from_secs(15);

impl LatestPosition {
    fn at(latest: DeviceLatest, now: Timestamp) -> Self {
        Self { fresh: now.duration_since(latest.fix_time) <= FRESH, latest }
    }
}

/// Read the newest positions
///
/// One per device, by device; `fresh` are those of the last 15 seconds. Drivers and devices see their own.
#[utoipa::path(get, path = "/v1/positions/latest", tag = "Positions", operation_id = "latest_positions",
    params(LatestQuery), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = Page<LatestPosition>), Problems))]
pub async fn latest(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    listing: Listing<LatestQuery>,
) -> Result<Listed<LatestPosition>> {
    let LatestQuery { driver_id, device_id, bbox, .. } = listing.query;
    let bbox = bbox.map(|Box4([west, south, east, north])| BoundingBox { west, south, east, north });
    let mut items = app.engine.tracking.latest(&who.caller, &LatestFilter { driver_id, device_id, bbox })?;
    let page = listing.page()?;
    if let Some(Cursor(after)) = page.after {
        items.drain(..items.partition_point(|latest| latest.device_id.uuid() <= after));
    }
    let cut = tracklane_engine::Listing::cut(items, page.limit, |latest| latest.device_id.uuid());
    let now = app.env.now();
    let items = cut.items.into_iter().map(|latest| LatestPosition::at(latest, now)).collect();
    Ok(listing.answer(tracklane_engine::Listing { items, next: cut.next }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_that_is_ready_is_the_one_that_would_be_made() {
        let mut answer = PositionsAnswer::default();
        count(&mut answer, 0, Outcome::Accepted, false);
        assert_eq!(serde_json::to_string(&answer).expect("a text"), ACCEPTED);
    }
}
