//! Handles the events of the acceptance application, whatever namespace they come in.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sio::Value;
use sio::emit::{Broadcast, Spread};
use sio::prelude::*;

use crate::app::All;

/// `{text, count}`, and nothing else.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    text: String,
    count: i64,
}

/// That it was.
#[derive(Debug, Serialize)]
pub(super) struct TypedAnswer {
    ok: bool,
    text: String,
    count: i64,
}

impl From<Typed> for TypedAnswer {
    fn from(Typed { text, count }: Typed) -> Self {
        Self { ok: true, text, count }
    }
}

/// An answer that says no in the application's own shape.
#[derive(Debug, Serialize)]
pub(super) struct Forbidden {
    error: &'static str,
}

pub(super) const FORBIDDEN: Forbidden = Forbidden { error: "forbidden" };

/// The outcome of a question to the client.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Called {
    /// All arguments of its answer.
    Ok {
        /// The arguments.
        ok: Vec<Value>,
    },
    /// None in time.
    Timeout {
        /// `true`.
        timeout: bool,
    },
}

/// Asks the client, and waits so many milliseconds.
pub(super) async fn call(socket: &Socket, wait: u64, arguments: &All) -> sio::Result<Called> {
    let answer =
        socket.timeout(Duration::from_millis(wait)).emit_with_ack::<Spread<Value>>("please", arguments).await;
    Ok(match answer {
        Ok(Spread(ok)) => Called::Ok { ok },
        Err(sio::error::AckError::Timeout) => Called::Timeout { timeout: true },
        Err(error) => return Err(error.into()),
    })
}

/// The outcome of a question to a room.
#[derive(Debug, Serialize)]
pub(super) struct RoomCalled {
    ok: Vec<Value>,
    missing: usize,
}

/// Asks the members of a room, and waits so many milliseconds.
pub(super) async fn call_room(
    socket: &Socket,
    room: &str,
    wait: u64,
    arguments: &All,
) -> sio::Result<RoomCalled> {
    let members = socket.namespace().to(room).timeout(Duration::from_millis(wait));
    let answers = members.emit_with_ack::<Spread<Value>>("please", arguments).await?.collect().await;
    let asked = answers.len();
    let first = |Spread(answer): Spread<Value>| answer.into_iter().next().unwrap_or(Value::Null);
    let ok: Vec<Value> = answers.into_iter().filter_map(|(_, answer)| answer.ok().map(first)).collect();
    Ok(RoomCalled { missing: asked - ok.len(), ok })
}

/// The socket's rooms in order, its own included.
pub(super) fn rooms(socket: &Socket) -> BTreeSet<String> {
    socket.rooms().into_iter().map(|room| room.to_string()).collect()
}

/// The ids of a room's members in order, on all nodes that answer.
pub(super) async fn members(socket: &Socket, room: &str) -> BTreeSet<String> {
    let members = socket.namespace().to(room).fetch_sockets().await.items;
    members.into_iter().map(|member| member.id().to_string()).collect()
}

/// A broadcast as the client describes it. Some clients say `null` for what they leave out.
#[derive(Debug, Deserialize)]
pub(super) struct Cast {
    from: Sender,
    to: Option<Vec<String>>,
    except: Option<Vec<String>>,
    flags: Option<Flags>,
    event: String,
    args: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sender {
    /// Leaves the sender out.
    Socket,
    /// Does not.
    Server,
}

/// The flags of a broadcast: a list of their names, or an object with those that are set.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Flags {
    Names(Vec<String>),
    Set(BTreeMap<String, bool>),
}

impl Flags {
    fn has(&self, flag: &str) -> bool {
        match self {
            Self::Names(names) => names.iter().any(|name| name == flag),
            Self::Set(flags) => flags.get(flag).copied().unwrap_or_default(),
        }
    }
}

/// Addresses everybody in these rooms, which are all without a list, but those in `except`.
pub(super) fn address(
    mut broadcast: Broadcast,
    to: Option<Vec<String>>,
    except: Option<Vec<String>>,
) -> Broadcast {
    // An empty list is none to clients that must send something.
    for room in to.into_iter().flatten() {
        broadcast = broadcast.to(room);
    }
    broadcast.except(except.unwrap_or_default())
}

/// Makes the broadcast.
pub(super) async fn cast(socket: &Socket, cast: Cast) -> sio::Result<bool> {
    let broadcast = match cast.from {
        Sender::Socket => socket.broadcast(),
        Sender::Server => socket.namespace().broadcast(),
    };
    let mut broadcast = address(broadcast, cast.to, cast.except);
    let has = |flag| cast.flags.as_ref().is_some_and(|flags| flags.has(flag));
    if has("volatile") {
        broadcast = broadcast.volatile();
    }
    if has("local") {
        broadcast = broadcast.local();
    }
    broadcast.emit(&cast.event, &All(cast.args.unwrap_or_default())).await?;
    Ok(true)
}

/// Ends a socket: in its namespace only, or with its whole connection.
pub(super) fn end(socket: &Socket, whole_connection: bool) {
    if whole_connection {
        socket.disconnect_all();
    } else {
        socket.disconnect();
    }
}

/// As [`end`], for everybody who is addressed.
pub(super) async fn end_all(sockets: &Broadcast, whole_connection: bool) -> sio::Result {
    if whole_connection {
        sockets.disconnect_all().await?;
    } else {
        sockets.disconnect().await?;
    }
    Ok(())
}

/// The socket as the server sees it now.
#[derive(Debug, Serialize)]
pub(super) struct Identity {
    sid: String,
    nsp: String,
    transport: &'static str,
    rooms: BTreeSet<String>,
    recovered: bool,
}

pub(super) fn identity(socket: &Socket) -> Identity {
    Identity {
        sid: socket.id().to_string(),
        nsp: socket.namespace().path().to_owned(),
        transport: socket.transport().as_str(),
        rooms: rooms(socket),
        recovered: socket.is_recovered(),
    }
}

/// Emits numbered fillers as fast as the client takes them.
pub(super) async fn flood(socket: &Socket, count: u32, size: usize) -> sio::Result<u32> {
    let filler = "x".repeat(size);
    for number in 0..count {
        socket.emit("flooded", &(number, &filler)).await?;
    }
    Ok(count)
}

/// Emits so many ticks, one each so many milliseconds, and does not wait for them.
pub(super) fn tick(socket: Socket, count: u32, milliseconds: u64) -> bool {
    tokio::spawn(async move {
        for number in 0..count {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            if socket.emit("ticked", &number).await.is_err() {
                return;
            }
        }
    });
    true
}

/// How many numbered events came, and whether each had the number of those before it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sequence {
    count: u64,
    ordered: bool,
}

impl Default for Sequence {
    fn default() -> Self {
        Self { count: 0, ordered: true }
    }
}

impl Sequence {
    /// One more came.
    pub(super) fn step(&mut self, number: u64) {
        self.ordered &= number == self.count;
        self.count += 1;
    }
}
