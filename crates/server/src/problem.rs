//! Every failure as problem details (RFC 9457): the list of kinds, and how the engine's errors map to them. No other
//! file decides about the status of a failure.
//!
//! A [`Problem`] travels as a response extension with an empty body; [`render`] writes the body at the edge, where the
//! request id is known. Text about faults of ours stays in [`Problem::cause`] and goes to the log alone.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use tracklane_api_types::ProblemBody;
use tracklane_core::lifecycle::Status;
use tracklane_core::{FieldError, Invalid};
use utoipa::openapi::{Ref, RefOr};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// What kinds of problem there are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The last part of the type URI, `/problems/<name>`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The kind by that name.
            pub fn by_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }

            /// The HTTP status.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The kind in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What it means and what to do, as shown on its page.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)*).trim_ascii(),)* }
            }
        }
    };
}

kinds! {
    /// The request cannot be read: the body is no JSON or holds a key twice, or a query parameter or header is not of its
    /// form. `errors` names the place: a JSON pointer into the body, or the parameter or header.
    Malformed = "malformed-request", BAD_REQUEST, "The request cannot be read";
    /// The body can be read but breaks a rule. `errors` lists every broken rule with a JSON pointer into the body. Correct
    /// them and send again.
    Invalid = "invalid-input", UNPROCESSABLE_ENTITY, "The input breaks a rule";
    /// No credentials were sent, or they are unknown, expired or revoked. Log in, or send a valid API key.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Credentials are missing or not valid";
    /// The credentials are valid but do not cover this. `permission` names what is missing.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    /// There is no such thing, or the caller may not see it.
    NotFound = "not-found", NOT_FOUND, "Not found";
    /// The path exists, but not with this method. `Allow` lists the methods.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The request contradicts what is there, for example a reference that is taken.
    Conflict = "conflict", CONFLICT, "Conflict";
    /// A shipment cannot go from its present status to the wanted one. `allowed` lists where it can go; a correction may
    /// say anything, with a reason.
    IllegalTransition = "illegal-transition", CONFLICT, "The status cannot follow the present one";
    /// The first request with this Idempotency-Key has not been answered yet. Send again after a moment.
    InProgress = "request-in-progress", CONFLICT, "A request with this key is in progress";
    /// The first request with this Idempotency-Key was carried out, but the server went down before the answer was kept.
    /// Nothing is done again under this key: look at what there is.
    AnswerLost = "answer-lost", CONFLICT, "The answer of the request with this key is lost";
    /// Somebody else changed the record since the version in `If-Match`. Read it again, and decide again.
    VersionMismatch = "version-mismatch", PRECONDITION_FAILED, "The record was changed in the meantime";
    /// The body is larger than the limit that the detail names.
    TooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body is not of a media type that is read here. The detail names those that are.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The Idempotency-Key was used before for another request. Use a new key for a new request.
    KeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The key was used for another request";
    /// A change needs `If-Match` with the version it is based on, as the ETag of the record says.
    VersionRequired = "version-required", PRECONDITION_REQUIRED, "If-Match is required";
    /// A limit is used up. `Retry-After` says when to come back, `violated-policies` which limit it was.
    QuotaExceeded = "quota-exceeded", TOO_MANY_REQUESTS, "Too many requests";
    /// A fault of ours. It is logged under the request id in `instance`.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal fault";
    /// A part is not available or overloaded. Nothing was acknowledged; send again after the time in `Retry-After`.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Temporarily not available";
    /// No disk space is left. Nothing was acknowledged; send again later.
    Full = "storage-full", INSUFFICIENT_STORAGE, "No space left";
}

/// What a handler answers.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// A failure on its way to the edge.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    allowed: Option<Vec<Status>>,
    permission: Option<String>,
    policies: Option<Vec<String>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

impl Problem {
    /// A problem of `kind`; `detail` is a sentence for the caller.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            allowed: None,
            permission: None,
            policies: None,
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// The request cannot be read at `place`: a JSON pointer with its `#`, or the name of a parameter or header.
    pub fn malformed(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::with_errors(Kind::Malformed, vec![FieldError { pointer: place.into(), detail: detail.into() }])
    }

    /// One broken rule at `pointer` (with its `#`).
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::with_errors(Kind::Invalid, vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    fn with_errors(kind: Kind, errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            several => format!("{} rules are broken", several.len()),
        };
        let mut problem = Self::new(kind, detail);
        problem.0.errors = errors;
        problem
    }

    /// There is no such thing; `what` says what kind of thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// Credentials are missing or not valid.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tracklane\""))
    }

    /// The caller lacks `permission`.
    pub fn lacks(permission: &str) -> Self {
        let mut problem = Self::new(Kind::Forbidden, format!("the credentials do not include {permission}"));
        problem.0.permission = Some(permission.to_owned());
        problem
    }

    /// The limit `policy` is used up; it can be asked again after `seconds`.
    pub fn quota(policy: &str, detail: impl Into<String>, seconds: u64) -> Self {
        let mut problem = Self::new(Kind::QuotaExceeded, detail).with_header(RETRY_AFTER, seconds.max(1).into());
        problem.0.policies = Some(vec![policy.to_owned()]);
        problem
    }

    /// A fault of ours; `cause` goes to the log alone.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(Kind::Internal, "the fault is logged under the request id in instance");
        problem.0.cause = Some(cause.into());
        problem
    }

    /// The same problem with a header field.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The sentence for the caller.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Every broken rule.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// What to log and never to show.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The body as the API shows it.
    pub fn body(&self, instance: Option<String>) -> ProblemBody {
        let inner = &*self.0;
        ProblemBody {
            kind: format!("/problems/{}", inner.kind.name()),
            title: inner.kind.title().to_owned(),
            status: inner.kind.status().as_u16(),
            detail: inner.detail.clone(),
            instance,
            errors: inner.errors.clone(),
            allowed: inner.allowed.clone(),
            permission: inner.permission.clone(),
            violated_policies: inner.policies.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.kind.status().into_response();
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a problem that `response` carries, if it carries one.
pub fn render(response: &mut Response, request_id: &str) -> Option<Problem> {
    let problem = response.extensions_mut().remove::<Problem>()?;
    let body = serde_json::to_vec(&problem.body(Some(format!("urn:uuid:{request_id}")))).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(body);
    Some(problem)
}

impl From<tracklane_engine::Error> for Problem {
    fn from(error: tracklane_engine::Error) -> Self {
        use tracklane_engine::Error;
        let retry = |seconds: u64| (RETRY_AFTER, HeaderValue::from(seconds));
        match error {
            Error::Invalid(invalid) => Self::with_errors(Kind::Invalid, invalid.0),
            Error::Unauthenticated => Self::unauthenticated("the credentials are not valid"),
            Error::Forbidden => Self::new(Kind::Forbidden, "the caller may not do this"),
            Error::NotFound => Self::not_found("there is no such thing, or the caller may not see it"),
            Error::Conflict(detail) => Self::new(Kind::Conflict, detail),
            Error::IllegalTransition(illegal) => {
                let mut problem = Self::new(Kind::IllegalTransition, illegal.to_string());
                problem.0.allowed = Some(illegal.allowed);
                problem
            }
            Error::VersionMismatch => Self::new(Kind::VersionMismatch, "the record has another version by now"),
            Error::Throttled { retry_after_seconds } => {
                Self::quota("failed-logins", "too many failed attempts", retry_after_seconds)
            }
            Error::Overloaded => {
                let (name, value) = retry(1);
                Self::new(Kind::Unavailable, "too much work is waiting").with_header(name, value)
            }
            Error::Full => {
                let (name, value) = retry(60);
                Self::new(Kind::Full, "no space is left; nothing of this request was kept").with_header(name, value)
            }
            Error::Unavailable(part) => {
                let (name, value) = retry(5);
                let mut problem =
                    Self::new(Kind::Unavailable, "a part of the service does not answer").with_header(name, value);
                problem.0.cause = Some(part);
                problem
            }
            Error::Internal(cause) => Self::internal(cause.to_string()),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::with_errors(Kind::Invalid, invalid.0)
    }
}

/// The failures of every documented operation: `4XX` and `5XX`, both [`ProblemBody`].
pub struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        ["4XX", "5XX"].map(|range| (range.to_owned(), Ref::from_response_name("Problem").into())).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_never_leaves() {
        for error in [
            tracklane_engine::Error::internal("password=hunter2"),
            tracklane_engine::Error::Unavailable("postgres://user:hunter2@db".to_owned()),
        ] {
            let problem = Problem::from(error);
            assert!(problem.kind().status().is_server_error());
            assert!(problem.cause().is_some_and(|cause| cause.contains("hunter2")), "the log needs it");
            let shown = serde_json::to_string(&problem.body(None)).expect("a body");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn names_are_unique_and_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::by_name(kind.name()), Some(*kind));
            assert!(kind.explanation().ends_with('.'), "{}", kind.name());
        }
    }
}
