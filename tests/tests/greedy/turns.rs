//! Clients that keep the thread at work: others have their turn between two of their events.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use sio::prelude::*;
use sio_tests::{
    TestServer,
    deadline::{settle, soon},
    journal::{Gate, Journal},
};

/// How often other tasks of the thread had a turn, and when each event was handled by that count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<(usize, Vec<usize>)>>);

impl Turns {
    /// Counts the turns of a task that always has one more thing to do.
    fn count(&self) {
        let Self(turns) = self.clone();
        tokio::spawn(async move {
            loop {
                turns.lock().expect("no holder panics").0 += 1;
                tokio::task::yield_now().await;
            }
        });
    }

    fn note(&self) {
        let mut turns = self.0.lock().expect("no holder panics");
        let now = turns.0;
        turns.1.push(now);
    }

    /// The most events that were handled between two turns of others.
    fn most(&self) -> usize {
        let turns = self.0.lock().expect("no holder panics");
        turns.1.chunk_by(|one, next| one == next).map(<[_]>::len).max().unwrap_or_default()
    }

    fn handled(&self) -> usize {
        self.0.lock().expect("no holder panics").1.len()
    }
}

#[derive(Default)]
pub(crate) struct Costly;

#[consumer(namespace = "/costly/{number}")]
impl Costly {
    /// Needs the thread for much longer than a turn.
    async fn event_work(&mut self, turns: State<Turns>) {
        turns.note();
        thread::sleep(MOMENT);
    }

    #[event(concurrent)]
    async fn event_beside(turns: State<Turns>) {
        turns.note();
        thread::sleep(MOMENT);
    }

    async fn event_take(&mut self, turns: State<Turns>, _text: String) {
        turns.note();
    }

    async fn event_wait(&mut self, journal: State<Journal>, gate: State<Gate>) {
        journal.note("waits");
        gate.pass("out").await;
    }

    async fn disconnect(&mut self, journal: State<Journal>) {
        journal.note("left");
    }
}

/// An argument of a handler that needs long.
const MOMENT: Duration = Duration::from_millis(1);

/// So many events are handled between two turns of others, of a client that needs long for each: four before somebody looks
/// at the clock again, and new input may have the session polled twice.
const SHARE: usize = 8;

pub(crate) async fn costly() -> (TestServer, Turns) {
    let turns = Turns::default();
    let state = turns.clone();
    let server = TestServer::start(|builder| builder.consumer::<Costly>().state(state)).await;
    turns.count();
    (server, turns)
}

async fn until_handled(turns: &Turns, events: usize) {
    soon("all events", async {
        while turns.handled() < events {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_thread_is_shared_between_the_events_of_a_client() {
    for event in ["work", "beside"] {
        let (server, turns) = costly().await;
        let mut ws = server.socket("/costly/1").await;
        let packet = format!(r#"42/costly/1,["{event}"]"#);
        ws.send_all(&[packet.as_str(); 100]).await;
        until_handled(&turns, 100).await;
        assert!(turns.most() <= SHARE, "{} of `{event}` in one turn", turns.most());
    }
}

#[tokio::test]
async fn the_thread_is_shared_between_the_namespaces_of_a_client() {
    let (server, turns) = costly().await;
    let mut ws = server.ws().await;
    let names: Vec<_> = (0..20).map(|number| format!("/costly/{number}")).collect();
    for name in &names {
        ws.join(name).await;
    }
    let packets: Vec<_> = names.iter().map(|name| format!(r#"42{name},["work"]"#)).collect();
    ws.send_all(&packets.iter().cycle().take(100).map(String::as_str).collect::<Vec<_>>()).await;
    until_handled(&turns, 100).await;
    assert!(turns.most() <= SHARE, "{} in one turn", turns.most());
}

#[tokio::test]
async fn the_thread_is_shared_by_the_events_of_a_post() {
    let (server, turns) = costly().await;
    let mut polling = server.polling().await;
    polling.join("/costly/1").await;
    polling.send(&[r#"42/costly/1,["work"]"#; 100].join("\x1e")).await;
    until_handled(&turns, 100).await;
    assert!(turns.most() <= SHARE, "{} in one turn", turns.most());
}

/// Nothing is read of it, and nothing is answered: its events are all that is left.
#[tokio::test]
async fn the_thread_is_shared_with_a_client_that_has_gone() {
    let (server, turns) = costly().await;
    let mut ws = server.ws().await;
    for name in ["/costly/1", "/costly/2"] {
        ws.join(name).await;
        ws.send(&format!(r#"42{name},["wait"]"#)).await;
        server.journal.expect("waits").await;
        ws.send_all(&[format!(r#"42{name},["work"]"#).as_str(); 50]).await;
    }
    ws.close().await;
    server.gate.open("out");
    server.gate.open("out");
    server.journal.expect("left").await;
    server.journal.expect("left").await;
    assert_eq!(turns.handled(), 100);
    assert!(turns.most() <= SHARE, "{} in one turn", turns.most());
}

#[tokio::test]
async fn large_events_end_a_turn_however_quick_they_are() {
    let (server, turns) = costly().await;
    let mut ws = server.socket("/costly/1").await;
    ws.send(r#"42/costly/1,["wait"]"#).await;
    server.journal.expect("waits").await;
    let large = format!(r#"42/costly/1,["take","{}"]"#, "x".repeat(200_000));
    ws.send_all(&[large.as_str(); 15]).await;
    settle().await;
    server.gate.open("out");
    until_handled(&turns, 15).await;
    assert!(turns.most() <= 2, "{} in one turn", turns.most());
}
