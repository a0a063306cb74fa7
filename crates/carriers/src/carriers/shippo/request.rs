//! One number per request, with the carrier in Shippo's word; a token in a header.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://api.goshippo.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let missing = || AskError::Key { key: "carrier", number: number.value.clone() };
    let carrier = number.carrier.as_deref().ok_or_else(missing)?;
    let url = format!("{}/tracks/{}/{}", ask.base(BASE), part(carrier), part(&number.value));
    let value = format!("ShippoToken {}", ask.credential("api_key")?);
    Ok(Request::get(url, Auth::Header { name: "authorization".to_owned(), value }))
}
