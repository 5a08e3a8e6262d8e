use std::fs;
use std::time::Duration;

use sio_core::cluster::node::NodeId;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::*;
use crate::sink::Queue;

#[test]
fn the_name_has_no_password_in_it() {
    for (url, name) in [
        ("amqp://localhost", "amqp://localhost:5672"),
        ("amqp://localhost/", "amqp://localhost:5672"),
        ("amqp://localhost/%2f", "amqp://localhost:5672"),
        ("amqp://user:secret@10.0.0.5:5673/shop", "amqp://10.0.0.5:5673/shop"),
        ("amqp://user:secret@[::1]:5673", "amqp://[::1]:5673"),
    ] {
        let bus = AmqpBus::new(url).unwrap();
        assert_eq!(bus.name(), name);
        assert!(!format!("{bus:?}").contains("secret"));
    }
}

#[test]
fn what_is_no_url_of_rabbitmq_is_refused_without_being_repeated() {
    for url in ["", "localhost", "http://secret@localhost", "amqp://user:secret@localhost:99999"] {
        let error = AmqpBus::new(url).unwrap_err().to_string();
        assert!(error.starts_with("not a URL of RabbitMQ") && !error.contains("secret"), "{error}");
    }
}

#[test]
fn the_heartbeat_of_the_url_holds() {
    for (url, heartbeat) in [("amqp://localhost", HEARTBEAT), ("amqp://localhost?heartbeat=30", 30)] {
        assert_eq!(AmqpBus::new(url).unwrap().uri.query.heartbeat, Some(heartbeat));
    }
}

/// The threads of the client.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    let all = fs::read_dir("/proc/self/task").unwrap();
    let names = all.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("lapin")).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_attempt_that_is_given_up_leaves_no_thread_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bus = AmqpBus::new(&format!("amqp://{}", listener.local_addr().unwrap())).unwrap();
    let (queue, _) = Queue::new(NodeId::new(1), None);
    // They are accepted, and told nothing.
    let mut held = Vec::new();
    for _ in 0..5 {
        tokio::select! {
            _ = bus.connect(Names::new("sio").unwrap(), queue.sink()) => panic!("nobody has answered"),
            accepted = listener.accept() => held.push(accepted.unwrap()),
        }
    }
    let ended = async {
        while threads() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), ended).await.expect("all have ended");
}
