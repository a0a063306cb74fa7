//! Up to 30 numbers per request; a bearer token by client credentials in the body. A ship date narrows a number that was
//! used again.

use serde_json::json;

use crate::request::{Ask, AskError, Auth, Request, TokenRequest};

const BASE: &str = "https://apis.fedex.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let base = ask.base(BASE);
    let infos = ask.numbers.iter().map(|number| {
        let mut info = json!({ "trackingNumberInfo": { "trackingNumber": number.value } });
        if let Some(date) = number.ship_date {
            info["shipDateBegin"] = json!(date.to_string());
            info["shipDateEnd"] = json!(date.to_string());
        }
        info
    });
    let body = json!({ "includeDetailedScans": true, "trackingInfo": infos.collect::<Vec<_>>() });
    let token = TokenRequest::form(format!("{base}/oauth/token"), ask)?;
    let locale = if ask.language.contains(['-', '_']) { ask.language.replace('-', "_") } else { "en_US".to_owned() };
    Ok(Request::post_json(format!("{base}/track/v1/trackingnumbers"), &body, Auth::ClientCredentials(token))
        .header("x-customer-transaction-id", ask.request_id)
        .header("x-locale", locale))
}
