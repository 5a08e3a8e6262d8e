//! Random histories.

use crate::fuzz::fuzzers::random::Random;

/// A step. Clients, rooms and nodes are numbers, of which those that there are not are passed over: a history stays one
/// when steps are left out of it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A client comes to a node.
    Connect {
        client: usize,
        node: usize,
        polling: bool,
    },
    /// The application lets a client join a room, or leave it.
    Join {
        client: usize,
        room: usize,
    },
    Leave {
        client: usize,
        room: usize,
    },
    /// A client asks for it; nobody waits until that has been done.
    WishJoin {
        client: usize,
        room: usize,
    },
    WishLeave {
        client: usize,
        room: usize,
    },
    /// Events from a node to a room, or to everybody, but for another room.
    Emit {
        node: usize,
        room: Option<usize>,
        except: Option<usize>,
        is_volatile: bool,
        count: usize,
        bytes: usize,
    },
    /// An event from the application to one client.
    Direct {
        client: usize,
        bytes: usize,
    },
    /// An event of a client, which its handler passes on to all others in a room, but for another room.
    Say {
        client: usize,
        room: usize,
        except: Option<usize>,
        bytes: usize,
    },
    /// An event of a client that is acknowledged.
    Ask {
        client: usize,
        slowly: bool,
    },
    /// An event to a room, but for another one, that all of its members acknowledge.
    Question {
        node: usize,
        room: usize,
        except: Option<usize>,
    },
    /// An event to one client that it acknowledges, or never does.
    Query {
        client: usize,
        door: Option<usize>,
        is_mute: bool,
    },
    /// A client joins a dynamic namespace, or leaves it.
    Enter {
        client: usize,
        door: usize,
    },
    Exit {
        client: usize,
        door: usize,
    },
    /// An event from a node to everybody in a dynamic namespace.
    Call {
        node: usize,
        door: usize,
        bytes: usize,
    },
    /// A client begins to move from polling to WebSocket.
    Upgrade {
        client: usize,
    },
    /// A client's connection is lost, and noticed in time by itself.
    Cut {
        client: usize,
    },
    /// A client does not answer heartbeats any more.
    Silence {
        client: usize,
    },
    /// A client that was cut off comes back, to this node.
    Resume {
        client: usize,
        node: usize,
        polling: bool,
    },
    /// A client leaves, or is disconnected by the application.
    Disconnect {
        client: usize,
    },
    Kick {
        client: usize,
    },
    /// Everybody leaves a room.
    CloseRoom {
        room: usize,
    },
    /// Tasks run for a little while.
    Yield {
        times: usize,
    },
    /// Time passes; before that everything settles, and the model is compared with the world.
    Wait {
        seconds: u64,
    },
    /// Everything settles, and the model is compared with the world.
    Settle,
    /// A node is shut down.
    Drain {
        node: usize,
    },
    /// A node is gone, and says nothing to anybody.
    Die {
        node: usize,
    },
}

/// How many clients and rooms there are at most.
const CLIENTS: usize = 6;
const ROOMS: usize = 3;

/// How many dynamic namespaces there are at most.
pub(super) const DOORS: usize = 2;

/// Returns the history of a seed.
pub(super) fn history(seed: u64, steps: usize, nodes: usize) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut history: Vec<_> = (0..CLIENTS / 2).map(|client| connect(&mut random, client, nodes)).collect();
    history.extend((0..steps).map(|_| step(&mut random, nodes)));
    history
}

fn connect(random: &mut Random, client: usize, nodes: usize) -> Step {
    Step::Connect { client, node: random.below(nodes), polling: random.below(2) == 0 }
}

fn step(random: &mut Random, nodes: usize) -> Step {
    let (client, room, node) = (random.below(CLIENTS), random.below(ROOMS), random.below(nodes));
    let polling = random.below(2) == 0;
    let bytes = match random.below(12) {
        0 => 70_000,
        1 => 3_000,
        _ => random.below(200),
    };
    match random.below(112) {
        0..=7 => connect(random, client, nodes),
        8..=15 => Step::Join { client, room },
        16..=19 => Step::Leave { client, room },
        20..=24 => Step::WishJoin { client, room },
        25..=27 => Step::WishLeave { client, room },
        28..=42 => {
            let room = Some(room).filter(|_| random.below(5) > 0);
            let except = except(random);
            let count = if random.below(8) == 0 { 1 + random.below(40) } else { 1 };
            Step::Emit { node, room, except, is_volatile: random.below(8) == 0, count, bytes }
        }
        43..=47 => Step::Direct { client, bytes },
        48..=54 => Step::Say { client, room, except: except(random), bytes },
        55..=59 => Step::Ask { client, slowly: polling },
        60..=63 => Step::Question { node, room, except: except(random) },
        64..=68 => Step::Upgrade { client },
        69..=73 => Step::Cut { client },
        74 => Step::Silence { client },
        75..=80 => Step::Resume { client, node, polling },
        81..=82 => Step::Disconnect { client },
        83..=84 => Step::Kick { client },
        85 => Step::CloseRoom { room },
        86..=92 => Step::Yield { times: 1 + random.below(12) },
        93 => Step::Wait { seconds: 1 + random.below(45) as u64 },
        94 if nodes > 1 && random.below(8) == 0 => Step::Drain { node },
        94 if nodes > 1 && random.below(8) == 0 => Step::Die { node },
        95..=97 => {
            let door = Some(room).filter(|room| *room < DOORS);
            Step::Query { client, door, is_mute: polling }
        }
        98..=101 => Step::Enter { client, door: room % DOORS },
        102 => Step::Exit { client, door: room % DOORS },
        103..=106 => Step::Call { node, door: room % DOORS, bytes },
        _ => Step::Settle,
    }
}

fn except(random: &mut Random) -> Option<usize> {
    Some(random.below(ROOMS)).filter(|_| random.below(4) == 0)
}
