//! The routes by which a page logs in and gets tokens, with Socket.IO in front of them.

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use sio::Server;

use crate::model::{Access, Credentials};
use crate::tokens::{Purpose, Tokens};

/// Everybody's. It stands for a table of users.
const PASSWORD: &str = "sesame";

const COOKIE: &str = "session";

/// The router with Socket.IO in front of it, and the server to stop it by.
pub(crate) fn new(
    builder: sio::Builder,
    tokens: Tokens,
) -> sio::Result<(Router, Server)> {
    let server = builder.auth_warning(tokens.warning()).state(tokens.clone()).build()?;
    let router = Router::new()
        .route("/", get(async || Redirect::to("/app/")))
        .route("/login", post(log_in))
        .route("/token", post(token))
        .route("/logout", post(log_out))
        .with_state(tokens)
        .layer(server.layer());
    Ok((router, server))
}

async fn log_in(
    Shared(tokens): Shared<Tokens>,
    Json(credentials): Json<Credentials>,
) -> Response {
    if credentials.password != PASSWORD {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match tokens.issue(credentials.name, Purpose::Session) {
        Ok(session) => with_cookie(&session, ""),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

// ANCHOR: token
/// A fresh token for a page whose user has logged in.
async fn token(
    Shared(tokens): Shared<Tokens>,
    headers: HeaderMap,
) -> Result<Json<Access>, StatusCode> {
    let session = cookie(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    let grant =
        tokens.check(session, Purpose::Session).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let token = tokens
        .issue(grant.user, Purpose::Access)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(Access { token }))
}
// ANCHOR_END: token

async fn log_out() -> Response {
    with_cookie("", "; Max-Age=0")
}

/// Sets the cookie. No script can read it, and it is not sent along with what other sites' pages ask for. A server with
/// TLS would add `Secure`.
fn with_cookie(value: &str, more: &str) -> Response {
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{more}");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies
        .split("; ")
        .filter_map(|cookie| cookie.split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}
