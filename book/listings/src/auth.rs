//! Guide: authentication, and refusing.

use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use sio::options::AllowedOrigins;
use sio::prelude::*;

// ANCHOR: users
#[derive(Clone, Debug)]
struct User {
    name: String,
    is_admin: bool,
    expires: SystemTime,
}

/// Stands for whatever knows the application's users.
struct Users;

impl Users {
    async fn by_token(&self, token: &str) -> Option<User> {
        let name = token.strip_prefix("token-of-")?.to_owned();
        let expires = SystemTime::now() + Duration::from_secs(3600);
        Some(User { is_admin: name == "ada", name, expires })
    }
}
// ANCHOR_END: users

// ANCHOR: payload
// io("/wallet", { auth: { token: "…" } })
#[derive(Deserialize)]
struct Login {
    token: String,
}

struct Wallet {
    user: User,
}

#[derive(Serialize)]
struct Refusal {
    code: &'static str,
}

#[consumer(namespace = "/wallet")]
impl Wallet {
    async fn connect(login: Login, users: State<Users>) -> Result<Self, ConnectError> {
        let user = users.by_token(&login.token).await;
        let user = user.ok_or_else(|| {
            ConnectError::new("Unknown token")
                .with_data(Refusal { code: "unknown_token" })
        })?;
        Ok(Self { user })
    }

    async fn event_name(&self) -> &str {
        &self.user.name
    }
}
// ANCHOR_END: payload

#[derive(Default)]
struct Intranet;

// ANCHOR: header
#[consumer(namespace = "/intranet")]
impl Intranet {
    async fn connect(&mut self, handshake: &Handshake, users: State<Users>) -> bool {
        let Some(header) = handshake.header("authorization") else { return false };
        let Some(token) = header.strip_prefix("Bearer ") else { return false };
        users.by_token(token).await.is_some_and(|user| user.is_admin)
    }
}
// ANCHOR_END: header

struct Session;

// ANCHOR: expiry
#[consumer(namespace = "/session")]
impl Session {
    async fn connect(
        socket: &Socket,
        login: Login,
        users: State<Users>,
    ) -> sio::Result<Self> {
        socket.expires_at(end_of(&login, &users).await?);
        Ok(Self)
    }

    /// The client sends what it would send to connect. With a bad token it keeps the time
    /// that it has.
    async fn reauth(
        &mut self,
        socket: &Socket,
        login: Login,
        users: State<Users>,
    ) -> sio::Result {
        socket.expires_at(end_of(&login, &users).await?);
        Ok(())
    }
}

/// Tokens have the time of day, and the server counts from now.
async fn end_of(login: &Login, users: &Users) -> sio::Result<Instant> {
    let user = users.by_token(&login.token).await;
    let user = user.ok_or_else(|| sio::Error::new("unknown_token", "Unknown token"))?;
    Ok(Instant::now()
        + user.expires.duration_since(SystemTime::now()).unwrap_or_default())
}
// ANCHOR_END: expiry

// ANCHOR: kick
/// Disconnects all clients of a user: each has joined the room `user:<name>` in its
/// `connect` hook.
async fn kick(server: &Server, name: &str) -> sio::Result {
    for namespace in server.namespaces() {
        namespace.to(format!("user:{name}")).disconnect().await?;
    }
    Ok(())
}
// ANCHOR_END: kick

// ANCHOR: hosts
fn hosts() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        .allowed_hosts(["localhost:3000", "127.0.0.1:3000"])
        .build()?;
    Ok(server)
}
// ANCHOR_END: hosts

// ANCHOR: origins
fn origins() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        // Pages of these sites, and those of the server's own.
        .allowed_origins(["https://example.com", "https://admin.example.com"])
        .build()?;
    Ok(server)
}

fn own_subdomains() -> AllowedOrigins {
    AllowedOrigins::matching(|origin| {
        origin.starts_with("https://") && origin.ends_with(".example.com")
    })
}
// ANCHOR_END: origins

// ANCHOR: request
fn with_api_keys() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        .allow_request(|request| match request.headers.get("x-api-key") {
            Some(_) => Ok(()),
            None => Err("an API key is needed".to_owned()),
        })
        .build()?;
    Ok(server)
}
// ANCHOR_END: request

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn the_payload_says_who_it_is() {
        let server =
            TestServer::start(|builder| builder.consumer::<Wallet>().state(Users)).await;
        let mut ada = server.ws().await;
        ada.send(r#"40/wallet,{"token":"?"}"#).await;
        ada.expect(
            r#"44/wallet,{"message":"Unknown token","data":{"code":"unknown_token"}}"#,
        )
        .await;
        ada.send("40/wallet,").await;
        ada.expect(
            r#"44/wallet,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":"missing field `token`"}}"#,
        )
        .await;
        ada.send(r#"40/wallet,{"token":"token-of-ada"}"#).await;
        ada.expect(r#"40/wallet,{"sid":…}"#).await;
        ada.send(r#"42/wallet,0["name"]"#).await;
        ada.expect(r#"43/wallet,0["ada"]"#).await;
    }

    #[tokio::test]
    async fn a_header_can_say_it_too() {
        let server =
            TestServer::start(|builder| builder.consumer::<Intranet>().state(Users))
                .await;
        for (header, answer) in [
            ("Bearer token-of-ada", r#"40/intranet,{"sid":…}"#),
            ("Bearer token-of-bob", r#"44/intranet,{"message":"Not authorized"}"#),
            ("Basic token-of-ada", r#"44/intranet,{"message":"Not authorized"}"#),
        ] {
            let query = "EIO=4&transport=websocket";
            let mut ws =
                server.try_ws(query, &[("Authorization", header)]).await.unwrap();
            ws.receive().await;
            ws.send("40/intranet,").await;
            ws.expect(answer).await;
        }
    }

    #[tokio::test]
    async fn users_can_be_put_out() {
        let server =
            TestServer::start(|builder| builder.consumer::<Wallet>().state(Users)).await;
        let mut ada = server.ws().await;
        ada.send(r#"40/wallet,{"token":"token-of-ada"}"#).await;
        ada.expect(r#"40/wallet,{"sid":…}"#).await;
        server.of("/wallet").broadcast().join("user:ada").await.unwrap();
        kick(server.handle(), "ada").await.unwrap();
        ada.expect("41/wallet,").await;
    }

    #[tokio::test]
    async fn who_has_no_key_gets_no_session() {
        let server = with_api_keys().unwrap();
        let serve = |listener| async move { server.serve_with(listener).await };
        let here = TestServer::serve_with(serve).await;
        let answer = here.get("EIO=4&transport=polling").await;
        assert_eq!(
            (answer.status, answer.text()),
            (403, r#"{"code":4,"message":"an API key is needed"}"#)
        );
    }

    #[test]
    fn the_origins_are_valid() {
        origins().unwrap();
        hosts().unwrap();
        assert_eq!(format!("{:?}", own_subdomains()), "Matching");
    }
}
