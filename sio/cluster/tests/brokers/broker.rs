//! The differences between brokers, as far as tests see them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sio_cluster::Options;
use tokio_postgres::NoTls;

use crate::servers::nats::{self, Nats};
use crate::servers::postgres::{self, Postgres};
use crate::servers::rabbitmq::{self, RabbitMq};
use crate::servers::redis::{self, Redis};
use crate::servers::redis_cluster::{self, RedisCluster};

/// A broker that tests end, stop and garble.
pub(crate) trait Broker: Sized {
    /// For how long it is ended, in milliseconds, beside the time that it takes to start.
    const AWAY: &'static [u64] = &[100, 700, 3000];

    /// For how long nodes hold what they cannot send, so that it loses nothing.
    const HOLD: Duration = Duration::from_secs(5);

    /// One that other tests may use, too.
    async fn start() -> Self;

    /// One that can be ended and stopped.
    async fn alone() -> Self {
        Self::start().await
    }

    /// Starts it, on the same port as before, and returns when it answers.
    async fn run(&mut self);

    /// Ends it as a crash would.
    fn kill(&mut self);

    fn signal(&self, name: &str);

    fn port(&self) -> u16;

    /// The prefix of a test's own nodes.
    fn prefix(&self) -> String {
        "sio".to_owned()
    }

    /// Options for a node that reaches it by this port.
    fn options_at(&self, port: u16, name: &str) -> Options;

    fn options(&self, name: &str) -> Options {
        self.options_at(self.port(), name)
    }

    /// Those of nodes, as an operator sees them; none if it does not tell.
    async fn connections(&self) -> Vec<String>;

    /// Ends one of them, as an operator does.
    async fn close(&self, connection: &str);

    /// Publishes bytes, as any program can.
    async fn publish(&self, name: &str, payload: &[u8]);
}

/// The methods that each broker has under the same names.
macro_rules! its_own_methods {
    () => {
        async fn start() -> Self {
            Self::start().await
        }

        async fn run(&mut self) {
            self.run().await;
        }

        fn kill(&mut self) {
            self.kill();
        }

        fn signal(&self, name: &str) {
            self.signal(name);
        }

        fn port(&self) -> u16 {
            self.port
        }
    };
}

impl Broker for Redis {
    its_own_methods!();

    fn options_at(&self, port: u16, name: &str) -> Options {
        redis::options(port, name)
    }

    async fn connections(&self) -> Vec<String> {
        self.clients().await
    }

    async fn close(&self, connection: &str) {
        self.command(&format!("CLIENT KILL ID {connection}")).await;
    }

    async fn publish(&self, name: &str, payload: &[u8]) {
        self.publish(name, payload).await;
    }
}

/// A Redis Cluster of one server, which has all slots.
impl Broker for RedisCluster {
    /// A server that was restarted serves after two seconds.
    const AWAY: &'static [u64] = &[100];

    async fn start() -> Self {
        Self::of(1, "").await
    }

    async fn run(&mut self) {
        self.servers[0].redis.run().await;
        self.serves(0).await;
    }

    fn kill(&mut self) {
        self.servers[0].redis.kill();
    }

    fn signal(&self, name: &str) {
        self.servers[0].redis.signal(name);
    }

    fn port(&self) -> u16 {
        self.servers[0].redis.port
    }

    fn options_at(&self, port: u16, name: &str) -> Options {
        redis_cluster::by(&format!("127.0.0.1:{port}")).name(name)
    }

    async fn connections(&self) -> Vec<String> {
        self.clients(0).await
    }

    async fn close(&self, connection: &str) {
        self.servers[0].redis.command(&format!("CLIENT KILL ID {connection}")).await;
    }

    async fn publish(&self, name: &str, payload: &[u8]) {
        let (prefix, rest) = name.split_once('.').expect("a prefix");
        let channel = format!("{{{prefix}}}.{rest}");
        self.servers[0].redis.publish_by("SPUBLISH", &channel, payload).await;
    }
}

impl Broker for Nats {
    its_own_methods!();

    fn options_at(&self, port: u16, name: &str) -> Options {
        nats::options(port, name)
    }

    async fn connections(&self) -> Vec<String> {
        Vec::new()
    }

    async fn close(&self, _: &str) {
        unreachable!("it lists none");
    }

    async fn publish(&self, name: &str, payload: &[u8]) {
        self.publish(name, payload).await;
    }
}

impl Broker for Postgres {
    its_own_methods!();

    fn options_at(&self, port: u16, name: &str) -> Options {
        postgres::options(port, name)
    }

    async fn connections(&self) -> Vec<String> {
        let query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'sio'";
        let rows = operator(self).await.query(query, &[]).await.expect("an answer");
        rows.iter().map(|row| row.get::<_, i32>(0).to_string()).collect()
    }

    async fn close(&self, connection: &str) {
        let query = format!("SELECT pg_terminate_backend({connection})");
        operator(self).await.batch_execute(&query).await.expect("an answer");
    }

    async fn publish(&self, name: &str, payload: &[u8]) {
        let payload = STANDARD_NO_PAD.encode(payload);
        let query = "SELECT pg_notify($1, $2)";
        operator(self).await.execute(query, &[&name, &payload]).await.expect("an answer");
    }
}

/// A connection of an operator.
async fn operator(postgres: &Postgres) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.expect("it listens");
    tokio::spawn(connection);
    client
}

impl Broker for RabbitMq {
    /// It takes some ten seconds to start.
    const AWAY: &'static [u64] = &[100];
    const HOLD: Duration = Duration::from_secs(60);

    its_own_methods!();

    async fn alone() -> Self {
        Self::alone().await
    }

    fn prefix(&self) -> String {
        self.prefix.clone()
    }

    fn options_at(&self, port: u16, name: &str) -> Options {
        rabbitmq::options(port, name).prefix(self.prefix())
    }

    async fn connections(&self) -> Vec<String> {
        self.ctl(&["list_connections", "pid", "--no-table-headers"]).lines().map(str::to_owned).collect()
    }

    async fn close(&self, connection: &str) {
        self.ctl(&["close_connection", connection, "by an operator"]);
    }

    async fn publish(&self, name: &str, payload: &[u8]) {
        let properties = lapin::ConnectionProperties::default();
        let connection = lapin::Connection::connect(&self.url(), properties).await.expect("it listens");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(Default::default()).await.expect("confirms");
        let exchange = self.prefix.as_str().into();
        let properties = lapin::BasicProperties::default();
        let confirm = channel.basic_publish(exchange, name.into(), Default::default(), payload, properties);
        assert!(confirm.await.expect("it is taken").await.expect("it is confirmed").is_ack());
        connection.close(200, "".into()).await.expect("it ends");
    }
}
