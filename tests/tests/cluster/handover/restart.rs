//! Nodes that are restarted one after the other while all of them send.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sio::Server;
use sio::testing::{Faults, TestServer};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Three, back, node};
use crate::support::{NAMES, eventually, knows};

const CLIENTS: usize = 12;

/// The nodes that take new clients, as a balancer knows them.
type Ready = Arc<Mutex<Vec<Arc<TestServer>>>>;

/// Sends numbers until it is told to stop; the names of events are their sender and number.
fn send(server: Server, sender: usize, stop: Arc<AtomicBool>, sent: Arc<AtomicU64>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !stop.load(Ordering::SeqCst) {
            let number = sent.fetch_add(1, Ordering::SeqCst);
            server.to("red").emit(&format!("{sender} {number}"), &()).await.expect("a broadcast cannot fail");
            sleep(Duration::from_millis(10)).await;
        }
    })
}

/// Stays with the cluster, whichever node it has to leave; returns the events that it has had.
fn client(ready: Ready, nth: usize, end: Arc<AtomicBool>) -> JoinHandle<Vec<String>> {
    let choose = move |turn: usize| {
        let ready = ready.lock().expect("nobody panics");
        Arc::clone(&ready[turn % ready.len()])
    };
    tokio::spawn(async move {
        let mut client = choose(nth).connect("/").await.expect("it is let in");
        client.socket().join("red").await.expect("it is connected");
        let (id, mut got) = (client.id(), Vec::new());
        for turn in 0.. {
            while client.is_connected() && !end.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(3)).await;
            }
            got.extend(client.unread());
            if end.load(Ordering::SeqCst) {
                break;
            }
            let again = back(&client, &choose(nth + turn)).await;
            assert!(again.is_recovered() && again.id() == id, "client {nth}, turn {turn}");
            client = again;
        }
        got
    })
}

#[tokio::test(start_paused = true)]
async fn fault_10_a_rolling_restart_loses_nothing() {
    let faults = Faults { seed: 10, repeat: 0.05, delay: Duration::from_millis(5), ..Faults::default() };
    let Three { broker, nodes } = Three::start(faults).await;
    let ready: Ready = Arc::new(Mutex::new(nodes.into_iter().map(Arc::new).collect()));
    let end = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS).map(|nth| client(Arc::clone(&ready), nth, Arc::clone(&end))).collect();
    let joined = || {
        let ready = ready.lock().expect("nobody panics");
        ready.iter().map(|node| node.server().to("red").sockets().len()).sum::<usize>()
    };
    eventually("all to have joined", || joined() == CLIENTS).await;
    let all = |nth: usize| Arc::clone(&ready.lock().expect("nobody panics")[nth]);
    let mut sent = Vec::new();
    let mut begin = |node: &TestServer| {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let task = send(node.server().clone(), sent.len(), Arc::clone(&stop), Arc::clone(&count));
        sent.push(count);
        (stop, task)
    };
    let mut senders: Vec<_> = (0..3).map(|nth| begin(&all(nth))).collect();
    for (turn, name) in NAMES.into_iter().enumerate() {
        // They send for a while.
        sleep(Duration::from_millis(500)).await;
        let leaving = ready.lock().expect("nobody panics").remove(0);
        let (stop, task) = senders.remove(0);
        stop.store(true, Ordering::SeqCst);
        task.await.expect("it does not panic");
        leaving.server().close().await;
        drop(leaving);
        sleep(Duration::from_millis(200)).await;
        let started = Arc::new(node(&broker, name).await);
        knows(started.server(), 2).await;
        senders.push(begin(&started));
        ready.lock().expect("nobody panics").push(started);
        assert_eq!(ready.lock().expect("nobody panics").len(), 3, "turn {turn}");
    }
    sleep(Duration::from_millis(500)).await;
    for (stop, task) in senders {
        stop.store(true, Ordering::SeqCst);
        task.await.expect("it does not panic");
    }
    // Longer than anything is under way.
    sleep(Duration::from_secs(2)).await;
    end.store(true, Ordering::SeqCst);
    for (nth, client) in clients.into_iter().enumerate() {
        let got = client.await.expect("it does not panic");
        let mut counts = BTreeMap::<&str, u32>::new();
        got.iter().for_each(|name| *counts.entry(name).or_default() += 1);
        let expected = sent.iter().enumerate().flat_map(|(sender, count)| {
            (0..count.load(Ordering::SeqCst)).map(move |number| format!("{sender} {number}"))
        });
        for name in expected {
            let count = counts.get(&*name).copied().unwrap_or(0);
            assert_eq!(count, 1, "client {nth}: event {name} of {got:?}");
        }
    }
    let total: u64 = sent.iter().map(|count| count.load(Ordering::SeqCst)).sum();
    assert!(total > 300, "{total}");
}
