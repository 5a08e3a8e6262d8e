//! The comparisons with the model.

use std::collections::BTreeSet;
use std::time::Duration;

use sio::Value;
use sio::testing::TestClient;
use tokio::time::{Instant, sleep};

use super::{ANSWER, AWAY, Answers, Asked, Client, Ordering, Place, SOON, World, content, room};
use crate::life::model::Member;

/// Longer than a server takes to notice that a polling client is away.
const NOTICED: Duration = Duration::from_secs(60);

impl World {
    /// Waits until all that was begun is done, and compares.
    pub(super) async fn settle(&mut self) -> Result<(), String> {
        sleep(SOON).await;
        self.burst = 0;
        for (client, losses, work) in std::mem::take(&mut self.running) {
            let outcome = work.await;
            if self.clients.get(&client).is_none_or(|client| client.losses != losses) {
                // Its connection was lost meanwhile.
                continue;
            }
            outcome.map_err(|error| format!("client {client}: {error}"))??;
        }
        for (asked, question) in std::mem::take(&mut self.questions) {
            let answers = question.await.map_err(|error| error.to_string())?;
            self.check_answers(&asked, &answers)?;
        }
        let cut = self.clients.iter().filter(|(_, client)| client.place == Place::Cut);
        let cut: Vec<_> = cut.map(|(number, client)| (*number, client.kit.clone())).collect();
        for (number, kit) in cut {
            kit.within(NOTICED).expect_disconnect().await;
            let place = if self.recovers { Place::Away(Instant::now()) } else { Place::Gone };
            self.clients.get_mut(&number).expect("it is there").place = place;
        }
        sleep(SOON).await;
        self.model.settle();
        self.expire();
        let connected = self.clients.iter().filter(|(_, client)| client.place == Place::Connected);
        let connected: Vec<_> = connected.map(|(number, client)| (*number, client.kit.clone())).collect();
        for (number, kit) in connected {
            let numbers = Self::numbers(&kit).await?;
            let account = self.model.accounts.get_mut(&number).expect("it is there");
            account.check(None, &numbers).map_err(|reason| format!("client {number}: {reason}"))?;
            for (door, kit) in &self.clients[&number].doors {
                let numbers = Self::numbers(kit).await?;
                let checked = account.check(Some(*door), &numbers);
                checked.map_err(|reason| format!("client {number} in {door}: {reason}"))?;
            }
            account.nothing_is_due();
        }
        self.check_doors()?;
        self.check_rooms().await
    }

    /// Each of those who were asked has one outcome, and nobody else has; it is an answer unless the connection was lost.
    fn check_answers(&self, asked: &[Asked], answers: &Answers) -> Result<(), String> {
        let mut expected: Vec<_> = asked.iter().map(|(.., id)| id.to_string()).collect();
        let mut found: Vec<_> = answers.iter().map(|(id, _)| id.to_string()).collect();
        expected.sort();
        found.sort();
        if expected != found {
            return Err(format!("{expected:?} were asked, and there came {answers:?}"));
        }
        for (client, losses, id) in asked {
            let answer = answers.iter().find(|(other, _)| other == id).map(|(_, answer)| answer);
            let is_lost = self.clients.get(client).is_none_or(|client| client.losses != *losses);
            if !is_lost && !matches!(answer, Some(Ok(ANSWER))) {
                return Err(format!("client {client} was asked, and there came {answer:?}"));
            }
        }
        Ok(())
    }

    /// Nobody is waited for too long.
    fn expire(&mut self) {
        for (number, client) in &mut self.clients {
            if let Place::Away(since) = client.place
                && since.elapsed() > AWAY + Duration::from_secs(2)
                && let Some(account) = self.model.accounts.get_mut(number)
            {
                account.forget();
                self.model.places.remove(number);
            }
        }
    }

    /// The events that have come to a client, in their order. Each carries what it was sent with.
    pub(super) async fn numbers(kit: &TestClient) -> Result<Vec<u64>, String> {
        let mut numbers = Vec::new();
        while kit.unread().iter().any(|name| name == "n") {
            // With recovery it has an offset, too.
            let carried = kit.next_event("n").await.payload::<Vec<Value>>();
            let [number, carried] = &carried[..] else { return Err(format!("{carried:?} came")) };
            let number = number.as_u64().ok_or_else(|| format!("{number:?} is no number"))?;
            let length = carried.as_str().map(str::len).or_else(|| carried.as_bytes().map(<[u8]>::len));
            if length.is_none_or(|length| *carried != content(number, length)) {
                return Err(format!("event {number} carries something else: {carried:.60?}"));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// The clients that are in a room and connected.
    pub(super) fn members(&self, room: usize) -> impl Iterator<Item = (usize, &Client)> {
        let is_member = move |number: &usize| {
            self.model.accounts.get(number).is_some_and(|one| one.rooms.get(&room) == Some(&Member::In))
        };
        let connected = self.clients.iter().filter(|(_, client)| client.place == Place::Connected);
        connected.filter(move |(number, _)| is_member(number)).map(|(number, client)| (*number, client))
    }

    /// Everybody is in the rooms that the model says, as each node sees it, and there are no others.
    async fn check_rooms(&self) -> Result<(), String> {
        let all = self.clients.values().filter(|client| client.place == Place::Connected).count();
        for (node, server) in self.nodes.iter().enumerate() {
            let Some(server) = server else { continue };
            let here = self.clients.values().filter(|one| one.node == node && one.place == Place::Connected);
            let here: BTreeSet<_> = here.map(|client| client.kit.id().to_string()).collect();
            let sockets: BTreeSet<_> =
                server.of("/").sockets().iter().map(|socket| socket.id().to_string()).collect();
            if sockets != here {
                return Err(format!("node {node} has the sockets {sockets:?} instead of {here:?}"));
            }
            let everywhere = server.of("/").broadcast().count().await.complete();
            if everywhere != Ok(all) {
                return Err(format!("node {node} counts {everywhere:?} sockets instead of {all}"));
            }
            let mut rooms = here;
            for number in 0..3 {
                let members: BTreeSet<_> = self
                    .members(number)
                    .filter(|(_, one)| one.node == node)
                    .map(|(_, one)| one.kit.id())
                    .collect();
                let found = server.of("/").to(room(number)).sockets();
                let found: BTreeSet<_> = found.iter().map(sio::Socket::id).collect();
                if found != members {
                    return Err(format!(
                        "node {node}: in {} are {found:?} instead of {members:?}",
                        room(number)
                    ));
                }
                let is_kept = self.clients.iter().any(|(client, one)| {
                    one.node == node
                        && self.model.places.contains_key(client)
                        && self.model.accounts[client].rooms.contains_key(&number)
                });
                if is_kept {
                    rooms.insert(room(number));
                }
            }
            let found: BTreeSet<_> = server.of("/").rooms().into_iter().collect();
            let extra: Vec<_> =
                found.iter().filter(|name| name.starts_with("room") && !rooms.contains(*name)).collect();
            if !extra.is_empty() {
                return Err(format!("node {node} has rooms {extra:?} in which nobody is"));
            }
        }
        Ok(())
    }

    /// Everybody leaves, and nothing is left behind.
    pub(in crate::life) async fn end(mut self) -> Result<(), String> {
        self.settle().await?;
        for client in self.clients.values().filter(|client| client.place == Place::Connected) {
            client.kit.kill().await;
        }
        for client in std::mem::take(&mut self.clients).into_values() {
            if client.place == Place::Connected {
                client.kit.within(NOTICED).expect_disconnect().await;
            }
        }
        sleep(2 * AWAY).await;
        for server in self.nodes.iter().flatten() {
            let (sockets, rooms, clients) =
                (server.of("/").sockets().len(), server.of("/").rooms(), server.client_count());
            if (sockets, clients) != (0, 0) || !rooms.is_empty() {
                return Err(format!(
                    "left behind are {sockets} sockets, {clients} sessions, the rooms {rooms:?}"
                ));
            }
            let namespaces: Vec<_> = server.namespaces().iter().map(|one| one.path().to_owned()).collect();
            if namespaces.iter().any(|path| path.starts_with("/door/")) {
                return Err(format!("left behind are namespaces of {namespaces:?}"));
            }
            let metrics = server.metrics();
            let open = metrics.value("sio_sockets_open", &[("namespace", "/")]);
            if open != 0.0 {
                return Err(format!("{open} sockets are still counted"));
            }
        }
        let (came, went) = (self.told.came.load(Ordering::Relaxed), self.told.went.load(Ordering::Relaxed));
        if self.dead.is_empty() && came != went {
            return Err(format!("{came} clients came and {went} went"));
        }
        for server in self.nodes.iter().flatten().chain(&self.dead) {
            server.close().await;
        }
        drop((self.nodes, self.dead));
        sleep(SOON).await;
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        if tasks > 0 {
            return Err(format!("{tasks} tasks are left"));
        }
        Ok(())
    }
}
