//! The table of contents: every route in one list. A route that is not made with `routes!` here is not in the OpenAPI
//! document; a test finds those that should be.

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER,
};
use http::{HeaderValue, Method};
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::decompression::RequestDecompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{
    api_keys, area, customers, devices, drivers, endpoints, events, facts, legs, links, locations, messages, packages,
    positions, session, shipments, tenants, tracks, users, vehicles, zones,
};
use crate::compat::{delivertrack, ordertracking, track};
use crate::{App, assets, device, edge, idempotency, live, openapi, ops, public, unbroken};

/// Every route of the API with what it says about itself.
pub fn routes() -> OpenApiRouter<App> {
    work().merge(ingest())
}

/// Positions coming in: a thousand times more than all the rest. They pass only the layers that mean something to them.
fn ingest() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(positions::send))
        .routes(routes!(positions::send_batch))
        .routes(routes!(device::osmand::receive))
        .routes(routes!(device::owntracks::receive))
}

/// Everything else.
fn work() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        // Session
        .routes(routes!(session::login))
        .routes(routes!(session::logout))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        // Tenants, users, keys
        .routes(routes!(tenants::tracking))
        .routes(routes!(tenants::get, tenants::change))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::change, users::remove))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::get, api_keys::revoke))
        // Records
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(customers::get, customers::change, customers::remove))
        .routes(routes!(locations::list, locations::create))
        .routes(routes!(locations::get, locations::change, locations::remove))
        .routes(routes!(drivers::list, drivers::create))
        .routes(routes!(drivers::get, drivers::change, drivers::remove))
        .routes(routes!(vehicles::list, vehicles::create))
        .routes(routes!(vehicles::get, vehicles::change, vehicles::remove))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::get, devices::change, devices::remove))
        .routes(routes!(devices::unknown))
        .routes(routes!(devices::set_credential, devices::clear_credential))
        .routes(routes!(zones::list, zones::create))
        .routes(routes!(zones::import))
        .routes(routes!(zones::occupants))
        .routes(routes!(zones::visits))
        .routes(routes!(zones::explain))
        .routes(routes!(zones::get, zones::change, zones::remove))
        // Shipments
        .routes(routes!(shipments::list, shipments::create))
        .routes(routes!(shipments::get, shipments::change))
        .routes(routes!(shipments::cancel))
        .routes(routes!(shipments::send_back))
        .routes(routes!(shipments::assign))
        .routes(routes!(shipments::unassign))
        .routes(routes!(facts::list, facts::record))
        .routes(routes!(facts::correct))
        .routes(routes!(facts::retract))
        .routes(routes!(packages::list, packages::create))
        .routes(routes!(packages::get, packages::change, packages::remove))
        .routes(routes!(legs::list, legs::create))
        .routes(routes!(legs::get, legs::change))
        .routes(routes!(links::list, links::create))
        .routes(routes!(links::revoke))
        // Positions
        .routes(routes!(positions::latest))
        .routes(routes!(area::search))
        .routes(routes!(devices::positions))
        .routes(routes!(tracks::status))
        .routes(routes!(tracks::trips))
        .routes(routes!(tracks::stops))
        .routes(routes!(tracks::sensors))
        // Webhooks and events
        .routes(routes!(endpoints::list, endpoints::create))
        .routes(routes!(endpoints::get, endpoints::change, endpoints::remove))
        .routes(routes!(endpoints::secret))
        .routes(routes!(endpoints::rotate_secret))
        .routes(routes!(endpoints::test))
        .routes(routes!(endpoints::replay))
        .routes(routes!(messages::list))
        .routes(routes!(messages::attempts))
        .routes(routes!(messages::get))
        .routes(routes!(messages::resend))
        .routes(routes!(events::list))
        .routes(routes!(events::audit))
        // Live
        .routes(routes!(live::tickets::create))
        .routes(routes!(live::socket::open))
        .routes(routes!(live::sse::open))
        // Public tracking
        .routes(routes!(public::data))
        .routes(routes!(public::live))
        // The systems before
        .routes(routes!(delivertrack::list, delivertrack::create))
        .routes(routes!(delivertrack::get))
        .routes(routes!(delivertrack::set_status))
        .routes(routes!(delivertrack::send_location))
        .routes(routes!(track::open))
        .routes(routes!(ordertracking::create))
        .routes(routes!(ordertracking::get))
        .routes(routes!(ordertracking::get_tracking))
        .routes(routes!(ordertracking::send_location))
        .routes(routes!(ordertracking::available))
        .routes(routes!(ordertracking::assign))
        .routes(routes!(ordertracking::track))
        .routes(routes!(ordertracking::history))
        .merge(operation())
}

/// For those who run the server: on every process, whatever it does.
fn operation() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ops::livez)).routes(routes!(ops::readyz)).routes(routes!(ops::metrics))
}

/// Routes that are no part of the documented API: pages, and other names for documented routes.
fn undocumented() -> Router<App> {
    Router::new()
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(openapi::page))
        .route("/docs/docs.js", get(openapi::script))
        .route("/docs/docs.css", get(openapi::style))
        .route("/problems/{name}", get(openapi::explain))
        .route("/t/{token}", get(public::show))
        .route("/v1/couriers", get(drivers::list).post(drivers::create))
        .route("/v1/couriers/{id}", get(drivers::get).patch(drivers::change).delete(drivers::remove))
}

/// Other names for the routes of devices.
fn undocumented_ingest() -> Router<App> {
    Router::new()
        .route("/osmand", get(device::osmand::receive))
        .route("/osmand/{*rest}", get(device::osmand::receive).post(device::osmand::receive))
}

/// All routes with the layers around them.
pub fn router(app: App) -> Router {
    let limit = DefaultBodyLimit::max(app.settings.body_limit_bytes);
    let edge = middleware::from_fn_with_state(app.clone(), edge::layer);
    let roles = app.engine.roles;
    let work = if roles.api {
        work().split_for_parts().0.merge(undocumented()).fallback(assets::fallback)
    } else {
        operation().split_for_parts().0.fallback(assets::not_here)
    };
    let work = work
        .layer(middleware::from_fn_with_state(app.clone(), idempotency::layer))
        .layer((limit, RequestDecompressionLayer::new()))
        .layer(middleware::from_fn_with_state(app.clone(), unbroken::layer))
        .layer(edge.clone())
        .layer(CompressionLayer::new());
    let (documented, _) = ingest().split_for_parts();
    let ingest = documented.merge(undocumented_ingest()).layer((edge, limit, RequestDecompressionLayer::new()));
    let all = if roles.ingest { work.merge(ingest) } else { work };
    match cors(&app.settings.cors_origins) {
        Some(cors) => all.layer(cors).with_state(app),
        None => all.with_state(app),
    }
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()))
    };
    let ratelimit =
        ["ratelimit", "ratelimit-policy", "x-request-id", "idempotency-replayed"].map(HeaderName::from_static);
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([ETAG, LINK, LOCATION, RETRY_AFTER].into_iter().chain(ratelimit).collect::<Vec<_>>());
    Some(layer)
}
