//! The web pages, embedded from `web/dist`. Pages that the router of the web UI knows get the start page; files whose name
//! carries a hash may be kept for ever.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{Method, StatusCode};
use rust_embed::RustEmbed;

use crate::problem::{Kind, Problem};

/// What the build of the web UI left behind. In debug builds the files are read when they are asked for.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Web;

/// Shown where the web UI was not built.
const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Tracklane</title>\n\
    <h1>Tracklane runs</h1>\n<p>The web pages are not part of this build: run <code>make web</code>, then build again. \
    The API is described at <a href=\"/docs\">/docs</a>.</p>\n</html>\n";

/// The pages of the web UI besides the first one, `/`: the list of `web/src/lib/route.ts`.
const PAGES: &[&str] =
    &["login", "shipments", "drivers", "customers", "places", "zones", "area", "webhooks", "settings"];

/// The pages that have a page for each of their things below them.
const WITH_IDS: &[&str] = &["shipments", "devices", "zones"];

/// Paths under which no page of the web UI lives, so that nobody who asks there wants to see one.
const NO_PAGES: &[&str] = &["/v1/", "/api/", "/t/", "/problems/", "/ws/"];

/// One file of the web UI.
pub fn file(path: &str) -> Option<Vec<u8>> {
    Web::get(path).map(|file| file.data.into_owned())
}

/// The answer of a process that does other work to whatever it does not serve.
pub async fn not_here() -> Problem {
    Problem::new(Kind::NotFound, "this process does not serve it: others share its work")
}

/// The answer to whatever no route knows.
pub async fn fallback(request: Request) -> Response {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD)
        || NO_PAGES.iter().any(|prefix| path.starts_with(prefix))
    {
        return Problem::new(Kind::NotFound, "there is no such path").into_response();
    }
    let path = &path.trim_start_matches('/').to_owned();
    if let Some(response) = serve(path, &request) {
        return response;
    }
    let known = is_page(path);
    let browses = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !known && !browses.contains("text/html") {
        return Problem::new(Kind::NotFound, "there is no such page or file").into_response();
    }
    let mut request = request;
    if !known {
        request.headers_mut().remove(IF_NONE_MATCH);
    }
    let mut page = serve("index.html", &request).unwrap_or_else(|| {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        ([(CONTENT_TYPE, html)], PLACEHOLDER).into_response()
    });
    if !known {
        // The web UI itself says that there is no such page.
        *page.status_mut() = StatusCode::NOT_FOUND;
        page.headers_mut().remove(ETAG);
    }
    page
}

/// True for what the router of the web UI knows.
fn is_page(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => true,
        (Some(page), None, _) => PAGES.contains(&page),
        (Some(page), Some(_), None) => WITH_IDS.contains(&page),
        (Some(_), Some(_), Some(_)) => false,
    }
}

fn serve(path: &str, request: &Request) -> Option<Response> {
    // The build may have left a compressed twin beside the file.
    let accepts = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("gzip"));
    let zipped = request.headers().get(ACCEPT_ENCODING).is_some_and(accepts);
    let twin = if zipped { Web::get(&format!("{path}.gz")) } else { None };
    let encoded = twin.is_some();
    let file = twin.or_else(|| Web::get(path))?;

    let tag = file.metadata.sha256_hash()[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tag = HeaderValue::try_from(format!("\"{tag}\"")).ok()?;
    let caching = if is_hashed(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if request.headers().get(IF_NONE_MATCH) == Some(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let media = mime_guess::from_path(path).first_or_octet_stream();
        let media = if media.type_() == "text" { format!("{media}; charset=utf-8") } else { media.to_string() };
        ([(CONTENT_TYPE, media)], file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if encoded {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(response)
}

/// True for a file whose name carries a hash of its content, as the bundler writes it: `assets/index-k43xqnf2.js`.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let hash = stem.rsplit_once('-').map(|(_, hash)| hash);
    path.starts_with("assets/")
        && hash.is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_those_of_the_web_ui() {
        let router = include_str!("../../../web/src/lib/route.ts");
        let (_, list) = router.split_once("const ROUTES = [").expect("the list");
        let (list, _) = list.split_once(']').expect("its end");
        let names: Vec<_> = list.split(',').map(|name| name.trim().trim_matches('\'')).collect();
        assert_eq!(names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>(), PAGES);
        for (path, known) in [
            ("", true),
            ("shipments", true),
            ("shipments/shp_1", true),
            ("devices/dev_1", true),
            ("zones/", true),
            ("zones/zon_1", true),
            ("drivers/1", false),
        ] {
            assert_eq!(is_page(path), known, "{path}");
        }
        assert!(!is_page("nope") && !is_page("shipments/shp_1/legs"));
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for path in ["assets/index-k43xqnf2.js", "assets/maplibre-gl-worker-dx6fij71.js"] {
            assert!(is_hashed(path), "{path}");
        }
        for path in
            ["assets/tracking.js", "assets/theme.js", "assets/basemap/land.json", "index.html", "index-k43xqnf2.js"]
        {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
