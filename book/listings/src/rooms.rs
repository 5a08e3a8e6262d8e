//! Guide: rooms and emitting.

use serde::Deserialize;
use sio::Value;
use sio::prelude::*;
use sio::{Namespace, Sid};

// ANCHOR: cheat_sheet
async fn cheat_sheet(socket: &Socket, friend: Sid) -> sio::Result {
    let everyone = socket.namespace();

    // this client
    socket.emit("hello", "you").await?;
    // this client, with its acknowledgement
    let answer = socket.emit_with_ack::<u32>("how many?", &()).await?;
    // this client, if nothing else waits for it
    socket.volatile().emit("position", &(3.5, 4.0)).await?;
    // this client, in no answer that is compressed
    socket.compress(false).emit("token", "secret").await?;

    // everyone in the namespace
    everyone.emit("news", &answer).await?;
    // everyone in the namespace but this client
    socket.broadcast().emit("news", &answer).await?;

    // everyone in the room, this client too if it is there
    everyone.to("tea").emit("ready", &()).await?;
    // everyone in the room but this client
    socket.to("tea").emit("ready", &()).await?;
    // everyone in one of the rooms or in several, each once
    everyone.to(["tea", "coffee"]).emit("ready", &()).await?;
    // everyone in the room who is not in the other
    everyone.to("tea").except("coffee").emit("ready", &()).await?;
    // everyone who is not in the room
    everyone.except("tea").emit("thirsty", &()).await?;

    // one other client, by the id of its socket
    everyone.to(friend).emit("psst", &socket.id()).await?;

    // everyone in `/`, from anywhere
    socket.server().emit("news", &answer).await?;
    // another namespace
    socket.server().of("/admin").emit("news", &answer).await?;
    // every namespace
    for namespace in socket.server().namespaces() {
        namespace.emit("news", &answer).await?;
    }
    Ok(())
}
// ANCHOR_END: cheat_sheet

#[derive(Default)]
struct Cafe;

#[derive(Deserialize)]
struct Whisper {
    to: Sid,
    text: String,
}

#[consumer(namespace = "/cafe")]
impl Cafe {
    // ANCHOR: join
    async fn event_begin_chat(&mut self, socket: &Socket) -> sio::Result {
        socket.join("chat_users").await?;
        Ok(())
    }

    async fn event_exit_chat(&mut self, socket: &Socket) -> sio::Result {
        socket.leave("chat_users").await?;
        Ok(())
    }

    #[event("my message")]
    async fn my_message(&mut self, socket: &Socket, data: Value) -> sio::Result {
        socket.to("chat_users").emit("my reply", &data).await?;
        Ok(())
    }
    // ANCHOR_END: join

    // ANCHOR: whisper
    async fn event_whisper(
        &mut self,
        socket: &Socket,
        whisper: Whisper,
    ) -> sio::Result<bool> {
        let Some(other) = socket.namespace().socket(&whisper.to) else {
            return Ok(false);
        };
        other.emit("whispered", &(socket.id(), &whisper.text)).await?;
        Ok(true)
    }
    // ANCHOR_END: whisper

    async fn event_cheat_sheet(socket: Socket, friend: Sid) -> sio::Result {
        cheat_sheet(&socket, friend).await
    }
}

#[derive(Default)]
struct Admin;

#[consumer(namespace = "/admin")]
impl Admin {}

// ANCHOR: many
/// The evening is over: everybody from the garden moves inside, and whoever sleeps is
/// disconnected.
async fn evening(cafe: &Namespace) -> sio::Result<usize> {
    let garden = cafe.to("garden");
    garden.join("inside").await?;
    garden.leave("garden").await?;
    cafe.to("asleep").disconnect().await?;
    Ok(cafe.to("inside").sockets().len())
}
// ANCHOR_END: many

// ANCHOR: look
fn who_is_where(cafe: &Namespace) {
    for room in cafe.rooms() {
        let members = cafe.to(&room).sockets();
        println!("{} in {room}", members.len());
        for socket in members {
            println!(
                "  {} over {}, in {:?}",
                socket.id(),
                socket.transport(),
                socket.rooms()
            );
        }
    }
}
// ANCHOR_END: look

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::{TestServer, Ws};

    async fn start() -> TestServer {
        TestServer::start(|builder| builder.consumer::<Cafe>().consumer::<Admin>()).await
    }

    /// The texts of the events that a client has got, in their order.
    async fn events(client: &mut Ws, expected: &[&str]) {
        for event in expected {
            client.expect(&format!("42/cafe,{event}")).await;
        }
        client.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn the_cheat_sheet_is_right() {
        let server = start().await;
        let mut me = server.socket("/cafe").await;
        let mut tea = server.socket("/cafe").await;
        let mut both = server.socket("/cafe").await;
        let mut friend = server.socket("/cafe").await;
        let mut admin = server.socket("/admin").await;
        server.socket_of("/cafe", &me.sid).join("tea").await.unwrap();
        server.socket_of("/cafe", &tea.sid).join("tea").await.unwrap();
        server.socket_of("/cafe", &both.sid).join(["tea", "coffee"]).await.unwrap();

        me.send(&format!(r#"42/cafe,["cheat_sheet","{}"]"#, friend.sid)).await;
        me.expect(r#"42/cafe,["hello","you"]"#).await;
        me.expect(r#"42/cafe,0["how many?"]"#).await;
        me.send("43/cafe,0[5]").await;
        let (news, ready, thirsty) = (r#"["news",5]"#, r#"["ready"]"#, r#"["thirsty"]"#);
        let psst = format!(r#"["psst","{}"]"#, me.sid);
        // The volatile position is not lost here: nothing else waits.
        events(
            &mut me,
            &[
                r#"["position",3.5,4.0]"#,
                r#"["token","secret"]"#,
                news,
                ready,
                ready,
                ready,
                news,
            ],
        )
        .await;
        events(&mut tea, &[news, news, ready, ready, ready, ready, news]).await;
        events(&mut both, &[news, news, ready, ready, ready, news]).await;
        events(&mut friend, &[news, news, thirsty, &psst, news]).await;
        for _ in 0..2 {
            admin.expect(r#"42/admin,["news",5]"#).await;
        }
        admin.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn a_message_goes_to_the_others_in_the_room() {
        let server = start().await;
        let (mut ada, mut bob, mut eve) = (
            server.socket("/cafe").await,
            server.socket("/cafe").await,
            server.socket("/cafe").await,
        );
        for client in [&mut ada, &mut bob] {
            client.send(r#"42/cafe,0["begin_chat"]"#).await;
            client.expect("43/cafe,0[]").await;
        }
        ada.send(r#"42/cafe,1["my message",{"n":1}]"#).await;
        ada.expect("43/cafe,1[]").await;
        bob.expect(r#"42/cafe,["my reply",{"n":1}]"#).await;
        eve.expect_nothing_more().await;

        ada.send(&format!(
            r#"42/cafe,2["whisper",{{"to":"{}","text":"psst"}}]"#,
            bob.sid
        ))
        .await;
        ada.expect("43/cafe,2[true]").await;
        bob.expect(&format!(r#"42/cafe,["whispered","{}","psst"]"#, ada.sid)).await;
    }

    #[tokio::test]
    async fn many_can_be_moved_at_once() {
        let server = start().await;
        let (ada, mut bob) = (server.socket("/cafe").await, server.socket("/cafe").await);
        server.socket_of("/cafe", &ada.sid).join("garden").await.unwrap();
        server.socket_of("/cafe", &bob.sid).join("asleep").await.unwrap();
        assert_eq!(evening(&server.of("/cafe")).await.unwrap(), 1);
        bob.expect("41/cafe,").await;
        who_is_where(&server.of("/cafe"));
        assert_eq!(server.of("/cafe").rooms(), ["inside"]);
    }
}
