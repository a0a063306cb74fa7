//! One item per request; HTTP Basic.

use crate::request::{Ask, AskError, Auth, Request, part};

const BASE: &str = "https://api-parcel.bpost.be";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, AskError> {
    let number = ask.only()?;
    let url = format!("{}/services/trackedmail/item/{}/trackingInfo", ask.base(BASE), part(&number.value));
    let auth =
        Auth::Basic { user: ask.credential("account")?.to_owned(), password: ask.credential("passphrase")?.to_owned() };
    Ok(Request::get(url, auth).accept("application/xml"))
}
