//! Servers in memory, their clients, and the model beside them.

mod checks;
mod doors;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sio::cluster::Adapter;
use sio::error::AckError;
use sio::options::{Parser, Recovery};
use sio::prelude::*;
use sio::testing::{MemoryBroker, TestClient, TestServer};
use sio::{Server, Sid, Value};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Kind;
use super::model::{Model, Origin};

/// How long a client is waited for after its connection was lost.
const AWAY: Duration = Duration::from_secs(30);

/// What needs no timer is done after this: nothing of it takes any time of a clock that stands still, but for frames
/// that nodes put together.
const SOON: Duration = Duration::from_millis(200);

/// The argument of a question, and what is answered by `/`; by dynamic namespaces it is more.
const ASKED: u64 = 21;
const ANSWER: u64 = 42;

/// How often consumers were told of a client's coming, and of its end.
#[derive(Clone, Debug, Default)]
struct Told {
    came: Arc<AtomicUsize>,
    went: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Life;

#[consumer]
impl Life {
    async fn connect(&mut self, told: State<Told>) -> bool {
        told.came.fetch_add(1, Ordering::Relaxed);
        true
    }

    async fn disconnect(&mut self, told: State<Told>) {
        told.went.fetch_add(1, Ordering::Relaxed);
    }

    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result {
        Ok(socket.join(room).await?)
    }

    async fn event_leave(&mut self, socket: &Socket, room: String) -> sio::Result {
        Ok(socket.leave(room).await?)
    }

    async fn event_say(
        &mut self,
        socket: &Socket,
        room: String,
        except: Option<String>,
        carried: Vec<Value>,
    ) -> sio::Result {
        let others = except.into_iter().fold(socket.to(room), |others, room| others.except(room));
        Ok(others.emit("n", &carried).await?)
    }

    async fn event_ask(&mut self, number: u64, slowly: bool) -> u64 {
        if slowly {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        number + 1
    }
}

/// A dynamic namespace.
#[derive(Debug, Default)]
struct Door;

#[consumer(namespace = "/door/{number}")]
impl Door {
    async fn connect(&mut self, told: State<Told>) {
        told.came.fetch_add(1, Ordering::Relaxed);
    }

    async fn disconnect(&mut self, told: State<Told>) {
        told.went.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Connected,
    /// Its connection is lost, and nobody has waited until its node has noticed.
    Cut,
    /// Its node waits for it since then.
    Away(Instant),
    /// Its node is gone, or it was disconnected.
    Gone,
}

struct Client {
    kit: TestClient,
    /// The dynamic namespaces in which it is.
    doors: BTreeMap<usize, TestClient>,
    node: usize,
    place: Place,
    /// It comes by polling.
    polls: bool,
    /// How often its connection was lost: what was begun before has no outcome that could be told beforehand.
    losses: usize,
}

/// A client that was asked, and how often its connection had been lost by then.
type Asked = (usize, usize, Sid);

/// The outcome of a question to a room.
type Answers = Vec<(Sid, Result<u64, AckError>)>;

/// Something that runs beside, and its outcome.
type Running = (usize, usize, JoinHandle<Result<(), String>>);

pub(super) struct World {
    recovers: bool,
    broker: MemoryBroker,
    /// `None` is a node that was shut down or is gone.
    nodes: Vec<Option<TestServer>>,
    /// Those that are gone, which nobody hears any more.
    dead: Vec<TestServer>,
    told: Told,
    clients: BTreeMap<usize, Client>,
    model: Model,
    running: Vec<Running>,
    /// The bytes that were sent since everything was settled: a client that does not get its turn may have a burst to
    /// take, and is disconnected for one beyond the bounds.
    burst: usize,
    questions: Vec<(Vec<Asked>, JoinHandle<Answers>)>,
}

/// Recovery keeps enough for all that can happen.
fn recovery() -> Recovery {
    let most = 1 << 30;
    Recovery::default().max_disconnection(AWAY).max_packets(100_000).max_bytes(most).max_total_bytes(most)
}

fn room(number: usize) -> String {
    format!("room {number}")
}

fn door(number: usize) -> String {
    format!("/door/{number}")
}

/// The argument of an event: its number, and so many bytes.
fn carried(number: u64, bytes: usize) -> Vec<Value> {
    vec![Value::from(number), content(number, bytes)]
}

/// The content of an event, a text or an attachment: its number tells the kind and the letters.
fn content(number: u64, bytes: usize) -> Value {
    match number % 3 {
        0 => Value::from(Binary::from(vec![letter(number); bytes])),
        _ => Value::from(char::from(letter(number)).to_string().repeat(bytes)),
    }
}

fn letter(number: u64) -> u8 {
    b'a' + (number % 26) as u8
}

impl World {
    pub(super) async fn begin(kind: Kind) -> Self {
        let Kind { nodes, recovers, packs, .. } = kind;
        let (broker, told) = (MemoryBroker::new(), Told::default());
        let mut servers = Vec::new();
        for number in 0..nodes {
            let mut builder = Server::builder().collect(false).consumer::<Life>().consumer::<Door>();
            builder = builder.state(told.clone()).metrics(true);
            if packs {
                builder = builder.parser(Parser::MessagePack);
            }
            if recovers {
                builder = builder.connection_state_recovery(recovery());
            }
            if nodes > 1 {
                let name = number.to_string();
                builder = builder.adapter(Adapter::custom(broker.bus(&name)).name(&name));
            }
            let server = builder.build().expect("the options are valid");
            server.start().await.expect("the broker is there");
            servers.push(Some(TestServer::new(server)));
        }
        tokio::time::sleep(SOON).await;
        Self {
            recovers,
            broker,
            nodes: servers,
            dead: Vec::new(),
            told,
            clients: BTreeMap::new(),
            model: Model::default(),
            running: Vec::new(),
            burst: 0,
            questions: Vec::new(),
        }
    }

    fn node(&self, node: usize) -> Option<&TestServer> {
        self.nodes.get(node)?.as_ref()
    }

    /// The client, if it is connected.
    fn connected(&self, client: usize) -> Option<&Client> {
        self.clients.get(&client).filter(|client| client.place == Place::Connected)
    }

    /// The connection of a client is lost, or ends.
    fn lost(&mut self, client: usize, place: Place) {
        let Some(one) = self.clients.get_mut(&client) else { return };
        one.place = place;
        one.losses += 1;
        one.doors.clear();
        self.model.silenced(client);
        if let Some(account) = self.model.accounts.get_mut(&client) {
            account.leave_doors();
        }
        if place == Place::Gone {
            self.model.places.remove(&client);
        }
    }

    /// Lets somebody answer the questions of the server so.
    fn answers(kit: &TestClient, answer: u64) {
        kit.answer("q", move |number: u64| number - ASKED + answer);
    }

    fn begin_for(&mut self, client: usize, work: impl Future<Output = Result<(), String>> + Send + 'static) {
        let losses = self.clients.get(&client).map_or(0, |client| client.losses);
        self.running.push((client, losses, tokio::spawn(work)));
    }
}
