//! BEHAVIOUR §3: who gets a broadcast, and who is in a room.

use std::collections::BTreeSet;

use sio::prelude::*;
use sio_tests::{TestServer, Ws, app::Plain};

/// Joins, leaves and broadcasts as its client says.
#[derive(Default)]
struct Rooms;

#[consumer(namespace = "/rooms")]
impl Rooms {
    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result<BTreeSet<String>> {
        socket.join(room.as_str()).await?;
        Ok(others(socket))
    }

    async fn event_leave(&mut self, socket: &Socket, room: String) -> sio::Result<BTreeSet<String>> {
        socket.leave(room.as_str()).await?;
        Ok(others(socket))
    }

    /// To everyone in the rooms but the sender.
    async fn event_tell(&mut self, socket: &Socket, to: Vec<String>, except: Vec<String>) -> sio::Result<()> {
        let cast = to.iter().fold(socket.broadcast(), |cast, room| cast.to(room.as_str()));
        except.iter().fold(cast, |cast, room| cast.except(room.as_str())).emit("told", &()).await?;
        Ok(())
    }

    /// To everyone in the rooms, the sender included.
    async fn event_shout(
        &mut self,
        socket: &Socket,
        to: Vec<String>,
        except: Vec<String>,
    ) -> sio::Result<()> {
        let namespace = socket.namespace();
        match to.split_first() {
            None if except.is_empty() => namespace.emit("shouted", &()).await?,
            None => {
                let cast = namespace.except(except[0].as_str());
                except[1..]
                    .iter()
                    .fold(cast, |cast, room| cast.except(room.as_str()))
                    .emit("shouted", &())
                    .await?;
            }
            Some((first, rest)) => {
                let cast =
                    rest.iter().fold(namespace.to(first.as_str()), |cast, room| cast.to(room.as_str()));
                except
                    .iter()
                    .fold(cast, |cast, room| cast.except(room.as_str()))
                    .emit("shouted", &())
                    .await?;
            }
        }
        Ok(())
    }

    async fn event_tell_room(&mut self, socket: &Socket, room: String) -> sio::Result<()> {
        socket.to(room.as_str()).emit("told", &()).await?;
        Ok(())
    }
}

/// The same names in another namespace.
#[derive(Default)]
struct Elsewhere;

#[consumer(namespace = "/elsewhere")]
impl Elsewhere {
    async fn connect(&mut self, socket: &Socket) -> sio::Result<()> {
        socket.join("red").await?;
        Ok(())
    }
}

/// The rooms of a socket beside its own.
fn others(socket: &Socket) -> BTreeSet<String> {
    socket
        .rooms()
        .into_iter()
        .filter(|room| *room != socket.id().as_str())
        .map(|room| room.to_string())
        .collect()
}

/// A server and three clients: the first in `red`, the second in `red` and `blue`, the third in `blue`.
async fn three() -> (TestServer, [Ws; 3]) {
    let server =
        TestServer::start(|builder| builder.consumer::<Rooms>().consumer::<Elsewhere>().consumer::<Plain>())
            .await;
    let mut clients =
        [server.socket("/rooms").await, server.socket("/rooms").await, server.socket("/rooms").await];
    for (client, room) in [(0, "red"), (1, "red"), (1, "blue"), (2, "blue")] {
        ask(&mut clients[client], &format!(r#"["join","{room}"]"#)).await;
    }
    (server, clients)
}

/// Sends an event, waits for its answer and gives what came before that: whether the broadcast reached the sender too.
async fn ask(client: &mut Ws, event: &str) -> bool {
    client.send(&format!("42/rooms,1{event}")).await;
    let mut reached = false;
    loop {
        match client.receive().await {
            sio_tests::Received::Text(packet) if packet.starts_with("43/rooms,1[") => return reached,
            sio_tests::Received::Text(packet) if packet.starts_with("42/rooms,[") && !reached => {
                reached = true
            }
            other => panic!("received {other}"),
        }
    }
}

/// Lets the client of that number send an event, and checks which clients its broadcast reaches, each once.
async fn reaches(sender: usize, event: &str, expected: [bool; 3]) {
    let (_server, mut clients) = three().await;
    let ids = clients.each_ref().map(|client| client.sid.clone());
    let event = event.replace("ID0", &ids[0]).replace("ID1", &ids[1]).replace("ID2", &ids[2]);
    let sender_reached = ask(&mut clients[sender], &event).await;
    for (number, client) in clients.iter_mut().enumerate() {
        if number == sender {
            assert_eq!(sender_reached, expected[number], "{event} and its sender");
        } else if expected[number] {
            client.expect("42/rooms,[…]").await;
        }
        client.expect_nothing_more().await;
    }
}

#[tokio::test]
async fn a_broadcast_of_the_namespace_reaches_everyone() {
    reaches(0, r#"["shout",[],[]]"#, [true, true, true]).await;
}

#[tokio::test]
async fn a_broadcast_of_a_socket_reaches_everyone_else() {
    reaches(0, r#"["tell",[],[]]"#, [false, true, true]).await;
}

#[tokio::test]
async fn a_room_emit_of_the_namespace_reaches_its_members_and_the_sender_if_it_is_one() {
    reaches(0, r#"["shout",["red"],[]]"#, [true, true, false]).await;
    reaches(2, r#"["shout",["red"],[]]"#, [true, true, false]).await;
}

#[tokio::test]
async fn a_room_emit_of_a_socket_reaches_the_other_members() {
    reaches(0, r#"["tell",["red"],[]]"#, [false, true, false]).await;
    reaches(0, r#"["tell_room","red"]"#, [false, true, false]).await;
    reaches(2, r#"["tell_room","red"]"#, [true, true, false]).await;
}

#[tokio::test]
async fn a_member_of_several_rooms_gets_it_once() {
    reaches(0, r#"["shout",["red","blue","red"],[]]"#, [true, true, true]).await;
    reaches(2, r#"["tell",["red","blue"],[]]"#, [true, true, false]).await;
}

#[tokio::test]
async fn those_in_an_excepted_room_do_not_get_it() {
    reaches(0, r#"["shout",[],["blue"]]"#, [true, false, false]).await;
    reaches(0, r#"["shout",["red"],["blue"]]"#, [true, false, false]).await;
    reaches(0, r#"["shout",["red","blue"],["red","ID2"]]"#, [false, false, false]).await;
    reaches(0, r#"["tell",[],["ID1"]]"#, [false, false, true]).await;
}

#[tokio::test]
async fn a_socket_id_is_a_room() {
    reaches(0, r#"["shout",["ID2"],[]]"#, [false, false, true]).await;
    reaches(0, r#"["tell",["ID1","ID0"],[]]"#, [false, true, false]).await;
    reaches(0, r#"["shout",["ID0"],[]]"#, [true, false, false]).await;
}

#[tokio::test]
async fn a_room_without_members_reaches_nobody() {
    reaches(0, r#"["shout",["green"],[]]"#, [false, false, false]).await;
    reaches(0, r#"["shout",["red"],["red"]]"#, [false, false, false]).await;
}

#[tokio::test]
async fn rooms_of_different_namespaces_have_nothing_in_common() {
    let (server, mut clients) = three().await;
    let mut elsewhere = server.socket("/elsewhere").await;
    clients[0].join("/elsewhere").await;
    server.of("/elsewhere").to("red").emit("there", &()).await.expect("a broadcast cannot fail");
    elsewhere.expect(r#"42/elsewhere,["there"]"#).await;
    clients[0].expect(r#"42/elsewhere,["there"]"#).await;
    for client in &mut clients {
        client.expect_nothing_more().await;
    }
    assert_eq!(server.of("/rooms").to("red").sockets().len(), 2);
    assert_eq!(server.of("/elsewhere").to("red").sockets().len(), 2);
    assert_eq!(server.of("/").to("red").sockets().len(), 0);
}

#[tokio::test]
async fn joining_and_leaving_show_at_once_and_may_be_repeated() {
    let (_server, mut clients) = three().await;
    let [client, ..] = &mut clients;
    for (event, rooms) in [
        (r#"["join","blue"]"#, r#"["blue","red"]"#),
        (r#"["join","blue"]"#, r#"["blue","red"]"#),
        (r#"["leave","red"]"#, r#"["blue"]"#),
        (r#"["leave","red"]"#, r#"["blue"]"#),
        (r#"["leave","never joined"]"#, r#"["blue"]"#),
    ] {
        client.send(&format!("42/rooms,3{event}")).await;
        client.expect(&format!("43/rooms,3[{rooms}]")).await;
    }
}

#[tokio::test]
async fn one_who_left_a_room_gets_nothing_from_it() {
    let (server, mut clients) = three().await;
    ask(&mut clients[1], r#"["leave","red"]"#).await;
    server.of("/rooms").to("red").emit("said", &()).await.expect("a broadcast cannot fail");
    clients[0].expect(r#"42/rooms,["said"]"#).await;
    clients[1].expect_nothing_more().await;
    assert_eq!(server.of("/rooms").to("red").sockets().len(), 1);
}

#[tokio::test]
async fn any_text_is_the_name_of_a_room() {
    let (server, mut clients) = three().await;
    let names = ["a b", "a_b", "", "/", "ünï ✓", "x,y", &"long".repeat(100)];
    for name in names {
        ask(&mut clients[0], &format!(r#"["join","{name}"]"#)).await;
    }
    for name in names {
        server.of("/rooms").to(name).emit("named", name).await.expect("a broadcast cannot fail");
        clients[0].expect(&format!(r#"42/rooms,["named","{name}"]"#)).await;
    }
    clients[0].expect_nothing_more().await;
    clients[1].expect_nothing_more().await;
}

#[tokio::test]
async fn one_who_is_gone_is_in_no_room() {
    let (server, clients) = three().await;
    let [first, second, mut third] = clients;
    first.close().await;
    drop(second);
    third.send("41/rooms,").await;
    third.expect_nothing_more().await;
    sio_tests::deadline::soon("all three to be gone", async {
        while !server.of("/rooms").sockets().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(server.of("/rooms").to("red").sockets().len(), 0);
    assert_eq!(server.of("/rooms").to("blue").sockets().len(), 0);
}

#[tokio::test]
async fn the_server_moves_sockets_in_and_out_of_rooms() {
    let (server, mut clients) = three().await;
    let socket = server.socket_of("/rooms", &clients[0].sid);
    socket.join("blue").await.expect("the client is there");
    socket.leave("red").await.expect("the client is there");
    server.of("/rooms").to("blue").emit("said", &()).await.expect("a broadcast cannot fail");
    for client in &mut clients {
        client.expect(r#"42/rooms,["said"]"#).await;
    }
    server.of("/rooms").to("red").emit("again", &()).await.expect("a broadcast cannot fail");
    clients[1].expect(r#"42/rooms,["again"]"#).await;
    for client in &mut clients {
        client.expect_nothing_more().await;
    }
}

#[tokio::test]
async fn a_broadcast_made_in_a_handler_reaches_the_sender_before_the_handlers_ack() {
    let (_server, mut clients) = three().await;
    clients[0].send(r#"42/rooms,1["shout",["red"],[]]"#).await;
    clients[0].expect(r#"42/rooms,["shouted"]"#).await;
    clients[0].expect("43/rooms,1[]").await;
}
