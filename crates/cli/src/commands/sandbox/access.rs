//! Giving out tokens over HTTP (RFC 6749).

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::basic;
use super::server::Shared;

/// The secret of every client.
pub const SECRET: &str = "sandbox";
/// The longest name of a client, in bytes.
const LONGEST_CLIENT: usize = 100;

/// What a client says of itself.
#[derive(Deserialize)]
pub struct TokenForm {
    #[serde(default)]
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Gives out a token (RFC 6749, sections 4.4 and 5.2); the client stands in the form or in the Basic header.
pub async fn token(
    State(sandbox): Shared,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    let refuse = |status: StatusCode, code: &str, words: &str| {
        (status, axum::Json(json!({ "error": code, "error_description": words }))).into_response()
    };
    let form = match form {
        Ok(Form(form)) => form,
        Err(wrong) => return refuse(StatusCode::BAD_REQUEST, "invalid_request", &wrong.body_text()),
    };
    if form.grant_type != "client_credentials" {
        let words = "grant_type must be client_credentials";
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", words);
    }
    let given = basic::read(&headers).or_else(|| Some((form.client_id?, form.client_secret?)));
    let Some((client, _)) = given.filter(|(client, secret)| is_client(client) && secret == SECRET) else {
        let words = format!("client_id must be of 1 to {LONGEST_CLIENT} bytes and client_secret must be {SECRET}");
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", &words);
    };
    let life = sandbox.token_life;
    let token = sandbox.tokens.lock().give(&client, life, &sandbox.env);
    axum::Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": life.as_secs() })).into_response()
}

fn is_client(client: &str) -> bool {
    (1..=LONGEST_CLIENT).contains(&client.len())
}
