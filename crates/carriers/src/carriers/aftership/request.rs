//! Up to fifty numbers per request, of those that were made known to AfterShip before; a key in a header.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://api.aftership.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let numbers: Vec<String> = ask.numbers.iter().map(|number| part(&number.value)).collect();
    let mut url =
        format!("{}/tracking/2026-07/trackings?tracking_numbers={}&limit=200", ask.base(BASE), numbers.join(","));
    if let [number] = ask.numbers
        && let Some(carrier) = &number.carrier
    {
        url.push_str(&format!("&slug={}", part(carrier)));
    }
    let key = ask.credential("api_key")?.to_owned();
    Ok(Request::get(url, Auth::Header { name: "as-api-key".to_owned(), value: key }))
}
