//! OwnTracks in its HTTP mode. The app takes any 2xx for "delivered" and wants a JSON array for a body.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use serde_json::json;
use tracklane_protocols::owntracks::{self, Sender};

use super::{Stated, drop_unreadable, take};
use crate::App;
use crate::json;
use crate::problem::{Problems, Result};

const LIMIT_USER: HeaderName = HeaderName::from_static("x-limit-u");
const LIMIT_DEVICE: HeaderName = HeaderName::from_static("x-limit-d");

/// Send a message as OwnTracks does
///
/// The device is `user/device` of the topic in the message, of the headers `X-Limit-U` and `X-Limit-D`, or of the query;
/// without these, the user of HTTP Basic. A device with a credential states it as the password of HTTP Basic. Messages
/// other than locations are acknowledged and not kept; so are an empty body, and what cannot be read of a device that may
/// send.
#[utoipa::path(post, path = "/owntracks", tag = "Device protocols", operation_id = "send_owntracks",
    params(("u" = Option<String>, Query, description = "The user"), ("d" = Option<String>, Query, description = "The device")),
    request_body(content = Object, description = "One OwnTracks object"),
    security(()), responses((status = 200, body = Vec<Object>, description = "An empty array"), Problems))]
pub async fn receive(State(app): State<App>, request: Request) -> Result<Response> {
    let stated = Stated::of(&request, &app);
    let headers = request.headers();
    let field = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (header_user, header_device) = (field(&LIMIT_USER), field(&LIMIT_DEVICE));
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let (query_user, query_device) = (parameter("u"), parameter("d"));
    let body = json::read(request, &app).await?;
    let sender = Sender {
        header_user: header_user.as_deref(),
        header_device: header_device.as_deref(),
        query_user: query_user.as_deref(),
        query_device: query_device.as_deref(),
    };
    match owntracks::decode(&body, &sender) {
        Ok(reports) => take(&app, "owntracks", reports, &stated).await?,
        Err(error) => drop_unreadable(&app, &error, &named(&body, &sender), &stated).await?,
    }
    Ok(axum::Json(json!([])).into_response())
}

/// The device that a message is from, though the rest of it may make no sense.
fn named(body: &[u8], sender: &Sender<'_>) -> String {
    let message = json::parse_value(body).unwrap_or_default();
    let topic = message.get("topic").and_then(serde_json::Value::as_str);
    let topic = topic.and_then(|topic| topic.strip_prefix("owntracks/")).filter(|rest| rest.contains('/'));
    let pair = |user: Option<&str>, device: Option<&str>| Some(format!("{}/{}", user?, device?));
    topic
        .map(str::to_owned)
        .or_else(|| pair(sender.header_user, sender.header_device))
        .or_else(|| pair(sender.query_user, sender.query_device))
        .unwrap_or_default()
}
