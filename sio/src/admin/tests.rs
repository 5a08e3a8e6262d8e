//! Ten thousand sockets, or some in many rooms, and one who looks at them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Admin, AdminMode};
use crate::packet_client::PacketClient;
use crate::prelude::*;

/// How many sockets there are.
const CROWD: usize = 10_000;

#[derive(Default)]
struct Crowd;

#[consumer(namespace = "/tests/crowd")]
impl Crowd {
    async fn event_say(&mut self, text: String) {
        drop(text);
    }
}

/// Those who come are in more rooms than are listed.
#[derive(Default)]
struct Rooms;

#[consumer(namespace = "/tests/many-rooms")]
impl Rooms {
    async fn connect(&mut self, socket: &Socket) -> crate::Result {
        let rooms: Vec<String> = (0..40).map(|room| format!("room {room}")).collect();
        socket.join(rooms).await?;
        Ok(())
    }
}

struct Page {
    client: PacketClient,
    /// Names and arguments of what it has been told.
    told: Vec<(String, Value)>,
    bytes: usize,
}

impl Page {
    async fn look(server: &Server) -> Self {
        let mut client = PacketClient::new(server);
        client.join("0/admin,").await;
        Self { client, told: Vec::new(), bytes: 0 }
    }

    /// Lets so many seconds pass. Returns how many changes came in them.
    async fn seconds(&mut self, seconds: u32) -> usize {
        let before = self.told.len();
        for _ in 0..seconds * 10 {
            tokio::time::advance(Duration::from_millis(100)).await;
            self.client.settle().await;
            for packet in self.client.received() {
                self.bytes += packet.len();
                let json = packet.split_once(',').expect("an event of the namespace").1;
                let mut event: Vec<Value> = serde_json::from_str(json).expect("it is JSON");
                let name = event.remove(0).as_str().expect("a name").to_owned();
                self.told.push((name, event.into()));
            }
        }
        self.told[before..].iter().filter(|(name, _)| is_change(name)).count()
    }

    /// Returns how often an event was told.
    fn count(&self, name: &str) -> usize {
        self.told.iter().filter(|(told, _)| told == name).count()
    }

    fn last(&self, name: &str) -> &Value {
        &self.told.iter().rev().find(|(told, _)| told == name).expect("it was told").1[0]
    }
}

fn is_change(name: &str) -> bool {
    ["socket_", "event_", "room_"].iter().any(|kind| name.starts_with(kind))
}

async fn crowd(mode: AdminMode) -> (Server, Vec<PacketClient>) {
    let builder = Server::builder().collect(false).consumer::<Crowd>().admin(Admin::open().mode(mode));
    let server = builder.build().expect("the options are valid");
    let mut clients = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        let mut client = PacketClient::new(&server);
        client.join("0/tests/crowd,").await;
        clients.push(client);
    }
    (server, clients)
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_sockets_a_thousand_are_shown_and_two_hundred_changes_a_second() {
    let (server, mut clients) = crowd(AdminMode::Development).await;
    let mut page = Page::look(&server).await;
    page.seconds(3).await;
    assert_eq!(page.last("all_sockets").as_array().unwrap().len(), 1_000);
    assert_eq!(
        page.last("server_stats")["omitted"],
        json!({"changes": 0, "sockets": 9_000, "namespaces": 0})
    );
    assert!(page.bytes < 1_000_000, "{} bytes", page.bytes);

    for client in &mut clients {
        client.send(&[r#"2/tests/crowd,["say","hello"]"#]).await;
    }
    // All of them in one second of the paused clock, of which less than a thousandth part may have begun the next.
    let changes = page.seconds(2).await;
    assert!(changes <= 400, "{changes} changes");
    let omitted = page.last("server_stats")["omitted"]["changes"].as_u64().unwrap();
    assert!(omitted >= 9_600, "{omitted} are counted");

    // Clients that leave make room for others, at the same pace.
    for client in clients.drain(..CROWD / 2) {
        client.leave().await;
    }
    for _ in 0..30 {
        let changes = page.seconds(1).await;
        assert!(changes <= 400, "{changes} changes");
    }
    let stats = page.last("server_stats");
    assert_eq!(stats["omitted"]["sockets"], 4_000, "it has caught up: {stats}");
}

#[tokio::test(start_paused = true)]
async fn a_socket_comes_and_leaves_with_its_rooms_and_all_of_those_count() {
    const SOCKETS: usize = 50;
    let builder = Server::builder().collect(false).consumer::<Rooms>();
    let server = builder.admin(Admin::open().mode(AdminMode::Development)).build().expect("it can be built");
    let mut page = Page::look(&server).await;
    page.seconds(2).await;
    let mut clients = Vec::new();
    for _ in 0..SOCKETS {
        let mut client = PacketClient::new(&server);
        client.join("0/tests/many-rooms,").await;
        clients.push(client);
    }
    let until = async |page: &mut Page, event: &str, count: usize| {
        for _ in 0..60 {
            // Two seconds may have begun in one.
            let changes = page.seconds(1).await;
            assert!(changes <= 400, "{changes} changes");
            if page.count(event) == count {
                return;
            }
        }
        panic!("{event}: {} times", page.count(event));
    };
    // 32 of the rooms of each, of which its own comes with it.
    until(&mut page, "room_joined", SOCKETS * 31).await;
    assert_eq!(page.count("socket_connected"), SOCKETS);
    assert_eq!(page.seconds(5).await, 0, "rooms that are not listed are not looked for again and again");
    for client in clients {
        client.leave().await;
    }
    until(&mut page, "room_left", SOCKETS * 32).await;
    assert_eq!(page.count("socket_disconnected"), SOCKETS);
    assert!(page.last("server_stats")["omitted"]["changes"].as_u64().unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn in_production_ten_thousand_sockets_are_a_number() {
    let (server, _clients) = crowd(AdminMode::Production).await;
    assert!(server.inner.reception.observers.is_none(), "nothing is observed");
    let mut page = Page::look(&server).await;
    assert_eq!(page.seconds(10).await, 0);
    let namespaces = &page.last("server_stats")["namespaces"];
    assert_eq!(namespaces[1], json!({"name": "/tests/crowd", "socketsCount": CROWD}));
    assert!(page.bytes < 10_000, "{} bytes", page.bytes);
}
