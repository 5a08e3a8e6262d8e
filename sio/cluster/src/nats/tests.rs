use sio_core::cluster::node::NodeId;
use tokio::net::TcpListener;

use super::*;
use crate::sink::Queue;

#[test]
fn the_name_has_no_password_in_it() {
    for (url, name) in [
        ("nats://localhost", "nats://localhost:4222"),
        ("nats://secret@10.0.0.5:4300/", "nats://10.0.0.5:4300"),
        ("nats://user:secret@[::1]:4300", "nats://[::1]:4300"),
        ("nats://user:secret@a,b:1,nats://c", "nats://a:4222,b:1,c:4222"),
    ] {
        let bus = NatsBus::new(url).unwrap();
        assert_eq!(bus.name(), name);
        assert!(!format!("{bus:?}").contains("secret"));
    }
}

#[test]
fn the_user_is_decoded() {
    let bus = NatsBus::new("nats://a%40b:p%3aw%25@localhost").unwrap();
    let Some(User::Password { name, password }) = bus.user else { panic!("a password") };
    assert_eq!((&*name, &*password), ("a@b", "p:w%"));
}

#[test]
fn what_is_no_url_of_nats_is_refused_without_being_repeated() {
    for url in [
        "",
        "localhost",
        "http://secret@localhost",
        "nats://",
        "nats://user:secret@localhost:99999",
        "nats://user:secret%f@localhost",
        "nats://user:secret@a,,b",
    ] {
        let error = NatsBus::new(url).unwrap_err().to_string();
        assert!(error.starts_with("not a URL of NATS") && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn every_server_has_its_turn_although_those_before_it_say_nothing() {
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    let servers: Vec<_> = silent.iter().map(|one| one.local_addr().unwrap().to_string()).collect();
    let bus = NatsBus::new(&format!("nats://{}", servers.join(","))).unwrap();
    let (queue, _) = Queue::new(NodeId::new(1), None);
    for listener in &silent {
        // The attempt ends before it gets any further, as when its time is over.
        tokio::select! {
            _ = bus.connect(Names::new("sio").unwrap(), queue.sink()) => panic!("nobody has answered"),
            accepted = listener.accept() => drop(accepted.unwrap()),
        }
    }
}
