//! One number per request: asking for a tracker makes it, or finds the one there is; HTTP Basic with the key as the user.

use serde_json::json;

use crate::request::{Ask, AskError, Auth, Request};

const BASE: &str = "https://api.easypost.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let mut tracker = json!({ "tracking_code": number.value });
    if let Some(carrier) = &number.carrier {
        tracker["carrier"] = json!(carrier);
    }
    let auth = Auth::Basic { user: ask.credential("api_key")?.to_owned(), password: String::new() };
    Ok(Request::post_json(format!("{}/v2/trackers", ask.base(BASE)), &json!({ "tracker": tracker }), auth))
}
