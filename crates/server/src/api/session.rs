//! Logging in and out, and who one is.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{HeaderValue, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use tracklane_api_types::{LoginAnswer, LoginRequest, Me, PasswordChange};
use tracklane_engine::access::Login;

use crate::App;
use crate::auth::{Known, SESSION_COOKIE, client_network, session_token};
use crate::edge::Context;
use crate::json::{self, Json};
use crate::permissions;
use crate::problem::{Problem, Problems, Result};

/// Log in
///
/// Answers a token, and sets it as a cookie for the web pages.
#[utoipa::path(post, path = "/v1/login", tag = "Session", operation_id = "login", security(()),
    request_body = LoginRequest, responses((status = 200, body = LoginAnswer), Problems))]
pub async fn login(
    State(app): State<App>,
    Extension(context): Extension<Arc<Context>>,
    request: Request,
) -> Result<Response> {
    let from = client_network(request.extensions(), request.headers(), &app);
    if let Some(address) = from {
        context.note_limit(app.limits.login(address, app.env.now()).await?);
    }
    json::require_media_type(request.headers(), &["application/json"])?;
    let body: LoginRequest = json::parse(&json::read(request, &app).await?)?;
    let login = Login { email: &body.email, password: &body.password, from };
    let session = app.engine.access.login(login).await?;
    let cookie = session_cookie(&app, &session.token, session.expires_at.as_second() - app.env.now().as_second())?;
    let answer = LoginAnswer {
        token: session.token,
        expires_at: session.expires_at,
        user: session.user,
        tenant: session.tenant,
    };
    Ok(([(SET_COOKIE, cookie)], axum::Json(answer)).into_response())
}

/// Log out
///
/// Ends the session: its token stops working, and the cookie goes away. A new password ends all sessions of a user.
#[utoipa::path(post, path = "/v1/logout", tag = "Session", operation_id = "logout", security(()),
    responses((status = 204), Problems))]
pub async fn logout(State(app): State<App>, headers: HeaderMap) -> Result<Response> {
    if let Some(token) = session_token(&headers, &app) {
        app.engine.access.logout(token).await?;
    }
    let cookie = session_cookie(&app, "", 0)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

fn session_cookie(app: &App, token: &str, seconds: i64) -> Result<HeaderValue> {
    let secure = if app.settings.secure_cookie() { "; Secure" } else { "" };
    let text =
        format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}", seconds.max(0));
    HeaderValue::try_from(text).map_err(|fault| Problem::internal(fault.to_string()))
}

/// Who calls, and what they may do
#[utoipa::path(get, path = "/v1/me", tag = "Session", operation_id = "me", security(("bearer" = [])),
    responses((status = 200, body = Me), Problems))]
pub async fn me(State(app): State<App>, Known(who): Known) -> Result<axum::Json<Me>> {
    let caller = &who.caller;
    Ok(axum::Json(Me {
        user: who.user.as_deref().cloned(),
        api_key: who.api_key.as_deref().cloned(),
        role: caller.role,
        tenant: app.engine.records.tenants.own(caller).await?,
        driver_id: caller.driver_id,
        customer_id: caller.customer_id,
        device_id: caller.device_id,
        permissions: permissions::of(&who),
    }))
}

/// Change the own password
///
/// Ends all sessions of the caller, this one too: log in again.
#[utoipa::path(post, path = "/v1/me/password", tag = "Session", operation_id = "change_own_password",
    request_body = PasswordChange, security(("bearer" = [])), responses((status = 204, description = "It is changed"), Problems))]
pub async fn change_password(
    State(app): State<App>,
    Known(who): Known,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode> {
    app.engine.access.change_own_password(&who.caller, &change.present_password, &change.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
