//! Up to forty numbers per request, of those that were registered before; a key in a header.

use serde_json::{Value, json};

use crate::request::{Ask, AskError, Auth, Request};

const BASE: &str = "https://api.17track.net";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let numbers: Vec<Value> = ask
        .numbers
        .iter()
        .map(|number| {
            let mut entry = json!({ "number": number.value });
            // 17TRACK knows carriers by numbers of its own.
            if let Some(carrier) = number.carrier.as_deref().and_then(|carrier| carrier.parse::<u32>().ok()) {
                entry["carrier"] = json!(carrier);
            }
            entry
        })
        .collect();
    let key = ask.credential("api_key")?.to_owned();
    let auth = Auth::Header { name: "17token".to_owned(), value: key };
    Ok(Request::post_json(format!("{}/track/v2.4/gettrackinfo", ask.base(BASE)), &Value::Array(numbers), auth))
}
