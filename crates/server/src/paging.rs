//! Pages of lists: `limit`, an opaque `cursor` bound to the filter it was made for, and the `Link` field.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use http::header::{HeaderValue, LINK};
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tracklane_api_types::Page;
use tracklane_engine::{Cursor, Listing as Found, Page as EnginePage};

use crate::problem::{Problem, Result};
use crate::query;

/// Entries of a page when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Entries of a page at most.
pub const MAX_LIMIT: u32 = 200;

/// The query of a list: every list has these two, besides its own filter.
pub trait ListQuery: DeserializeOwned {
    /// Entries of a page when the caller does not say.
    const DEFAULT_LIMIT: u32 = DEFAULT_LIMIT;
    /// Entries of a page at most.
    const MAX_LIMIT: u32 = MAX_LIMIT;

    /// Entries per page, from 1 on.
    fn limit(&self) -> Option<u32>;
    /// Where the page before ended.
    fn cursor(&self) -> Option<&str>;
}

/// Implements [`ListQuery`] for structs with the fields `limit` and `cursor`.
macro_rules! list_query {
    ($name:ty $(, $limit:ident = $value:expr)* $(,)?) => {
        impl $crate::paging::ListQuery for $name {
            $(const $limit: u32 = $value;)*
            fn limit(&self) -> Option<u32> {
                self.limit
            }
            fn cursor(&self) -> Option<&str> {
                self.cursor.as_deref()
            }
        }
    };
}
pub(crate) use list_query;

/// A request for one page of a list.
pub struct Listing<Q> {
    /// The filter.
    pub query: Q,
    /// Entries wanted, from 1 to what the list gives at most.
    pub limit: u32,
    /// What the cursor holds: where the page before ended.
    pub after: Option<String>,
    uri: Uri,
}

impl<S: Send + Sync, Q: ListQuery> FromRequestParts<S> for Listing<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let uri = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone());
        let query: Q = query::parse(uri.query().unwrap_or_default())?;
        let limit = query.limit().unwrap_or(Q::DEFAULT_LIMIT);
        if !(1..=Q::MAX_LIMIT).contains(&limit) {
            return Err(Problem::malformed("limit", format!("must be from 1 to {}", Q::MAX_LIMIT)));
        }
        let after = query.cursor().map(|cursor| open(cursor, &uri)).transpose()?;
        Ok(Self { query, limit, after, uri })
    }
}

impl<Q> Listing<Q> {
    /// Which page to ask the engine for.
    ///
    /// # Errors
    /// `malformed-request` for a cursor that is none.
    pub fn page(&self) -> Result<EnginePage> {
        let after = self.after.as_ref().map(|place| place.parse::<Cursor>()).transpose();
        let after = after.map_err(|_| Problem::malformed("cursor", "must be a next_cursor of this list"))?;
        Ok(EnginePage { after, limit: self.limit })
    }

    /// Answers with what was found.
    pub fn answer<T: Serialize>(&self, found: Found<T>) -> Listed<T> {
        let Found { items, next } = found;
        let next_cursor = next.map(|place| seal(&place.to_string(), &self.uri));
        let link = next_cursor.as_ref().map(|cursor| link(&self.uri, cursor));
        Listed { page: Page { items, has_more: next_cursor.is_some(), next_cursor }, link }
    }
}

/// The answer to a list.
pub struct Listed<T> {
    page: Page<T>,
    link: Option<String>,
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.page).into_response();
        if let Some(link) = self.link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

fn pairs_without<'a>(uri: &'a Uri, left_out: &'a [&str]) -> impl Iterator<Item = (String, String)> + 'a {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .filter(|(name, _)| !left_out.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// Four bytes that stand for the list and its filter.
fn fingerprint(uri: &Uri) -> [u8; 4] {
    let mut pairs: Vec<_> = pairs_without(uri, &["cursor", "limit"]).collect();
    pairs.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(uri.path());
    for (name, value) in pairs {
        hash.update([0]);
        hash.update(name);
        hash.update([1]);
        hash.update(value);
    }
    let digest = hash.finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

fn seal(place: &str, uri: &Uri) -> String {
    let mut bytes = fingerprint(uri).to_vec();
    bytes.extend_from_slice(place.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn open(cursor: &str, uri: &Uri) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let wrong = || Problem::malformed("cursor", "must be a next_cursor of this list with the same filter");
    let (mark, place) = bytes.split_at_checked(4).ok_or_else(wrong)?;
    if mark != fingerprint(uri) {
        return Err(wrong());
    }
    String::from_utf8(place.to_vec()).map_err(|_| wrong())
}

fn link(uri: &Uri, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs_without(uri, &["cursor"]));
    query.append_pair("cursor", cursor);
    format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_works_for_its_list_and_filter_only() {
        let uri = |text: &str| text.parse::<Uri>().expect("a valid path");
        let cursor = seal("shp_1", &uri("/v1/shipments?status=created&q=a&limit=5"));
        let again = format!("/v1/shipments?q=a&status=created&limit=9&cursor={cursor}");
        assert_eq!(open(&cursor, &uri(&again)).expect("the same filter"), "shp_1");
        for other in ["/v1/shipments?q=b&status=created", "/v1/drivers?q=a&status=created", "/v1/shipments"] {
            assert!(open(&cursor, &uri(other)).is_err(), "{other}");
        }
        for broken in ["", "!", "AAAA", &cursor[..4]] {
            assert!(open(broken, &uri("/v1/shipments?status=created&q=a")).is_err(), "{broken}");
        }
        let next = link(&uri("/v1/shipments?q=a&cursor=old"), "new");
        assert_eq!(next, "</v1/shipments?q=a&cursor=new>; rel=\"next\"");
    }
}
