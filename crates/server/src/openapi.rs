//! The OpenAPI document: what every route says about itself, and what is true of all of them.

use std::sync::OnceLock;

use axum::response::{Html, IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use tracklane_api_types::ProblemBody;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use crate::problem::{Kind, Problem};
use crate::query::Id;
use crate::router;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tracklane",
        description = "Where every shipment is, when it will come and what just happened.\n\n\
            Times are RFC 3339 in UTC. Ids are prefixed, sort by the time they were made, and are made by the server. \
            Failures are `application/problem+json`. Lists are pages: send `next_cursor` as `cursor`. Changes are JSON \
            merge patches and need `If-Match`. Creating POSTs take an `Idempotency-Key`.",
    ),
    tags(
        (name = "Session", description = "Logging in, and who one is"),
        (name = "Tenants", description = "The companies that use the installation"),
        (name = "Users", description = "People who log in"),
        (name = "API keys", description = "Keys for programs"),
        (name = "Customers", description = "Senders and recipients"),
        (name = "Locations", description = "Hubs, warehouses, stores, lockers, ports and doors"),
        (name = "Shipments", description = "What is tracked, its facts, packages, legs and links"),
        (name = "Drivers", description = "Who carries; `/v1/couriers` is the same"),
        (name = "Vehicles", description = "With what"),
        (name = "Devices", description = "What sends positions"),
        (name = "Positions", description = "Where devices are and were"),
        (name = "Zones", description = "Geofences"),
        (name = "Webhooks", description = "Who is told, what was sent (Standard Webhooks 1.0)"),
        (name = "Events", description = "The event log and the audit log"),
        (name = "Live", description = "Streams of events and positions"),
        (name = "Public tracking", description = "What the holder of a link sees, without logging in"),
        (name = "Device protocols", description = "OsmAnd, Traccar Client and OwnTracks over HTTP"),
        (name = "DeliverTrack", description = "The endpoints of that system, on the same data"),
        (name = "Order-Tracking", description = "The endpoints of that system, on the same data"),
        (name = "Operation", description = "Health and metrics"),
    ),
)]
struct Base;

/// What is true of all routes, before any is added.
pub fn base() -> Document {
    let mut document = Base::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.license = Some(utoipa::openapi::License::new("Apache-2.0"));
    document.info.contact = None;
    let components = document.components.get_or_insert_default();

    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token from `POST /v1/login`, or an API key `tlk_...`."));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(
        "An API key as the password, or a device's identifier with its credential, for clients that know nothing else.",
    ));
    components.add_security_scheme("basic", SecurityScheme::Http(basic.build()));
    let cookie = ApiKeyValue::with_description(
        crate::auth::SESSION_COOKIE,
        "Set by `POST /v1/login`, for the web pages; what changes something must come from the same origin.",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));

    let mut schemas = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    let response = ResponseBuilder::new()
        .description("A problem (RFC 9457); `type` leads to its explanation.")
        .content("application/problem+json", problem);
    components.responses.insert("Problem".to_owned(), response.build().into());
    document
}

/// The name of the form that a merge patch of `schema` has.
fn patch_name(schema: &str) -> String {
    format!("{schema}Patch")
}

/// A merge patch may leave out every field, also those that the whole cannot do without.
fn add_patches(document: &mut Document) {
    let Some(components) = &mut document.components else { return };
    for item in document.paths.paths.values_mut() {
        let body = item.patch.as_mut().and_then(|operation| operation.request_body.as_mut());
        let Some(RefOr::T(body)) = body else { continue };
        let Some(RefOr::T(content)) = body.content.get_mut("application/merge-patch+json") else { continue };
        let Some(RefOr::Ref(reference)) = &content.schema else { continue };
        let name = reference.ref_location.rsplit('/').next().unwrap_or_default().to_owned();
        let Some(RefOr::T(Schema::Object(whole))) = components.schemas.get(&name) else { continue };
        let mut patch = whole.clone();
        patch.required.clear();
        components.schemas.insert(patch_name(&name), patch.into());
        content.schema = Some(Ref::from_schema_name(patch_name(&name)).into());
    }
}

/// What the engine checks of every text that may not be empty: it is not blank and holds no control characters. Prose,
/// which may hold line breaks, says so with a pattern of its own.
const TEXT: &str = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$";

/// Gives texts that may not be empty their pattern.
fn add_patterns(document: &mut Document) {
    let Some(components) = &mut document.components else { return };
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::Object(whole)) = schema else { continue };
        for property in whole.properties.values_mut() {
            let RefOr::T(Schema::Object(text)) = property else { continue };
            if text.min_length >= Some(1) && text.pattern.is_none() && text.format.is_none() {
                text.pattern = Some(TEXT.to_owned());
            }
        }
    }
}

/// Every route that takes a bearer token also takes the two other kinds of credentials.
fn complete(mut document: Document) -> Document {
    add_patterns(&mut document);
    add_patches(&mut document);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let Some(security) = &mut operation.security else { continue };
            let permissions: Vec<String> = security.iter().flat_map(permissions).collect();
            if security.iter().any(|requirement| !is_open(requirement)) {
                security.push(SecurityRequirement::new("basic", permissions.clone()));
                security.push(SecurityRequirement::new("session", permissions));
            }
        }
    }
    document
}

fn is_open(requirement: &SecurityRequirement) -> bool {
    requirement == &SecurityRequirement::default()
}

/// The permissions that a requirement names.
fn permissions(requirement: &SecurityRequirement) -> Vec<String> {
    let value = serde_json::to_value(requirement).unwrap_or_default();
    value["bearer"].as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The whole document.
pub fn document() -> Document {
    complete(router::routes().into_openapi())
}

/// The whole document as it is served and kept in `openapi.json`.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| document().to_pretty_json().unwrap_or_default() + "\n")
}

/// Serves the document.
pub async fn serve() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text()).into_response()
}

/// The page that shows the document.
pub async fn page() -> Html<&'static str> {
    Html(include_str!("docs/index.html"))
}

/// The script of the page.
pub async fn script() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"))], include_str!("docs/docs.js"))
        .into_response()
}

/// The style of the page.
pub async fn style() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))], include_str!("docs/docs.css"))
        .into_response()
}

/// The page behind the `type` of a problem.
///
/// # Errors
/// `not-found` for a name that no kind has.
pub async fn explain(Id(name): Id<String>) -> crate::problem::Result<Html<String>> {
    let kind = Kind::by_name(&name).ok_or_else(|| Problem::not_found("there is no such kind of problem"))?;
    let (status, title, text) = (kind.status(), kind.title(), kind.explanation());
    Ok(Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/docs.css\">\n<main>\n<h1>{title}</h1>\n\
         <p><code>{name}</code>, HTTP status {status}</p>\n<p>{text}</p>\n</main>\n</html>\n"
    )))
}
