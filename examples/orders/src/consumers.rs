//! The consumers, and what stands in front of them: a token for every namespace, a role
//! for the dashboard.

use serde::Deserialize;
use sio::Server;
use sio::consumer::Reply;
use sio::extract::Extension;
use sio::middleware::{Call, Connecting, Next};
use sio::prelude::*;

use crate::model::{Failure, Order, Overview, Role};
use crate::store::Store;
use crate::tokens::{Tokens, User};

// ANCHOR: middleware
/// The auth payload of a client.
#[derive(Debug, Deserialize)]
struct Login {
    token: String,
}

/// Finds out who a client is. Handlers take the user as `Extension<User>`; the socket
/// ends with the token.
pub(crate) async fn authenticate(
    tokens: Tokens,
    client: Connecting,
) -> Result<(), ConnectError> {
    let login: Login = client.auth()?;
    let user = tokens.check(&login.token)?;
    client.socket().expires_at(user.expires);
    client.insert(user);
    Ok(())
}

/// Lets nobody into the dashboard who is a guest.
pub(crate) async fn staff_only(client: Connecting) -> Result<(), ConnectError> {
    if role(client.socket()) < Some(Role::Barista) {
        return Err(Failure::Forbidden.into());
    }
    Ok(())
}

/// Of the staff, only managers cancel orders.
pub(crate) async fn managers_cancel(call: Call, next: Next) -> sio::Result<Reply> {
    if call.name() == "cancel" && role(call.socket()) < Some(Role::Manager) {
        return Err(Failure::Forbidden.into());
    }
    next.run(call).await
}

fn role(socket: &Socket) -> Option<Role> {
    socket.data().with(|user: &User| user.role)
}
// ANCHOR_END: middleware

// ANCHOR: consumers
/// A guest's page: it is told of their own orders, and orders over HTTP.
#[derive(Default)]
pub(crate) struct Guest;

#[consumer(namespace = "/guest")]
impl Guest {
    async fn connect(&mut self, socket: &Socket, user: Extension<User>) -> sio::Result {
        socket.join(room_of(&user.name)).await?;
        Ok(())
    }
}

/// The dashboard: it is told of all orders, and takes them on step by step.
#[derive(Default)]
pub(crate) struct Dashboard;

#[consumer(namespace = "/admin")]
impl Dashboard {
    /// A page asks when it has connected. From then on it also gets every change, so it
    /// may get one twice, but never misses one.
    async fn event_overview(&self, store: State<Store>) -> sio::Result<Overview> {
        Ok(Overview { orders: store.waiting().await?, totals: store.totals().await? })
    }

    async fn event_advance(
        &self,
        id: i64,
        version: i64,
        store: State<Store>,
        server: Server,
    ) -> sio::Result<Order> {
        let order = store.advance(id, version).await?;
        announce(&server, &order).await?;
        Ok(order)
    }

    async fn event_cancel(
        &self,
        id: i64,
        store: State<Store>,
        server: Server,
    ) -> sio::Result<Order> {
        let order = store.cancel(id, None).await?;
        announce(&server, &order).await?;
        Ok(order)
    }
}
// ANCHOR_END: consumers

// ANCHOR: announce
/// Tells all pages of its guest, and all dashboards, how an order stands now.
pub(crate) async fn announce(server: &Server, order: &Order) -> sio::Result {
    server.of("/guest").to(room_of(&order.guest)).emit("order", order).await?;
    server.of("/admin").emit("order", order).await?;
    Ok(())
}

/// The room of a guest's pages, of which there may be several.
fn room_of(guest: &str) -> String {
    format!("guest:{guest}")
}
// ANCHOR_END: announce
