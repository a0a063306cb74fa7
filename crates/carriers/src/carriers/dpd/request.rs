//! One parcel per request, as SOAP. The token comes from the login service and stands in the envelope.

use crate::request::{Ask, AskError, Auth, Request, xml_text};

const BASE: &str = "https://public-ws.dpd.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let language = if ask.language.contains(['-', '_']) { ask.language.replace('-', "_") } else { "en_US".to_owned() };
    let envelope = format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:ns=\"http://dpd.com/common/service/types/Authentication/2.0\" xmlns:ns1=\"http://dpd.com/common/service/types/ParcelLifeCycleService/2.0\"><soapenv:Header><ns:authentication><delisId>{}</delisId><authToken>{}</authToken><messageLanguage>{}</messageLanguage></ns:authentication></soapenv:Header><soapenv:Body><ns1:getTrackingData><parcelLabelNumber>{}</parcelLabelNumber></ns1:getTrackingData></soapenv:Body></soapenv:Envelope>",
        xml_text(ask.credential("delis_id")?),
        xml_text(ask.credential("auth_token")?),
        xml_text(&language),
        xml_text(&number.value),
    );
    let url = format!("{}/services/ParcelLifeCycleService/V2.0/getTrackingData", ask.base(BASE));
    let action = "http://dpd.com/common/service/ParcelLifeCycleService/2.0/getTrackingData";
    Ok(Request::post_xml(url, envelope, Auth::None).header("soapaction", action))
}
