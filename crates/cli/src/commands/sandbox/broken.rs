//! Answers, and what faults make of them.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures::stream;
use tracklane_carriers::MAX_BODY;

use super::fault::Broken;
use super::server::{bad_token, error, throttled, typed};

/// How long nothing comes, divided by the speed.
const HANGS: Duration = Duration::from_secs(60);
/// How much of an answer that is too large is sent at once, in bytes.
const PIECE: usize = 64 << 10;
const JSON: &str = "application/json";

const PAGE: &str = "<!DOCTYPE html>
<html><head><title>Down for maintenance</title></head><body><h1>We will be back soon.</h1></body></html>
";

/// The answer, or what comes instead of it.
pub async fn answer((status, body): (StatusCode, String), broken: Option<Broken>, speed: u32) -> Response {
    let Some(broken) = broken else { return typed(status, JSON, body) };
    let ok = |body: Body| typed(StatusCode::OK, JSON, body);
    match broken {
        Broken::Fails => error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong"),
        Broken::Hangs => {
            tokio::time::sleep(HANGS / speed.max(1)).await;
            typed(StatusCode::GATEWAY_TIMEOUT, "text/html", PAGE)
        }
        Broken::WebPage => typed(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        Broken::ErrorInside => error(StatusCode::OK, "internal", "something went wrong"),
        Broken::Cut => {
            let bytes = body.into_bytes();
            let half = bytes.len() / 2;
            ok(Bytes::from(bytes).slice(..half).into())
        }
        Broken::Empty => ok(Body::empty()),
        Broken::Latin1 => ok(latin1(&body.replace("Sandbox Parcel", "Sandbox Päckchen")).into()),
        Broken::TooLarge => {
            // Blanks after the answer: it is good JSON for whoever reads that much.
            let blanks = Bytes::from(vec![b' '; PIECE]);
            let pieces = std::iter::once(Bytes::from(body)).chain(std::iter::repeat_n(blanks, MAX_BODY / PIECE + 1));
            ok(Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>))))
        }
        Broken::Throttled => throttled(2),
        Broken::TokenRefused => bad_token(),
    }
}

/// A text in ISO 8859-1; what that does not have becomes a question mark.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}
