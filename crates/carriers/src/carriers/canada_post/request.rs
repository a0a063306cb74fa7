//! One item per request; HTTP Basic.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://soa-gw.canadapost.ca";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let url = format!("{}/vis/track/pin/{}/detail", ask.base(BASE), part(&number.value));
    let auth =
        Auth::Basic { user: ask.credential("user")?.to_owned(), password: ask.credential("password")?.to_owned() };
    let language = if ask.short_language() == "fr" { "fr-CA" } else { "en-CA" };
    Ok(Request::get(url, auth).accept("application/vnd.cpc.track-v2+xml").header("accept-language", language))
}
