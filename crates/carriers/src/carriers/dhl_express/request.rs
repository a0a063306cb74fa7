//! Up to ten waybills per request; HTTP Basic.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://express.api.dhl.com";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let numbers: Vec<String> = ask.numbers.iter().map(|number| part(&number.value)).collect();
    let url = format!(
        "{}/mydhlapi/tracking?shipmentTrackingNumber={}&trackingView=all-checkpoints&levelOfDetail=all",
        ask.base(BASE),
        numbers.join(",")
    );
    let auth =
        Auth::Basic { user: ask.credential("user")?.to_owned(), password: ask.credential("password")?.to_owned() };
    Ok(Request::get(url, auth).header("message-reference", ask.request_id).header("accept-language", ask.language))
}
