//! Guide: consumers.

use std::time::Duration;

use serde::Deserialize;
use sio::prelude::*;

// ANCHOR: counter
#[derive(Default)]
struct Counter {
    total: i64,
}

#[consumer(namespace = "/counter")]
impl Counter {
    async fn connect(&mut self, socket: &Socket) -> sio::Result {
        socket.emit("total", &self.total).await?;
        Ok(())
    }

    async fn event_add(&mut self, n: i64) -> i64 {
        self.total += n;
        self.total
    }

    async fn disconnect(&mut self, reason: DisconnectReason) {
        println!("counted to {}, then: {reason}", self.total);
    }
}
// ANCHOR_END: counter

// ANCHOR: events
#[derive(Default)]
struct Library;

#[consumer(namespace = "/library")]
impl Library {
    // The event `borrow`.
    async fn event_borrow(&mut self, title: String) -> bool {
        !title.is_empty()
    }

    // A name that is no Rust identifier.
    #[event("return book")]
    async fn give_back(&mut self, title: String) -> bool {
        !title.is_empty()
    }

    // Runs beside the other events of the same client, and may take five seconds.
    #[event("search", concurrent, timeout = "5s")]
    async fn search(socket: &Socket, words: String) -> Vec<String> {
        tracing::debug!(client = %socket.id(), words, "searching");
        tokio::time::sleep(Duration::from_millis(1)).await;
        vec![words]
    }

    // Every event without a handler of its own.
    #[event(fallback)]
    async fn anything_else(&mut self, name: EventName) -> sio::Result<()> {
        Err(sio::Error::new("unknown_event", format!("A library knows no {name}")))
    }
}
// ANCHOR_END: events

// ANCHOR: handlers
/// The status of a client, for every consumer that has this field.
#[derive(Default)]
struct Status {
    text: String,
}

#[handlers]
impl Status {
    async fn event_set_status(&mut self, socket: &Socket, text: String) -> sio::Result {
        socket.namespace().emit("status", &(socket.id(), &text)).await?;
        self.text = text;
        Ok(())
    }
}

#[derive(Default)]
struct Lobby {
    status: Status,
}

#[consumer(namespace = "/lobby", handlers = [status])]
impl Lobby {
    async fn event_say(&mut self, socket: &Socket, text: String) -> sio::Result {
        socket.namespace().emit("said", &(&self.status.text, text)).await?;
        Ok(())
    }
}

#[derive(Default)]
struct Table {
    status: Status,
}

#[consumer(namespace = "/table/{number}", handlers = [status])]
impl Table {}
// ANCHOR_END: handlers

// ANCHOR: constructor
#[derive(Deserialize)]
struct Login {
    token: String,
}

struct Account {
    user: String,
}

#[consumer(namespace = "/account")]
impl Account {
    // Without `self`, `connect` makes the value: there is no account without a user.
    async fn connect(login: Login) -> Result<Self, ConnectError> {
        match login.token.strip_prefix("token-of-") {
            Some(user) => Ok(Self { user: user.to_owned() }),
            None => Err(ConnectError::new("Invalid token")),
        }
    }

    async fn event_whoami(&self) -> &str {
        &self.user
    }
}
// ANCHOR_END: constructor

// ANCHOR: explicit
fn two_of_them() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false) // only those that are named here
        .consumer::<Counter>()
        .consumer::<Library>()
        .build()?;
    Ok(server)
}
// ANCHOR_END: explicit

// ANCHOR: outside
/// Tells every client of `/counter` the time, for as long as the server runs.
async fn tell_the_time(server: Server) -> sio::Result {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    let counter = server.of("/counter");
    for seconds in 0_u64.. {
        ticks.tick().await;
        counter.emit("seconds", &seconds).await?;
    }
    Ok(())
}
// ANCHOR_END: outside

// ANCHOR: closed
#[derive(Default)]
struct Ticker;

#[consumer(namespace = "/ticker")]
impl Ticker {
    async fn event_start(&mut self, socket: Socket) {
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    reason = socket.closed() => {
                        tracing::debug!(%reason, "no ticks any more");
                        return;
                    }
                }
                if socket.emit("tick", &()).await.is_err() {
                    return;
                }
            }
        });
    }
}
// ANCHOR_END: closed

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn every_client_counts_for_itself() {
        let server = TestServer::start(|builder| builder.consumer::<Counter>()).await;
        let (mut ada, mut bob) =
            (server.socket("/counter").await, server.socket("/counter").await);
        for client in [&mut ada, &mut bob] {
            client.expect(r#"42/counter,["total",0]"#).await;
            client.send(r#"42/counter,0["add",2]"#).await;
            client.expect("43/counter,0[2]").await;
        }
    }

    #[tokio::test]
    async fn consumers_share_handlers() {
        let server =
            TestServer::start(|builder| builder.consumer::<Lobby>().consumer::<Table>())
                .await;
        for namespace in ["/lobby", "/table/7"] {
            let mut ada = server.socket(namespace).await;
            ada.send(&format!(r#"42{namespace},1["set_status","busy"]"#)).await;
            ada.expect(&format!(r#"42{namespace},["status","…","busy"]"#)).await;
            ada.expect(&format!("43{namespace},1[]")).await;
        }
        let mut ada = server.socket("/lobby").await;
        ada.send(r#"42/lobby,["say","hello"]"#).await;
        ada.expect(r#"42/lobby,["said","","hello"]"#).await;
    }

    #[tokio::test]
    async fn events_are_found_by_their_names() {
        let server = TestServer::start(|builder| builder.consumer::<Library>()).await;
        let mut ada = server.socket("/library").await;
        ada.send(r#"42/library,0["borrow","Emma"]"#).await;
        ada.expect("43/library,0[true]").await;
        ada.send(r#"42/library,1["return book","Emma"]"#).await;
        ada.expect("43/library,1[true]").await;
        ada.send(r#"42/library,2["search","Emma"]"#).await;
        ada.expect(r#"43/library,2[["Emma"]]"#).await;
        ada.send(r#"42/library,3["burn","Emma"]"#).await;
        ada.expect(
            r#"43/library,3[{"status":"error","code":"unknown_event","message":"A library knows no burn"}]"#,
        )
        .await;
    }

    #[tokio::test]
    async fn connect_makes_the_value() {
        let server = TestServer::start(|builder| builder.consumer::<Account>()).await;
        let mut ada = server.ws().await;
        ada.send(r#"40/account,{"token":"?"}"#).await;
        ada.expect(r#"44/account,{"message":"Invalid token"}"#).await;
        ada.send(r#"40/account,{"token":"token-of-ada"}"#).await;
        ada.expect(r#"40/account,{"sid":…}"#).await;
        ada.send(r#"42/account,0["whoami"]"#).await;
        ada.expect(r#"43/account,0["ada"]"#).await;
    }

    #[test]
    fn only_what_is_named_is_served() {
        let server = two_of_them().unwrap();
        let paths: Vec<_> =
            server.namespaces().iter().map(|one| one.path().to_owned()).collect();
        assert_eq!(paths, ["/", "/counter", "/library"]);
    }

    #[tokio::test]
    async fn tasks_reach_clients_and_end_with_them() {
        let server = TestServer::start(|builder| {
            builder.consumer::<Counter>().consumer::<Ticker>()
        })
        .await;
        let mut ada = server.socket("/counter").await;
        ada.expect(r#"42/counter,["total",0]"#).await;
        let telling = tokio::spawn(tell_the_time(server.handle().clone()));
        ada.expect(r#"42/counter,["seconds",0]"#).await;
        telling.abort();

        let mut bob = server.socket("/ticker").await;
        bob.send(r#"42/ticker,["start"]"#).await;
        bob.expect(r#"42/ticker,["tick"]"#).await;
    }
}
