//! OsmAnd and Traccar Client. Both look at the status alone: 2xx means that the position may be forgotten; a body would be
//! taken for a command. An unknown device is 400 in the query form and 404 in the JSON form, as Traccar's server answers.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tracklane_protocols::osmand;

use super::{Stated, drop_unreadable, take};
use crate::App;
use crate::json;
use crate::problem::{Kind, Problem, Problems, Result};

/// Send a position as OsmAnd and Traccar Client do
///
/// Query parameters, a form, or the JSON of newer Traccar Clients, under any path below `/osmand`. A device with a
/// credential states it as `key`, as the password of HTTP Basic, or in `Authorization`. A message that cannot be read is
/// dropped with a success if it names a device that may send, so that the device goes on with the next one.
#[utoipa::path(post, path = "/osmand", tag = "Device protocols", operation_id = "send_osmand",
    params(
        ("id" = Option<String>, Query, description = "The device's identifier"),
        ("lat" = Option<f64>, Query, description = "Latitude in degrees"),
        ("lon" = Option<f64>, Query, description = "Longitude in degrees"),
        ("timestamp" = Option<String>, Query, description = "Unix seconds or milliseconds, or ISO 8601"),
        ("speed" = Option<f64>, Query, description = "Speed in knots"),
        ("key" = Option<String>, Query, description = "The device's credential"),
    ),
    security(()), responses((status = 200, description = "It is durable, or will never be taken; no body"), Problems))]
pub async fn receive(State(app): State<App>, request: Request) -> Result<Response> {
    let mut stated = Stated::of(&request, &app);
    let (query, key) = without_key(request.uri().query().unwrap_or_default());
    if key.is_some() {
        stated.secret = key;
    }
    let text = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_json = json::media_type(request.headers()).eq_ignore_ascii_case("application/json");
    let body = json::read(request, &app).await?;
    let (body, key) = if is_json || !query.is_empty() { (body.to_vec(), None) } else { form_without_key(&body) };
    if key.is_some() {
        stated.secret = key;
    }
    let done = match osmand::decode(Some(&query), text.as_deref(), &body) {
        Ok(reports) => take(&app, "osmand", reports, &stated).await,
        Err(error) => {
            let named = if is_json { named_in_json(&body) } else { named_in_form(&query, &body) };
            Box::pin(drop_unreadable(&app, &error, &named.unwrap_or_default(), &stated)).await
        }
    };
    match done {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(problem) if problem.kind() == Kind::Unauthenticated => {
            let detail = "the device is unknown or disabled, or its credential is wrong";
            Err(Problem::new(if is_json { Kind::NotFound } else { Kind::Malformed }, detail))
        }
        Err(problem) => Err(problem),
    }
}

/// The device that a message is from, though the rest of it may make no sense.
fn named_in_form(query: &str, body: &[u8]) -> Option<String> {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).chain(url::form_urlencoded::parse(body));
    let mut named = pairs.filter(|(name, _)| matches!(name.as_ref(), "id" | "deviceid"));
    named.next().map(|(_, value)| value.into_owned())
}

fn named_in_json(body: &[u8]) -> Option<String> {
    let message = json::parse_value(body).ok()?;
    message.get("device_id")?.as_str().map(str::to_owned)
}

fn form_without_key(body: &[u8]) -> (Vec<u8>, Option<String>) {
    let (form, key) = without_key(&String::from_utf8_lossy(body));
    (form.into_bytes(), key)
}

/// Takes the secret out of a query, so that it is not kept as an attribute of the position.
fn without_key(query: &str) -> (String, Option<String>) {
    let mut key = None;
    let mut rest = String::with_capacity(query.len());
    for pair in query.split('&') {
        if pair.starts_with("key=") {
            key = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
            continue;
        }
        if !rest.is_empty() {
            rest.push('&');
        }
        rest.push_str(pair);
    }
    (rest, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_does_not_stay_in_the_message() {
        let split = |query| without_key(query);
        assert_eq!(split("id=a&key=x%20y&lat=1"), ("id=a&lat=1".to_owned(), Some("x y".to_owned())));
        assert_eq!(split("id=a&monkey=x"), ("id=a&monkey=x".to_owned(), None));
        assert_eq!(split(""), (String::new(), None));
    }
}
