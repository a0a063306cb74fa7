//! Up to ten articles per request; HTTP Basic, and the account in a header.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://digitalapi.auspost.com.au";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let numbers: Vec<String> = ask.numbers.iter().map(|number| part(&number.value)).collect();
    let url = format!("{}/shipping/v1/track?tracking_ids={}", ask.base(BASE), numbers.join(","));
    let auth =
        Auth::Basic { user: ask.credential("api_key")?.to_owned(), password: ask.credential("password")?.to_owned() };
    Ok(Request::get(url, auth).header("account-number", ask.credential("account")?))
}
