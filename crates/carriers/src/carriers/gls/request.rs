//! Up to ten parcels per request; a bearer token by client credentials.

use crate::request::{Ask, AskError, Auth, Request, TokenRequest, part};

const BASE: &str = "https://api.gls-group.net";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let base = ask.base(BASE);
    let numbers: Vec<String> = ask.numbers.iter().map(|number| part(&number.value)).collect();
    let token = TokenRequest::form(format!("{base}/oauth2/v2/token"), ask)?;
    let url = format!("{base}/track-and-trace-v1/tracking/simple/trackids/{}?showEvents=true", numbers.join(","));
    Ok(Request::get(url, Auth::ClientCredentials(token)).header("accept-language", ask.language))
}
