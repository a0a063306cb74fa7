//! One number per request; a bearer token by client credentials in a JSON body.

use crate::request::{Ask, AskError, Auth, Request, TokenRequest, part};

const BASE: &str = "https://apis.usps.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let base = ask.base(BASE);
    let mut token = TokenRequest::form(format!("{base}/oauth2/v3/token"), ask)?;
    token.json = true;
    let url = format!("{base}/tracking/v3/tracking/{}?expand=DETAIL", part(&number.value));
    Ok(Request::get(url, Auth::ClientCredentials(token)))
}
