//! Up to ten PINs per request, as SOAP; HTTP Basic.

use crate::request::{Ask, AskError, Auth, Request, xml_text};

const BASE: &str = "https://webservices.purolator.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let pins: Vec<String> = ask
        .numbers
        .iter()
        .map(|number| format!("<v1:PIN><v1:Value>{}</v1:Value></v1:PIN>", xml_text(&number.value)))
        .collect();
    let language = if ask.short_language() == "fr" { "fr" } else { "en" };
    let envelope = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:v1=\"http://purolator.com/pws/datatypes/v1\"><soap:Header><v1:RequestContext><v1:Version>1.2</v1:Version><v1:Language>{language}</v1:Language><v1:GroupID>tracklane</v1:GroupID><v1:RequestReference>{}</v1:RequestReference></v1:RequestContext></soap:Header><soap:Body><v1:TrackPackagesByPinRequest><v1:PINs>{}</v1:PINs></v1:TrackPackagesByPinRequest></soap:Body></soap:Envelope>",
        xml_text(ask.request_id),
        pins.concat(),
    );
    let auth =
        Auth::Basic { user: ask.credential("key")?.to_owned(), password: ask.credential("password")?.to_owned() };
    let url = format!("{}/EWS/V1/Tracking/TrackingService.asmx", ask.base(BASE));
    Ok(Request::post_xml(url, envelope, auth)
        .header("soapaction", "http://purolator.com/pws/service/v1/TrackPackagesByPin"))
}
