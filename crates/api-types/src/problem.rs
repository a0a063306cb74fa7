//! How every failure is told.

use serde::{Deserialize, Serialize};
use tracklane_core::FieldError;
use tracklane_core::lifecycle::Status;

/// Problem details (RFC 9457), `application/problem+json`. Members beyond these may appear; ignore those you do not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// What kind of problem it is: `/problems/<name>`, a page that explains it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    /// The kind in words; the same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    #[serde(default)]
    pub detail: String,
    /// This very occurrence, `urn:uuid:` and the request id that also stands in `X-Request-Id` and in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Every broken rule, when the input broke any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// For `illegal-transition`: the statuses that may be set instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<Status>>,
    /// For `forbidden`: the permission that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// For `quota-exceeded`: the names of the limits, as in the `RateLimit-Policy` field.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "violated-policies")]
    pub violated_policies: Option<Vec<String>>,
}
