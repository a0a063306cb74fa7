//! One number per request; a key in a header.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://api-eu.dhl.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let mut url = format!(
        "{}/track/shipments?trackingNumber={}&language={}",
        ask.base(BASE),
        part(&number.value),
        part(ask.short_language())
    );
    if let Some(service) = ask.credentials.get("service") {
        url.push_str(&format!("&service={}", part(service)));
    }
    if let Some(postcode) = &number.postcode {
        url.push_str(&format!("&recipientPostalCode={}", part(postcode)));
    }
    let key = ask.credential("api_key")?.to_owned();
    Ok(Request::get(url, Auth::Header { name: "dhl-api-key".to_owned(), value: key }))
}
