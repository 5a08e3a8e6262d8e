//! Whom an event reaches on all nodes.

use std::time::Duration;

use sio::Sid;
use sio::emit::Broadcast;
use sio::prelude::*;
use sio_tests::{Ws, app::Plain};

use crate::support::{Trio, nothing_more};

/// Two clients of each node, all of `/`: the first of each is in the red room, the second in the blue one.
struct Six {
    trio: Trio,
    clients: Vec<Ws>,
    ids: Vec<Sid>,
}

/// The clients that are reached: of the nodes a, b and c, the one in red and the one in blue.
type Reached = [[bool; 2]; 3];

const ALL: Reached = [[true, true]; 3];
const RED: Reached = [[true, false]; 3];
const BLUE: Reached = [[false, true]; 3];
const NOBODY: Reached = [[false, false]; 3];

impl Six {
    async fn connect() -> Self {
        let trio = Trio::start(|builder| builder.consumer::<Plain>()).await;
        let mut clients = Vec::new();
        for node in &trio.nodes {
            for room in ["red", "blue"] {
                let client = node.socket("/").await;
                node.socket_of("/", &client.sid).join(room).await.expect("a live socket can join");
                clients.push(client);
            }
        }
        let ids = clients.iter().map(|client| client.sid.parse().expect("an id")).collect();
        Self { trio, clients, ids }
    }

    fn socket(&self, nth: usize) -> Socket {
        self.trio.server(nth / 2).socket(&self.ids[nth]).expect("the client is there")
    }

    /// Emits to all of these, and checks who gets what.
    async fn reach(&mut self, casts: Vec<(Broadcast, Reached)>) {
        for (number, (cast, _)) in casts.iter().enumerate() {
            cast.emit("cast", &number).await.expect("a broadcast cannot fail");
        }
        for (nth, client) in self.clients.iter_mut().enumerate() {
            let reached = |(_, (_, reached)): &(usize, &(Broadcast, Reached))| reached[nth / 2][nth % 2];
            for (number, _) in casts.iter().enumerate().filter(reached) {
                client.expect(&format!(r#"42["cast",{number}]"#)).await;
            }
        }
        let servers = [0, 1, 2].map(|nth| self.trio.server(nth));
        nothing_more(&servers, &mut self.clients).await;
    }
}

/// All but those whose number is in `left_out`.
fn without(reached: Reached, left_out: &[usize]) -> Reached {
    let mut rest = reached;
    left_out.iter().for_each(|nth| rest[nth / 2][nth % 2] = false);
    rest
}

/// Those whose number is in `numbers`.
fn only(numbers: &[usize]) -> Reached {
    let mut reached = NOBODY;
    numbers.iter().for_each(|nth| reached[nth / 2][nth % 2] = true);
    reached
}

#[tokio::test]
async fn a_server_reaches_the_clients_of_all_nodes() {
    let mut six = Six::connect().await;
    let (server, ids) = (six.trio.server(0).clone(), six.ids.clone());
    let casts = vec![
        (server.broadcast(), ALL),
        (server.to("red"), RED),
        (server.to(["red", "blue"]), ALL),
        (server.to("red").to("blue").except(&ids[5]), without(ALL, &[5])),
        (server.except("red"), BLUE),
        (server.except([&ids[0], &ids[3]]), without(ALL, &[0, 3])),
        (server.to("blue").except(["red".to_owned(), ids[3].to_string()]), without(BLUE, &[3])),
        (server.to(&ids[4]), only(&[4])),
        (server.to([&ids[1], &ids[2], &ids[4]]), only(&[1, 2, 4])),
        (server.to("red").to(&ids[3]), [[true, false], [true, true], [true, false]]),
        (server.to([""; 0]), NOBODY),
        (server.to("nobody is in it"), NOBODY),
        (server.to("AAAAAAAAAAAAAAAAAAAA"), NOBODY),
        (server.local(), only(&[0, 1])),
        (server.local().to("red"), only(&[0])),
        (server.local().to(&ids[4]), NOBODY),
        (server.strict().to("blue"), BLUE),
        (server.timeout(Duration::from_secs(1)).to("red"), RED),
        (server.compress(false).to("red"), RED),
    ];
    six.reach(casts).await;
}

#[tokio::test]
async fn a_namespace_reaches_its_sockets_on_all_nodes() {
    let mut six = Six::connect().await;
    let (everyone, ids) = (six.trio.server(1).of("/"), six.ids.clone());
    let casts = vec![
        (everyone.broadcast(), ALL),
        (everyone.to("red").to("blue"), ALL),
        (everyone.to("red"), RED),
        (everyone.except("blue").except(&ids[0]), without(RED, &[0])),
        (everyone.local(), only(&[2, 3])),
        (everyone.strict(), ALL),
    ];
    six.reach(casts).await;
}

#[tokio::test]
async fn a_socket_reaches_the_others_on_all_nodes() {
    let mut six = Six::connect().await;
    let (me, ids) = (six.socket(2), six.ids.clone());
    let casts = vec![
        (me.broadcast(), without(ALL, &[2])),
        (me.to("red"), without(RED, &[2])),
        (me.to("blue"), BLUE),
        (me.except("red"), BLUE),
        (me.except(&ids[5]), without(ALL, &[2, 5])),
        (me.to(&ids[5]), only(&[5])),
        (me.to(me.id()), NOBODY),
        (me.local(), only(&[3])),
        (me.namespace().to("red"), RED),
    ];
    six.reach(casts).await;
}

#[tokio::test]
async fn what_is_volatile_reaches_those_on_all_nodes_for_whom_nothing_waits() {
    let mut six = Six::connect().await;
    let server = six.trio.server(0).clone();
    for (cast, reached) in [
        (server.volatile(), ALL),
        (server.volatile().to("red"), RED),
        (server.to(&six.ids[5]).volatile(), only(&[5])),
    ] {
        six.reach(vec![(cast, reached)]).await;
    }
}

#[tokio::test]
async fn events_come_in_the_order_of_their_sender_whatever_they_address() {
    let mut six = Six::connect().await;
    let (server, id) = (six.trio.server(0).clone(), six.ids[5].clone());
    for number in 0..100 {
        let cast = match number % 3 {
            0 => server.broadcast(),
            1 => server.to("blue"),
            _ => server.to(&id),
        };
        cast.try_emit("cast", &number).expect("a broadcast cannot fail");
    }
    for number in 0..100 {
        six.clients[5].expect(&format!(r#"42["cast",{number}]"#)).await;
    }
    for number in (0..100).filter(|number| number % 3 != 2) {
        six.clients[3].expect(&format!(r#"42["cast",{number}]"#)).await;
    }
}
