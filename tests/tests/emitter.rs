//! The binary `emitter`, over real brokers.

#[path = "../../sio/cluster/tests/brokers/servers/mod.rs"]
mod servers;
#[path = "../../sio/cluster/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sio_cluster::protocol::message::Deed;
use sio_tests::deadline::soon;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use self::servers::nats::{self, Nats};
use self::servers::postgres::{self, Postgres};
use self::servers::rabbitmq::{self, RabbitMq};
use self::servers::redis::Redis;
use self::support::Node;

#[tokio::test]
async fn each_line_is_said_to_the_cluster_and_answered() {
    let redis = Redis::start().await;
    let node = Node::start(redis.options("a").prefix("accept")).await;
    let mut emitter = Command::new(env!("CARGO_BIN_EXE_emitter"))
        .env("CLUSTER", redis.url())
        .env_remove("CLUSTER_NAME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it is built");
    let lines = [
        r#"{"nsp":"/chat","cast":{"to":["x","y"],"flags":["volatile"],"event":"hello","args":[1,["a"]]}}"#,
        r#"{"cast":{"to":"x","event":"nothing"}}"#,
        r#"{"cast":{"to":[],"event":"anybody"}}"#,
        r#"{"bulk":{"op":"join","to":"x","rooms":["z"]}}"#,
        r#"{"server":[1]}"#,
        r#"{"user":"ann","event":"hi","args":["you"]}"#,
        "no json",
        r#"{"cast":{"event":"connect"}}"#,
        r#"{"bulk":{"op":"fly"}}"#,
        "{}",
    ];
    let mut input = emitter.stdin.take().expect("it is piped");
    input.write_all(format!("{}\n", lines.join("\n")).as_bytes()).await.expect("it reads");
    drop(input);
    let output = emitter.wait_with_output().await.expect("it ends with its input");
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).expect("text");
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), lines.len());
    assert_eq!(answers[..6], ["ok"; 6]);
    assert!(answers[6..].iter().all(|answer| answer.starts_with("error: ")), "{answers:?}");
    node.journal
        .until("all of it", |entries| entries.packets.len() == 4 && entries.server_events.len() == 1)
        .await;
    let entries = node.journal.read();
    let said: Vec<_> =
        entries.packets.iter().map(|packet| String::from_utf8_lossy(&packet.run[2..]).into_owned()).collect();
    assert_eq!(
        said,
        ["42/chat,[\"hello\",1,[\"a\"]]", "42[\"nothing\"]", "42[\"anybody\"]", "42[\"hi\",\"you\"]"]
    );
    let rooms: Vec<_> = entries.addresses.iter().map(|(_, rooms)| rooms.join(",")).collect();
    assert_eq!(rooms, ["x,y", "x", "", "x", "\0uann"]);
    assert_eq!(entries.deeds, [Deed::Join(vec!["z".into()])]);
    assert_eq!(entries.server_events[0].1, "/ server-cast");
}

/// A certificate for the loopback interface that signs itself, and its key, as files.
fn certificate(name: &str) -> [String; 2] {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a name");
    let files = [("crt", certified.cert.pem()), ("key", certified.signing_key.serialize_pem())];
    files.map(|(kind, pem)| {
        let file = folder.join(format!("{name}.{kind}"));
        fs::write(&file, pem).expect("a file can be written");
        file.to_str().expect("a plain path").to_owned()
    })
}

/// An emitter that trusts the certificate reaches the node by this URL, and one that does not fails.
async fn is_reached_over_tls(node: &Node, url: &str, certificate: &str) {
    for (trusted, is_reached) in [(Some(certificate), true), (None, false)] {
        let mut emitter = Command::new(env!("CARGO_BIN_EXE_emitter"));
        emitter.env("CLUSTER", url).env_remove("CLUSTER_NAME");
        emitter.env_remove("SSL_CERT_FILE").envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
        let mut emitter = emitter
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it is built");
        let mut input = emitter.stdin.take().expect("it is piped");
        // One that has found no broker has ended, and reads nothing.
        input.write_all(b"{\"cast\":{\"event\":\"hello\"}}\n").await.ok();
        drop(input);
        let output = emitter.wait_with_output().await.expect("it ends with its input");
        assert_eq!(
            (output.status.success(), output.stdout == b"ok\n"),
            (is_reached, is_reached),
            "{output:?}"
        );
    }
    node.journal.until("the event", |entries| entries.packets.len() == 1).await;
}

#[tokio::test]
async fn redis_is_reached_over_tls() {
    let [certificate, key] = certificate("redis");
    let port = servers::process::free_port().await;
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate];
    let tls = ["--tls-port", &port.to_string(), "--tls-auth-clients", "no"];
    let redis = Redis::with(&[&files[..], &tls[..]].concat()).await;
    let node = Node::start(redis.options("a").prefix("accept")).await;
    is_reached_over_tls(&node, &format!("rediss://127.0.0.1:{port}"), &certificate).await;
}

/// One sentinel, a master and its replica, who meet by TLS as well; the sentinel has the replica take the master's place.
#[tokio::test]
async fn redis_is_found_by_sentinels_over_tls() {
    let [certificate, key] = certificate("sentinel");
    let ports = [(); 3].map(|()| servers::process::free_port());
    let [of_master, of_replica, of_sentinel] = ports;
    let (of_master, of_replica, of_sentinel) = (of_master.await, of_replica.await, of_sentinel.await);
    let options = [
        ("tls-cert-file", &*certificate),
        ("tls-key-file", &key),
        ("tls-ca-cert-file", &certificate),
        ("tls-auth-clients", "no"),
        ("tls-replication", "yes"),
    ];
    let server = async |port: u16, more: &[&str]| {
        let mut arguments = vec!["--repl-diskless-sync-delay".to_owned(), "0".to_owned()];
        for (name, value) in options {
            arguments.extend([format!("--{name}"), value.to_owned()]);
        }
        arguments.extend(["--tls-port".to_owned(), port.to_string()]);
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        Redis::with(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let master = server(of_master, &[]).await;
    let replica = server(of_replica, &["--replicaof", "127.0.0.1", &of_master.to_string()]).await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sentinel.conf");
    let mut text = format!("tls-port {of_sentinel}\n");
    for (name, value) in options {
        text += &format!("{name} {value}\n");
    }
    text += &format!("sentinel monitor mymaster 127.0.0.1 {of_master} 1\n");
    fs::write(&file, text).expect("a file can be written");
    let sentinel = Redis::sentinel(file.to_str().expect("a plain path")).await;
    let says = async |question: &str, answer: &str| {
        soon(answer, async {
            while !sentinel.command(question).await.contains(answer) {
                // It looks at its servers ten times a second.
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    };
    says("SENTINEL REPLICAS mymaster", "master-link-status\r\n$2\r\nok").await;
    let url = format!("rediss+sentinel://127.0.0.1:{of_sentinel}/mymaster");
    let node = Node::start(master.options("a").prefix("accept")).await;
    is_reached_over_tls(&node, &url, &certificate).await;
    assert!(sentinel.command("SENTINEL FAILOVER mymaster").await.starts_with("+OK"));
    says("SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", &of_replica.to_string()).await;
    let node = Node::start(replica.options("b").prefix("accept")).await;
    is_reached_over_tls(&node, &url, &certificate).await;
}

#[tokio::test]
async fn nats_is_reached_over_tls() {
    let [certificate, key] = certificate("nats");
    let configuration = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nats.conf");
    // TLS begins after the first line, so that the node may do without.
    let text = format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}\nallow_non_tls: true\n");
    fs::write(&configuration, text).expect("a file can be written");
    let nats = Nats::with(&["-c", configuration.to_str().expect("a plain path")]).await;
    let node = Node::start(nats::options(nats.port, "a").prefix("accept")).await;
    is_reached_over_tls(&node, &format!("tls://127.0.0.1:{}", nats.port), &certificate).await;
}

#[tokio::test]
async fn postgresql_is_reached_over_tls() {
    let [certificate, key] = certificate("postgres");
    let postgres = Postgres::with_tls(&certificate, &key).await;
    let node = Node::start(postgres::options(postgres.port, "a").prefix("accept")).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=require", postgres.port);
    is_reached_over_tls(&node, &url, &certificate).await;
}

/// Behind a proxy that ends TLS, as load balancers do.
#[tokio::test]
async fn rabbitmq_is_reached_over_tls() {
    let [certificate, key] = certificate("rabbitmq");
    let rabbitmq = RabbitMq::start().await;
    let options = rabbitmq::options(rabbitmq.port, "a").prefix("accept");
    let node = Node::start(options).await;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let [chain, key] = [&certificate, &key].map(|file| fs::read(file).expect("it was written"));
    let chain = CertificateDer::from_pem_slice(&chain).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&key).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![chain], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("they belong together")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (port, of_server) = (listener.local_addr().expect("an address").port(), rabbitmq.port);
    let proxy = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(("127.0.0.1", of_server)).await.expect("it listens");
                tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
            });
        }
    });
    is_reached_over_tls(&node, &format!("amqps://127.0.0.1:{port}"), &certificate).await;
    proxy.abort();
}

#[tokio::test]
async fn without_a_broker_it_ends_with_one_line_that_names_the_url() {
    let port = servers::process::free_port().await;
    let emitter = Command::new(env!("CARGO_BIN_EXE_emitter"))
        .env("CLUSTER", format!("redis://:secret@127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it is built");
    let complaint = String::from_utf8(emitter.stderr).expect("text");
    assert!(!emitter.status.success());
    assert!(
        complaint.lines().count() == 1 && complaint.contains(&format!("127.0.0.1:{port}")),
        "{complaint}"
    );
    assert!(!complaint.contains("secret"), "{complaint}");
}
