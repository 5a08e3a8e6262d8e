//! The routes of the application, as they could have been there before Socket.IO.

use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use sio::Server;

use crate::consumers::announce;
use crate::model::{Access, Credentials, Drink, Failure, Order, Role, Wish};
use crate::store::Store;
use crate::tokens::{Tokens, User};

/// Everybody's. It stands, with `role_of`, for a table of users.
const PASSWORD: &str = "sesame";

fn role_of(name: &str) -> Role {
    match name {
        "Grace" => Role::Barista,
        "Charles" => Role::Manager,
        _ => Role::Guest,
    }
}

/// The state of the routes.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) server: Server,
}

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(async || Redirect::to("/app/")))
        .route("/login", post(log_in))
        .route("/menu", get(menu))
        .route("/orders", get(list).post(place))
        .route("/orders/{id}", delete(cancel))
}

async fn log_in(
    Shared(app): Shared<App>,
    Json(login): Json<Credentials>,
) -> Result<Json<Access>, Failure> {
    if login.password != PASSWORD {
        return Err(Failure::WrongPassword);
    }
    let role = role_of(&login.name);
    let token = app.tokens.issue(&login.name, role).map_err(|_| Failure::InvalidToken)?;
    Ok(Json(Access { token, role }))
}

async fn menu(Shared(app): Shared<App>) -> Result<Json<Vec<Drink>>, Failure> {
    Ok(Json(app.store.menu().await?))
}

async fn list(Shared(app): Shared<App>, user: User) -> Result<Json<Vec<Order>>, Failure> {
    Ok(Json(app.store.of_guest(&user.name).await?))
}

// ANCHOR: routes
async fn place(
    Shared(app): Shared<App>,
    user: User,
    Json(wish): Json<Wish>,
) -> Result<(StatusCode, Json<Order>), Failure> {
    let order = app.store.place(&user.name, &wish.drink).await?;
    tell(&app, &order).await;
    Ok((StatusCode::CREATED, Json(order)))
}

/// Guests may cancel an order of theirs until somebody begins to prepare it.
async fn cancel(
    Shared(app): Shared<App>,
    user: User,
    Path(id): Path<i64>,
) -> Result<Json<Order>, Failure> {
    let order = app.store.cancel(id, Some(&user.name)).await?;
    tell(&app, &order).await;
    Ok(Json(order))
}

/// The order is in the database: that somebody could not be told of it does not undo it.
async fn tell(app: &App, order: &Order) {
    if let Err(error) = announce(&app.server, order).await {
        tracing::warn!(%error, order.id, "nobody was told of an order");
    }
}

/// The user of a request is known by its token.
impl FromRequestParts<App> for User {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|header| header.strip_prefix("Bearer "))
            .ok_or(Failure::InvalidToken)?;
        app.tokens.check(token)
    }
}
// ANCHOR_END: routes

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::WrongPassword | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NoSuchDrink => StatusCode::NOT_FOUND,
            Self::Changed => StatusCode::CONFLICT,
            Self::Database(error) => {
                tracing::error!(%error, "the database failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, sio::Error::from(self).to_string()).into_response()
    }
}
