//! Tests of one of the other brokers alone.

use lapin::options::{ExchangeDeclareOptions, ExchangeDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use sio_cluster::{AmqpBus, NatsBus, Options, PostgresBus};

use crate::servers::nats::Nats;
use crate::servers::postgres::Postgres;
use crate::servers::rabbitmq::RabbitMq;
use crate::start::refusal;
use crate::support::{Node, eventually, is_down, is_up};

fn amqp(url: &str) -> Options {
    Options::new(AmqpBus::new(url).expect("a URL"))
}

fn nats(url: &str) -> Options {
    Options::new(NatsBus::new(url).expect("a URL"))
}

fn postgres(url: &str) -> Options {
    Options::new(PostgresBus::new(url).expect("a URL"))
}

/// A connection that is no node's.
async fn operator(rabbitmq: &RabbitMq) -> (Connection, Channel) {
    let (url, properties) = (rabbitmq.url(), ConnectionProperties::default());
    let connection = Connection::connect(&url, properties).await.expect("it listens");
    let channel = connection.create_channel().await.expect("a channel");
    (connection, channel)
}

#[tokio::test]
async fn fault_16_rabbitmq_refuses_a_user_and_has_no_such_virtual_host() {
    let rabbitmq = RabbitMq::start().await;
    let port = rabbitmq.port;
    for (url, reason) in [
        (format!("amqp://guest:wrong@127.0.0.1:{port}"), "it refuses the user or the password of the URL"),
        (format!("amqp://127.0.0.1:{port}/none"), "there is no such virtual host"),
    ] {
        let error = refusal(amqp(&url)).await;
        assert!(error.contains(reason) && !error.contains("wrong"), "{error}");
    }
}

#[tokio::test]
async fn fault_18_an_exchange_that_is_declared_otherwise_is_named_with_both_declarations() {
    let rabbitmq = RabbitMq::start().await;
    let (_connection, channel) = operator(&rabbitmq).await;
    let exchange = &*rabbitmq.prefix;
    let (options, arguments) = (ExchangeDeclareOptions::default(), FieldTable::default());
    let declaring = channel.exchange_declare(exchange.into(), ExchangeKind::Fanout, options, arguments);
    declaring.await.expect("it is declared");
    let error = refusal(amqp(&rabbitmq.url()).prefix(exchange)).await;
    for part in [exchange, "needed is: direct, not durable", "received 'direct' but current is 'fanout'"] {
        assert!(error.contains(part), "{error}");
    }
    let deleting = channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default());
    deleting.await.expect("it is deleted");
}

/// Their subscriptions have gone with it, so all have to connect again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_come_back_when_an_operator_has_deleted_their_exchange() {
    let rabbitmq = RabbitMq::start().await;
    let options = |name| amqp(&rabbitmq.url()).prefix(&*rabbitmq.prefix).name(name);
    let nodes = Node::all([options("a"), options("b")]).await;
    let (_connection, channel) = operator(&rabbitmq).await;
    let deleting = channel.exchange_delete((&*rabbitmq.prefix).into(), ExchangeDeleteOptions::default());
    deleting.await.expect("it is deleted");
    for node in &nodes {
        eventually("the return", || node.journal.count(is_down) > 0 && node.cluster.is_up()).await;
        assert!(node.journal.count(is_up) > 1);
    }
    let [a, b] = nodes;
    a.knows(1).await;
    a.send();
    b.has_all_of(&a).await;
}

#[tokio::test]
async fn fault_16_nats_refuses_a_user_and_a_token() {
    let server = Nats::with(&["--user", "app", "--pass", "right"]).await;
    for url in ["nats://127.0.0.1", "nats://app:wrong@127.0.0.1", "nats://wrong@127.0.0.1"] {
        let error = refusal(nats(&format!("{url}:{}", server.port))).await;
        assert!(error.contains("it refuses the user, the password or the token of the URL"), "{error}");
        assert!(!error.contains("wrong"), "{error}");
    }
    Node::start(nats(&format!("nats://app:right@127.0.0.1:{}", server.port))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_servers_of_nats_another_one_is_taken_when_one_is_gone() {
    let mut first = Nats::start().await;
    let second = Nats::start().await;
    let url = format!("{},127.0.0.1:{}", first.url(), second.port);
    let [a, b] = Node::all(["a", "b"].map(|name| nats(&url).name(name))).await;
    first.kill();
    for node in [&a, &b] {
        eventually("the other server", || node.journal.count(is_up) == 2).await;
    }
    a.send();
    b.has_all_of(&a).await;
}

#[tokio::test]
async fn fault_16_postgresql_refuses_a_user_and_has_no_such_database() {
    let server = Postgres::with("scram-sha-256").await;
    let port = server.port;
    for (user, reason) in [
        ("postgres:wrong", "it refuses the user or the password of the URL"),
        ("postgres", "password missing"),
    ] {
        let error = refusal(postgres(&format!("postgres://{user}@127.0.0.1:{port}/postgres"))).await;
        assert!(error.contains(reason) && !error.contains(":wrong"), "{error}");
    }
    let url = |database: &str| format!("postgres://postgres:right@127.0.0.1:{port}/{database}");
    let error = refusal(postgres(&url("none"))).await;
    assert!(error.contains("there is no such database"), "{error}");
    let error = refusal(postgres(&url("postgres")).prefix("p".repeat(45))).await;
    assert!(error.contains("the prefix may have 44 characters, and has 45"), "{error}");
    let longest = |name| postgres(&url("postgres")).prefix("p".repeat(44)).name(name);
    let [a, b] = Node::all([longest("a"), longest("b")]).await;
    a.send();
    b.has_all_of(&a).await;
}
