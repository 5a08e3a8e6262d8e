//! The binary `emitter`, over a real Redis.

#[path = "../../sio/cluster/tests/brokers/servers/mod.rs"]
mod servers;
#[path = "../../sio/cluster/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use sio_cluster::protocol::message::Deed;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

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
        r#"{"cast":{"to":[],"event":"nobody"}}"#,
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
        .until("all of it", |entries| entries.packets.len() == 3 && entries.server_events.len() == 1)
        .await;
    let entries = node.journal.read();
    let said: Vec<_> =
        entries.packets.iter().map(|packet| String::from_utf8_lossy(&packet.run[2..]).into_owned()).collect();
    assert_eq!(said, ["42/chat,[\"hello\",1,[\"a\"]]", "42[\"nothing\"]", "42[\"hi\",\"you\"]"]);
    let rooms: Vec<_> = entries.addresses.iter().map(|(_, rooms)| rooms.join(",")).collect();
    assert_eq!(rooms, ["x,y", "x", "x", "\0uann"]);
    assert_eq!(entries.deeds, [Deed::Join(vec!["z".into()])]);
    assert_eq!(entries.server_events[0].1, "/ server-cast");
}

#[tokio::test]
async fn a_broker_is_reached_over_tls() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (certificate, key) = (folder.join("redis.crt"), folder.join("redis.key"));
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a name");
    fs::write(&certificate, certified.cert.pem()).expect("a file can be written");
    fs::write(&key, certified.signing_key.serialize_pem()).expect("a file can be written");
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let (certificate, key) = (text(&certificate), text(&key));
    let port = servers::process::free_port().await;
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate];
    let tls = ["--tls-port", &port.to_string(), "--tls-auth-clients", "no"];
    let redis = Redis::with(&[&files[..], &tls[..]].concat()).await;
    let node = Node::start(redis.options("a").prefix("accept")).await;
    for (trusted, is_reached) in [(Some(&certificate), true), (None, false)] {
        let mut emitter = Command::new(env!("CARGO_BIN_EXE_emitter"));
        emitter.env("CLUSTER", format!("rediss://127.0.0.1:{port}")).env_remove("CLUSTER_NAME");
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
