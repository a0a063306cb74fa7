//! One number per request; the question itself is XML in the address. With the recipient's postcode the answer tells more.

use crate::request::{Ask, AskError, Auth, Request, part, xml_text};

const BASE: &str = "https://api-eu.dhl.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let zip = number.postcode.as_deref().map(|zip| format!(" zip-code=\"{}\"", xml_text(zip))).unwrap_or_default();
    let question = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?><data appname=\"{}\" language-code=\"{}\" password=\"{}\" piece-code=\"{}\"{zip} request=\"d-get-piece-detail\"/>",
        xml_text(ask.credential("appname")?),
        xml_text(ask.short_language()),
        xml_text(ask.credential("password")?),
        xml_text(&number.value),
    );
    let url = format!("{}/parcel/de/tracking/v0/shipments?xml={}", ask.base(BASE), part(&question));
    let key = ask.credential("api_key")?.to_owned();
    Ok(Request::get(url, Auth::Header { name: "dhl-api-key".to_owned(), value: key }).accept("application/xml"))
}
