//! Who calls: `Authorization: Bearer` with a token or an API key, HTTP Basic with an API key or a device's credential as
//! the password, or the cookie of the web pages. Whoever is known is counted against the limit of requests.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method};
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::Caller;
use tracklane_engine::access::{Principal, network};

use crate::App;
use crate::edge::Context;
use crate::limits::Key;
use crate::problem::{Kind, Problem, Result};

/// The cookie that the web pages log in with.
pub const SESSION_COOKIE: &str = "tracklane_session";

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Somebody whose credentials are valid, whatever they may do. Routes ask with
/// [`Allowed`](crate::permissions::Allowed); this is for those that anybody known may call.
pub struct Known(pub Arc<Principal>);

impl FromRequestParts<App> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if let Some(principal) = parts.extensions.get::<Arc<Principal>>() {
            return Ok(Self(principal.clone()));
        }
        let from = client_network(&parts.extensions, &parts.headers, app);
        let principal = authenticate(&parts.method, &parts.headers, from, app).await?;
        let own = principal.api_key.as_ref().and_then(|key| key.requests_per_minute);
        if let Some(key) = limit_key(&principal.caller) {
            let left = app.limits.request(key, own, app.env.now()).await?;
            if let Some(context) = parts.extensions.get::<Arc<Context>>() {
                context.note_limit(left);
            }
        }
        parts.extensions.insert(principal.clone());
        Ok(Self(principal))
    }
}

fn limit_key(caller: &Caller) -> Option<Key> {
    match caller.actor {
        Actor::User(id) => Some(Key::User(id)),
        Actor::ApiKey(id) => Some(Key::ApiKey(id)),
        Actor::Device(id) => Some(Key::Device(id)),
        Actor::Driver(_) | Actor::System => None,
    }
}

/// The credentials of a request.
#[derive(Debug, PartialEq, Eq)]
enum Credentials<'a> {
    None,
    Bearer(&'a str),
    Basic { user: String, password: String },
    Cookie(&'a str),
}

/// Finds out who sent these header fields, and from where.
///
/// # Errors
/// `unauthenticated`; `forbidden` when another site makes a browser send its cookie.
pub async fn authenticate(
    method: &Method,
    headers: &HeaderMap,
    from: Option<IpAddr>,
    app: &App,
) -> Result<Arc<Principal>> {
    match credentials(headers)? {
        Credentials::None => Err(Problem::unauthenticated("send Authorization: Bearer with a token or an API key")),
        Credentials::Bearer(token) => Ok(app.engine.access.authenticate(token).await?),
        Credentials::Basic { password, .. } if password.starts_with("tlk_") => {
            Ok(app.engine.access.authenticate(&password).await?)
        }
        Credentials::Basic { user, password } => {
            let caller = Box::pin(app.engine.access.authenticate_device(&user, Some(&password), from)).await?;
            Box::pin(must_have_credential(&caller, app)).await?;
            Ok(Arc::new(device_principal(caller)))
        }
        Credentials::Cookie(token) => {
            if !method.is_safe() && !same_origin(headers, app) {
                return Err(Problem::new(
                    Kind::Forbidden,
                    "a page of another site cannot use the session cookie; send Authorization: Bearer",
                ));
            }
            Ok(app.engine.access.authenticate(token).await?)
        }
    }
}

/// A device that needs no credential is believed by its name alone, which is for the device ports to accept, not for the
/// API.
async fn must_have_credential(caller: &Caller, app: &App) -> Result<()> {
    let Some(id) = caller.device_id else { return Err(Problem::unauthenticated("not a device")) };
    let device = app.engine.records.devices.get(&Caller::system(caller.tenant_id), id).await?;
    if device.has_credential {
        return Ok(());
    }
    Err(Problem::unauthenticated("the device has no credential to log in with"))
}

/// A device that is believed, as one who calls.
pub fn device_principal(caller: Caller) -> Principal {
    Principal { caller, user: None, api_key: None, scopes: Vec::new() }
}

/// The token that a request to log out is about. A cookie that another site makes a browser send does not count.
pub fn session_token<'a>(headers: &'a HeaderMap, app: &App) -> Option<&'a str> {
    match credentials(headers).ok()? {
        Credentials::Bearer(token) => Some(token),
        Credentials::Cookie(token) if same_origin(headers, app) => Some(token),
        Credentials::Cookie(_) | Credentials::Basic { .. } | Credentials::None => None,
    }
}

fn credentials(headers: &HeaderMap) -> Result<Credentials<'_>> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(cookie(headers, SESSION_COOKIE).map_or(Credentials::None, Credentials::Cookie));
    };
    let wrong = || Problem::unauthenticated("Authorization must be Bearer or Basic");
    let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(wrong)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Credentials::Bearer(rest.trim()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wrong());
    }
    let decoded =
        STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    let (user, password) = decoded.split_once(':').ok_or_else(wrong)?;
    Ok(Credentials::Basic { user: user.to_owned(), password: password.to_owned() })
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(given, _)| *given == name).map(|(_, value)| value).next()
}

/// True when a browser says that one of our own pages made the request. Ask this before trusting the cookie with
/// anything that changes something, and before opening a WebSocket by cookie.
pub fn same_origin(headers: &HeaderMap, app: &App) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = text(&ORIGIN) else { return false };
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    !host.is_empty() && (Some(host) == text(&HOST) || origin == app.settings.public_url())
}

/// The network a request comes from, to be counted by: a subscriber has one, with however many addresses.
pub fn client_network(extensions: &Extensions, headers: &HeaderMap, app: &App) -> Option<IpAddr> {
    client_address(extensions, headers, app).map(network)
}

/// The address a request comes from: the nearest one that is no trusted proxy.
fn client_address(extensions: &Extensions, headers: &HeaderMap, app: &App) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let trusted = |address: IpAddr| app.settings.trusted_proxies.iter().any(|network| network.contains(address));
    if !trusted(peer) {
        return Some(peer);
    }
    let fields = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let mut hops: Vec<IpAddr> = fields.flat_map(|f| f.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    while let Some(hop) = hops.pop() {
        if !trusted(hop) {
            return Some(hop);
        }
    }
    Some(peer)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn credentials_are_found_wherever_they_stand() {
        let read = |headers: &HeaderMap| credentials(headers).map(|found| format!("{found:?}")).ok();
        assert_eq!(read(&HeaderMap::new()).as_deref(), Some("None"));
        assert_eq!(read(&with(AUTHORIZATION, "bearer abc")).as_deref(), Some("Bearer(\"abc\")"));
        let basic = read(&with(AUTHORIZATION, "Basic dmFuLTc6c2VjcmV0"));
        assert_eq!(basic.as_deref(), Some("Basic { user: \"van-7\", password: \"secret\" }"));
        assert_eq!(read(&with(AUTHORIZATION, "Basic !")), None);
        assert_eq!(read(&with(AUTHORIZATION, "Digest abc")), None);
        let cookies = with(COOKIE, "a=b; tracklane_session=xyz; c=d");
        assert_eq!(read(&cookies).as_deref(), Some("Cookie(\"xyz\")"));
    }
}
