//! The steps.

use std::collections::BTreeMap;
use std::time::Duration;

use sio::error::AckError;
use sio::options::TransportKind;
use sio::testing::{TestClient, TestServer};
use tokio::time::{Instant, sleep};

use super::{ANSWER, ASKED, AWAY, Client, Origin, Place, SOON, World, carried, room};
use crate::life::history::Step;
use crate::life::model::Member;

/// Longer than a server takes to notice that a client does not answer.
const NOTICED: Duration = Duration::from_secs(60);

/// How long an answer to a question may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Longer than nodes take to notice that one of them is gone.
const DEAD: Duration = Duration::from_secs(20);

/// Below the bound beyond which a client is disconnected at once.
const MOST_AT_ONCE: usize = 5_000_000;

impl World {
    pub(in crate::life) async fn take(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Connect { client, node, polling } => self.connect(client, node, polling).await?,
            Step::Join { client, room: number } => {
                self.settle_wishes(client).await?;
                if let Some(one) = self.connected(client) {
                    one.kit.socket().join(room(number)).await.map_err(|error| error.to_string())?;
                    self.model.changes(client, number, Some(Member::In));
                }
            }
            Step::Leave { client, room: number } => {
                self.settle_wishes(client).await?;
                if let Some(one) = self.connected(client) {
                    one.kit.socket().leave(room(number)).await.map_err(|error| error.to_string())?;
                    self.model.changes(client, number, None);
                }
            }
            Step::WishJoin { client, room } => self.wish(client, room, true).await,
            Step::WishLeave { client, room } => self.wish(client, room, false).await,
            Step::Emit { node, room, except, is_volatile, count, bytes } => {
                self.burst += count * bytes;
                if self.burst > MOST_AT_ONCE {
                    self.settle().await?;
                }
                for _ in 0..count {
                    self.emit(node, room, except, is_volatile, bytes).await?;
                }
            }
            Step::Direct { client, bytes } => {
                if let Some(one) = self.connected(client) {
                    let (kit, node) = (one.kit.clone(), one.node);
                    let number = self.model.sent_to(client, Origin::Node(node));
                    let sent = kit.socket().emit("n", &carried(number, bytes)).await;
                    sent.map_err(|error| error.to_string())?;
                }
            }
            Step::Say { client, room: number, except, bytes } => {
                if let Some(one) = self.connected(client) {
                    let kit = one.kit.clone();
                    let event = self.model.sent(Origin::Client(client), Some(number), except);
                    kit.emit("say", &(room(number), except.map(room), carried(event, bytes))).await;
                }
            }
            Step::Ask { client, slowly } => self.ask(client, slowly),
            Step::Question { node, room, except } => self.question(node, room, except).await?,
            Step::Query { client, door, is_mute } => self.query(client, door, is_mute),
            Step::Enter { client, door } => self.enter(client, door).await?,
            Step::Exit { client, door } => self.exit(client, door).await?,
            Step::Call { node, door, bytes } => self.call(node, door, bytes).await?,
            Step::Upgrade { client } => self.upgrade(client),
            Step::Cut { client } => {
                if let Some(one) = self.connected(client) {
                    let kit = one.kit.clone();
                    kit.kill().await;
                    self.read(client, &kit).await?;
                    self.lost(client, Place::Cut);
                    self.no_rooms_without_recovery(client);
                }
            }
            Step::Silence { client } => self.silence(client).await?,
            Step::Resume { client, node, polling } => self.resume(client, node, polling).await?,
            Step::Disconnect { client } => {
                self.exit_all(client).await?;
                if let Some(one) = self.connected(client) {
                    one.kit.clone().disconnect().await;
                    self.ends(client, true);
                }
            }
            Step::Kick { client } => {
                self.exit_all(client).await?;
                self.settle().await?;
                if let Some(one) = self.connected(client) {
                    one.kit.socket().disconnect();
                    one.kit.expect_disconnect().await;
                    self.ends(client, false);
                }
            }
            Step::CloseRoom { room: number } => {
                self.settle().await?;
                if let Some(server) = self.nodes.iter().flatten().next() {
                    server.of("/").close_room(room(number)).await.map_err(|error| error.to_string())?;
                    let clients: Vec<_> = self.clients.keys().copied().collect();
                    clients.into_iter().for_each(|client| self.model.changes(client, number, None));
                }
                self.settle().await?;
            }
            Step::Yield { times } => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }
            Step::Settle => self.settle().await?,
            Step::Wait { seconds } => {
                self.settle().await?;
                sleep(Duration::from_secs(seconds)).await;
                self.settle().await?;
            }
            Step::Drain { node } => {
                self.settle().await?;
                if let Some(server) = self.taken(node) {
                    self.leave_node(node);
                    server.close().await;
                    sleep(SOON).await;
                }
            }
            Step::Die { node } => {
                self.settle().await?;
                if let Some(server) = self.taken(node) {
                    let names: Vec<_> = (0..self.nodes.len()).map(|number| number.to_string()).collect();
                    let others: Vec<_> =
                        names.iter().map(String::as_str).filter(|name| *name != names[node]).collect();
                    self.broker.part(&[&names[node]], &others);
                    self.broker.part(&others, &[&names[node]]);
                    self.leave_node(node);
                    self.model.node_silenced(node);
                    sleep(DEAD).await;
                    self.dead.push(server);
                }
            }
        }
        Ok(())
    }

    /// Takes a node out, unless it is the last one.
    fn taken(&mut self, node: usize) -> Option<TestServer> {
        if self.nodes.iter().flatten().count() < 2 { None } else { self.nodes.get_mut(node)?.take() }
    }

    /// The clients of a node are without it.
    fn leave_node(&mut self, node: usize) {
        let of_node: Vec<_> =
            self.clients.iter().filter(|(_, client)| client.node == node).map(|(n, _)| *n).collect();
        for client in of_node {
            self.clients.remove(&client);
            self.model.places.remove(&client);
            self.model.accounts.remove(&client);
        }
    }

    async fn connect(&mut self, client: usize, node: usize, polling: bool) -> Result<(), String> {
        if self.clients.get(&client).is_some_and(|client| client.place != Place::Gone) {
            return Ok(());
        }
        let Some(server) = self.node(node) else { return Ok(()) };
        let kit = server.client().transport(transport(polling)).connect().await;
        let kit = kit.map_err(|refused| refused.to_string())?;
        Self::answers(&kit, ANSWER);
        let losses = self.clients.get(&client).map_or(0, |client| client.losses + 1);
        let (place, doors) = (Place::Connected, BTreeMap::new());
        self.clients.insert(client, Client { kit, doors, node, place, polls: polling, losses });
        self.model.accounts.insert(client, Default::default());
        self.model.places.insert(client, node);
        Ok(())
    }

    /// After a wish nobody knows the order of what is done to a client's rooms by others.
    async fn settle_wishes(&mut self, client: usize) -> Result<(), String> {
        let is_unsure = self.model.accounts.get(&client).is_some_and(|account| account.is_unsure());
        if is_unsure { self.settle().await } else { Ok(()) }
    }

    async fn wish(&mut self, client: usize, number: usize, soon: bool) {
        if let Some(one) = self.connected(client) {
            let kit = one.kit.clone();
            let is_in = self.model.accounts[&client].rooms.get(&number).copied();
            if is_in == Some(Member::In) && soon || is_in.is_none() && !soon {
                return;
            }
            self.model.changes(client, number, Some(Member::Unsure { soon }));
            kit.emit(if soon { "join" } else { "leave" }, &room(number)).await;
        }
    }

    async fn emit(
        &mut self,
        node: usize,
        to: Option<usize>,
        except: Option<usize>,
        is_volatile: bool,
        bytes: usize,
    ) -> Result<(), String> {
        let Some(server) = self.node(node) else { return Ok(()) };
        let mut target = server.of("/").broadcast();
        if let Some(number) = to {
            target = target.to(room(number));
        }
        if let Some(number) = except {
            target = target.except(room(number));
        }
        let origin = Origin::Node(node);
        let number = if is_volatile {
            target = target.volatile();
            self.model.sent_volatile(origin, to, except)
        } else {
            self.model.sent(origin, to, except)
        };
        target.emit("n", &carried(number, bytes)).await.map_err(|error| error.to_string())
    }

    fn ask(&mut self, client: usize, slowly: bool) {
        if let Some(one) = self.connected(client) {
            let kit = one.kit.clone();
            self.begin_for(client, async move {
                match kit.emit_with_ack::<u64>("ask", &(7, slowly)).await {
                    Ok(8) => Ok(()),
                    other => Err(format!("an event was answered by {other:?}")),
                }
            });
        }
    }

    /// Each member answers once, and nobody else.
    async fn question(&mut self, node: usize, number: usize, except: Option<usize>) -> Result<(), String> {
        self.settle().await?;
        let Some(server) = self.node(node) else { return Ok(()) };
        let left_out: Vec<_> =
            except.into_iter().flat_map(|room| self.members(room).map(|(client, _)| client)).collect();
        let asked = self.members(number).filter(|(client, _)| !left_out.contains(client));
        let asked = asked.map(|(client, one)| (client, one.losses, one.kit.id())).collect();
        let target = server.of("/").to(room(number));
        let target = except.into_iter().fold(target, |target, number| target.except(room(number)));
        let answers = target.emit_with_ack::<u64>("q", &ASKED).await;
        let answers = answers.map_err(|error| error.to_string())?;
        self.questions.push((asked, tokio::spawn(answers.collect())));
        if self.nodes.len() > 1 {
            // Until it has reached the other nodes: who joins before that is asked too.
            sleep(SOON).await;
        }
        Ok(())
    }

    /// One client answers once, by `/` or by a dynamic namespace, or its time runs out.
    fn query(&mut self, client: usize, door: Option<usize>, is_mute: bool) {
        let Some(one) = self.connected(client) else { return };
        let kit = match door {
            Some(door) => one.doors.get(&door),
            None => Some(&one.kit),
        };
        let Some(kit) = kit.cloned() else { return };
        let (socket, expected) = (kit.socket().clone(), ANSWER + door.map_or(0, |door| 1 + door as u64));
        kit.ignore("mute");
        self.begin_for(client, async move {
            let event = if is_mute { "mute" } else { "q" };
            let answer = socket.timeout(PATIENCE).emit_with_ack::<u64>(event, &ASKED).await;
            match answer {
                Ok(answer) if !is_mute && answer == expected => Ok(()),
                Err(AckError::Timeout) if is_mute => Ok(()),
                other => Err(format!("the question `{event}` has come to {other:?}")),
            }
        });
    }

    fn upgrade(&mut self, client: usize) {
        if let Some(one) =
            self.clients.get_mut(&client).filter(|one| one.place == Place::Connected && one.polls)
        {
            one.polls = false;
            let kit = one.kit.clone();
            self.begin_for(client, async move {
                kit.upgrade().await;
                Ok(())
            });
        }
    }

    async fn silence(&mut self, client: usize) -> Result<(), String> {
        self.settle().await?;
        if let Some(one) = self.connected(client) {
            let kit = one.kit.within(NOTICED);
            kit.ignore_pings();
            let reason = kit.expect_disconnect().await;
            if reason != sio::DisconnectReason::PingTimeout {
                return Err(format!("a client that answers no pings is disconnected by {reason}"));
            }
            self.read(client, &kit).await?;
            self.lost(client, if self.recovers { Place::Away(Instant::now()) } else { Place::Gone });
            self.no_rooms_without_recovery(client);
            self.settle().await?;
        }
        Ok(())
    }

    /// The client is disconnected for good.
    fn ends(&mut self, client: usize, by_itself: bool) {
        if by_itself && let Some(account) = self.model.accounts.get_mut(&client) {
            // Events that are under way when a client leaves are for nobody.
            account.may_lose();
        }
        self.lost(client, Place::Gone);
        if let Some(account) = self.model.accounts.get_mut(&client) {
            account.forget();
        }
    }

    fn no_rooms_without_recovery(&mut self, client: usize) {
        if !self.recovers {
            self.model.places.remove(&client);
            if let Some(account) = self.model.accounts.get_mut(&client) {
                account.forget();
            }
        }
    }

    async fn resume(&mut self, client: usize, node: usize, polling: bool) -> Result<(), String> {
        if !self.recovers || self.node(node).is_none() {
            return Ok(());
        }
        let Some(one) = self.clients.get(&client) else { return Ok(()) };
        let since = match one.place {
            Place::Connected | Place::Gone => return Ok(()),
            Place::Cut => None,
            Place::Away(since) => Some(since),
        };
        if since.is_some_and(|since| since.elapsed().abs_diff(AWAY) < Duration::from_secs(2)) {
            // Nobody can say which comes first.
            sleep(Duration::from_secs(4)).await;
        }
        let before = one.kit.clone();
        let Some(server) = self.node(node) else { return Ok(()) };
        let kit = server.client().resume(&before).transport(transport(polling)).connect().await;
        let kit = kit.map_err(|refused| refused.to_string())?;
        Self::answers(&kit, ANSWER);
        let is_in_time = since.is_none_or(|since| since.elapsed() < AWAY);
        if kit.is_recovered() != is_in_time {
            return Err(format!("after {since:?} of {AWAY:?} a client is recovered: {}", kit.is_recovered()));
        }
        if !is_in_time {
            self.model.accounts.insert(client, Default::default());
        }
        self.model.places.insert(client, node);
        let one = self.clients.get_mut(&client).expect("it is there");
        (one.kit, one.node, one.place, one.polls) = (kit, node, Place::Connected, polling);
        Ok(())
    }

    /// Reads what has come to a client whose connection is lost.
    async fn read(&mut self, client: usize, kit: &TestClient) -> Result<(), String> {
        let numbers = Self::numbers(kit).await?;
        let account = self.model.accounts.get_mut(&client).expect("it is there");
        account.received_already(&numbers).map_err(|reason| format!("client {client}: {reason}"))
    }
}

fn transport(polling: bool) -> TransportKind {
    if polling { TransportKind::Polling } else { TransportKind::WebSocket }
}
