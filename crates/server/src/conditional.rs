//! Conditional requests: every record has a version, its ETag. A change must say which version it is based on
//! (`If-Match`); a read may say which one it has (`If-None-Match`). Changes are JSON merge patches (RFC 7396).

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::json;
use crate::problem::{Kind, Problem, Result};

/// The tags of an `If-Match` or `If-None-Match` field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    /// No such field.
    Absent,
    /// `*`.
    Any,
    /// Tags, without quotes.
    List(Vec<String>),
}

impl Tags {
    fn read(headers: &HeaderMap, name: &HeaderName) -> Self {
        let mut list = Vec::new();
        for value in headers.get_all(name) {
            let text = value.to_str().unwrap_or_default().trim();
            if text == "*" {
                return Self::Any;
            }
            let tags = text.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned());
            list.extend(tags.filter(|tag| !tag.is_empty()));
        }
        if list.is_empty() { Self::Absent } else { Self::List(list) }
    }
}

/// The `If-Match` field of a change.
#[derive(Debug, Clone)]
pub struct IfMatch(Tags);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        match Tags::read(&parts.headers, &IF_MATCH) {
            Tags::Absent => Err(Problem::new(
                Kind::VersionRequired,
                "send If-Match with the ETag of the version that the change is based on, or * for whatever is there",
            )),
            tags => Ok(Self(tags)),
        }
    }
}

impl IfMatch {
    /// The version to write against, given the present one.
    ///
    /// # Errors
    /// `version-mismatch` when the field names other versions.
    pub fn check(&self, current: i64) -> Result<i64> {
        let holds = match &self.0 {
            Tags::Any => true,
            Tags::Absent => false,
            Tags::List(tags) => tags.iter().any(|tag| version(tag) == Some(current)),
        };
        if holds {
            return Ok(current);
        }
        Err(Problem::new(Kind::VersionMismatch, format!("the record is at version {current} by now"))
            .with_header(ETAG, quoted(&current.to_string())))
    }
}

/// The version that `If-Match` names, where the field may be left out: none when it is, or when it is `*`.
#[derive(Debug, Clone, Copy)]
pub struct Expected(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for Expected {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(match Tags::read(&parts.headers, &IF_MATCH) {
            Tags::Absent | Tags::Any => None,
            // No record has a version below 0, so a tag that names none matches none.
            Tags::List(tags) => Some(tags.iter().find_map(|tag| version(tag)).unwrap_or(-1)),
        }))
    }
}

/// The version that a tag begins with. It may say more, after a dot: the tag of a detail covers its parts too.
fn version(tag: &str) -> Option<i64> {
    tag.split('.').next()?.parse().ok()
}

/// The `If-None-Match` field of a read.
#[derive(Debug, Clone)]
pub struct IfNoneMatch(Tags);

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Tags::read(&parts.headers, &IF_NONE_MATCH)))
    }
}

impl IfNoneMatch {
    fn has(&self, tag: &str) -> bool {
        match &self.0 {
            Tags::Any => true,
            Tags::Absent => false,
            Tags::List(tags) => tags.iter().any(|given| given == tag),
        }
    }

    /// Answers with `body` and its tag, or 304 when the caller has it already.
    pub fn answer<T: Serialize>(&self, tag: &str, body: &T) -> Response {
        let field = [(ETAG, quoted(tag))];
        if self.has(tag) {
            return (StatusCode::NOT_MODIFIED, field).into_response();
        }
        (field, axum::Json(body)).into_response()
    }

    /// As [`IfNoneMatch::answer`], with a body that is text already.
    pub fn answer_text(&self, tag: &str, body: &Bytes) -> Response {
        let field = [(ETAG, quoted(tag))];
        if self.has(tag) {
            return (StatusCode::NOT_MODIFIED, field).into_response();
        }
        let media = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (field, media, body.clone()).into_response()
    }
}

/// `body` as text, and a tag that changes with it and names the version for `If-Match`.
pub fn tagged_text(version: i64, body: &impl Serialize) -> (String, Bytes) {
    let text = serde_json::to_vec(body).unwrap_or_default();
    let digest = Sha256::digest(&text);
    let tag = format!("{version}.{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    (tag, text.into())
}

fn quoted(tag: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// An answer with the record's version as its ETag.
pub struct Tagged<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(ETAG, quoted(&self.0.to_string()))], axum::Json(self.1)).into_response()
    }
}

/// The answer to a creation: 201 with `Location` and, where the record has a version, ETag.
pub struct Created<T> {
    /// The path of what was made.
    pub location: String,
    /// Its version.
    pub version: Option<i64>,
    /// What was made.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, axum::Json(self.body)).into_response();
        if let Ok(location) = HeaderValue::try_from(self.location) {
            response.headers_mut().insert(LOCATION, location);
        }
        if let Some(version) = self.version {
            response.headers_mut().insert(ETAG, quoted(&version.to_string()));
        }
        response
    }
}

/// A JSON merge patch.
pub struct MergePatch(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for MergePatch {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        json::require_media_type(request.headers(), &["application/merge-patch+json", "application/json"])?;
        match json::parse_value(&json::read(request, state).await?)? {
            Value::Object(patch) => Ok(Self(patch)),
            _ => Err(Problem::invalid("#", "a merge patch must be an object")),
        }
    }
}

impl MergePatch {
    /// The input that makes the record of `current` into what the patch wants.
    ///
    /// # Errors
    /// `invalid-input` with pointers; a member that is no input is named.
    pub fn onto<T: Serialize + DeserializeOwned>(self, current: &T) -> Result<T> {
        let Value::Object(mut document) = serde_json::to_value(current).unwrap_or_default() else {
            return Err(Problem::internal("an input that is not an object cannot be patched"));
        };
        merge(&mut document, self.0);
        json::from_value(Value::Object(document))
    }
}

/// RFC 7396: null removes, objects merge, everything else replaces.
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.remove(&key);
            }
            Value::Object(inner) => {
                let slot = target.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(object) = slot {
                    merge(object, inner);
                }
            }
            other => {
                target.insert(key, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_follows_the_examples_of_rfc_7396() {
        for (target, patch, expected) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            let (Value::Object(mut target), Value::Object(patch)) = (target, patch) else { unreachable!() };
            merge(&mut target, patch);
            assert_eq!(Value::Object(target), expected);
        }
    }

    #[test]
    fn tags_are_read_and_compared() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_MATCH, HeaderValue::from_static(text));
            IfMatch(Tags::read(&headers, &IF_MATCH))
        };
        assert!(read("\"3\"").check(3).is_ok());
        assert!(read("\"2\", \"3.abcd\"").check(3).is_ok());
        assert!(read("*").check(3).is_ok());
        assert_eq!(read("\"2\"").check(3).unwrap_err().kind(), Kind::VersionMismatch);
    }
}
