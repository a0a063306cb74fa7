//! One number per request; a bearer token by client credentials in the Basic header.

use crate::request::{Ask, AskError, Auth, Request, TokenRequest, part};

const BASE: &str = "https://onlinetools.ups.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let base = ask.base(BASE);
    let locale = if ask.language.contains(['-', '_']) { ask.language.replace('-', "_") } else { "en_US".to_owned() };
    let url = format!(
        "{base}/api/track/v1/details/{}?locale={}&returnSignature=true&returnMilestones=true&returnPOD=true",
        part(&number.value),
        part(&locale)
    );
    let mut token = TokenRequest::form(format!("{base}/security/v1/oauth/token"), ask)?;
    token.in_header = true;
    Ok(Request::get(url, Auth::ClientCredentials(token))
        .header("transId", ask.request_id)
        .header("transactionSrc", "tracklane"))
}
