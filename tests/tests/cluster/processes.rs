//! The acceptance application as processes that meet at a real Redis.

use std::process::Stdio;

use serde_json::{Value, json};
use sio_tests::deadline::soon;
use sio_tests::{Endpoint, Received, Ws};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::redis::{Redis, free_port};

/// One node, as a process.
pub(crate) struct Node {
    child: Child,
    pub(crate) endpoint: Endpoint,
}

impl Node {
    pub(crate) async fn start(url: &str, name: &str) -> Self {
        let mut child =
            acceptance(url).env("NODE", name).stdout(Stdio::piped()).spawn().expect("it is built");
        let output = child.stdout.take().expect("it is piped");
        let line = soon("the node to listen", BufReader::new(output).lines().next_line()).await;
        let line = line.expect("it can be read").expect("it says where it listens");
        let port = line.strip_prefix("listening cluster ").expect("its profile").parse().expect("a port");
        Self { child, endpoint: Endpoint::new(([127, 0, 0, 1], port).into()) }
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.expect("kill").success());
    }

    /// Lets it stand still, and returns when it does.
    pub(crate) async fn pause(&self) {
        self.signal("-STOP").await;
        let id = self.child.id().expect("it runs").to_string();
        soon("the node to stand still", async {
            loop {
                let state = Command::new("ps").args(["-o", "stat=", "-p", &id]).output().await.expect("ps");
                if state.stdout.starts_with(b"T") {
                    return;
                }
            }
        })
        .await;
    }

    /// Ends it as a service manager does, and returns whether it ended well.
    async fn stop(mut self) -> bool {
        self.signal("-TERM").await;
        soon("the node to end", self.child.wait()).await.expect("it is a child").success()
    }
}

fn acceptance(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acceptance"));
    command.arg("cluster").env("CLUSTER", url).env("PORT", "0").env_remove("CLUSTER_NAME").kill_on_drop(true);
    command
}

/// Emits an event and returns what its acknowledgement says.
pub(crate) async fn ask(client: &mut Ws, event: &str, args: Value) -> Value {
    let mut packet = vec![json!(event)];
    packet.extend(args.as_array().expect("arguments").iter().cloned());
    client.send(&format!("421{}", Value::from(packet))).await;
    let answer = next(client).await;
    let answer = answer.strip_prefix("431").unwrap_or_else(|| panic!("no answer: {answer}"));
    serde_json::from_str::<Value>(answer).expect("JSON")[0].clone()
}

/// Returns the next packet that is no ping; those are answered.
pub(crate) async fn next(client: &mut Ws) -> String {
    loop {
        match client.receive().await {
            Received::Text(ping) if ping == "2" => client.send("3").await,
            other => return other.to_string(),
        }
    }
}

/// Asks until the node knows all of these.
pub(crate) async fn knows(client: &mut Ws, names: &[&str]) {
    soon(format_args!("{names:?}"), async {
        while ask(client, "cluster", json!([])).await["nodes"] != json!(names) {}
    })
    .await;
}

#[tokio::test]
async fn the_profile_cluster_is_one_application_on_several_nodes() {
    let redis = Redis::start().await;
    let [a, b] = [Node::start(&redis.url(), "a").await, Node::start(&redis.url(), "b").await];
    let [mut ann, mut bob] = [a.endpoint.socket("/").await, b.endpoint.socket("/").await];
    knows(&mut ann, &["a", "b"]).await;
    knows(&mut bob, &["a", "b"]).await;
    assert_eq!(
        ask(&mut ann, "cluster", json!([])).await,
        json!({ "node": "a", "nodes": ["a", "b"], "up": true })
    );

    let cast = json!([{ "from": "socket", "event": "hi", "args": ["from a", 1] }]);
    assert_eq!(ask(&mut ann, "cast", cast).await, true);
    assert_eq!(next(&mut bob).await, r#"42["hi","from a",1]"#);
    let bob_id = bob.sid.clone();
    assert_eq!(ask(&mut ann, "join-other", json!([bob_id, "den"])).await, true);
    let bulk = json!([{ "op": "join", "to": ["den"], "rooms": ["loft"] }]);
    assert_eq!(ask(&mut ann, "bulk", bulk).await, true);
    let cast = json!([{ "from": "server", "to": ["loft"], "event": "up here" }]);
    assert_eq!(ask(&mut ann, "cast", cast).await, true);
    assert_eq!(next(&mut bob).await, r#"42["up here"]"#);

    let everybody = ask(&mut ann, "fetch", json!([{}])).await;
    let nodes: Vec<_> =
        everybody["sockets"].as_array().expect("a list").iter().map(|item| &item["node"]).collect();
    assert!(nodes.len() == 2 && nodes.contains(&&json!("a")) && nodes.contains(&&json!("b")), "{everybody}");
    assert_eq!(everybody["missing"], json!([]));
    let den = ask(&mut ann, "fetch", json!([{ "to": ["den"] }])).await;
    assert_eq!(den["sockets"][0]["id"], json!(bob_id));
    assert_eq!(
        ask(&mut ann, "rooms-all", json!([])).await,
        json!({ "rooms": ["den", "loft"], "missing": [] })
    );
    assert_eq!(ask(&mut ann, "members", json!(["loft"])).await, json!([bob_id]));
    assert_eq!(ask(&mut bob, "identify", json!(["bob"])).await, true);
    assert_eq!(ask(&mut ann, "user", json!(["bob"])).await, json!({ "sockets": 1 }));
    assert_eq!(ask(&mut ann, "user-cast", json!(["bob", "you", [7]])).await, true);
    assert_eq!(next(&mut bob).await, r#"42["you",7]"#);
    assert_eq!(ask(&mut bob, "identify", json!(["rob"])).await, true);
    assert_eq!(ask(&mut ann, "user", json!(["bob"])).await, json!({ "sockets": 0 }));
    assert_eq!(ask(&mut ann, "user", json!(["rob"])).await, json!({ "sockets": 1 }));
    assert_eq!(ask(&mut ann, "call-other", json!(["nobody", 1000])).await, json!({ "gone": true }));
    assert_eq!(ask(&mut ann, "call-other", json!([bob_id, 50])).await, json!({ "timeout": true }));
    assert!(next(&mut bob).await.ends_with(r#"["please"]"#));

    let probed = ask(&mut ann, "server-call", json!([1000, "x"])).await;
    assert_eq!(probed, json!({ "answers": [["b", "x"]], "missing": [] }));
    ask(&mut bob, "join", json!(["observers"])).await;
    assert_eq!(ask(&mut ann, "server-cast", json!([1, "two"])).await, true);
    assert_eq!(next(&mut bob).await, r#"42["server-cast","a",1,"two"]"#);

    let mut emitter = Command::new(env!("CARGO_BIN_EXE_emitter"));
    let emitter = emitter.env("CLUSTER", redis.url()).env_remove("CLUSTER_NAME").env_remove("AS");
    let mut emitter = emitter.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it is built");
    let lines = concat!(r#"{"cast":{"event":"news","args":[2]}}"#, "\n");
    emitter.stdin.take().expect("it is piped").write_all(lines.as_bytes()).await.expect("it reads");
    let output = soon("the emitter to end", emitter.wait_with_output()).await.expect("it runs");
    assert_eq!(output.stdout, b"ok\n");
    for client in [&mut ann, &mut bob] {
        assert_eq!(next(client).await, r#"42["news",2]"#);
    }

    assert_eq!(ask(&mut ann, "kick", json!([bob_id, false])).await, true);
    assert_eq!(next(&mut bob).await, "41");
    drop(bob);
    assert!(b.stop().await, "it ends with code 0");
    knows(&mut ann, &["a"]).await;
    assert_eq!(ask(&mut ann, "gaps", json!([])).await, json!([]));
    drop(ann);
    assert!(a.stop().await, "it ends with code 0");
}

#[tokio::test]
async fn questions_to_a_node_that_stands_still_keep_nothing_else_waiting_and_name_it() {
    let redis = Redis::start().await;
    let [a, b] = [Node::start(&redis.url(), "a").await, Node::start(&redis.url(), "b").await];
    let mut ann = a.endpoint.socket("/").await;
    knows(&mut ann, &["a", "b"]).await;
    b.pause().await;
    let questions = [
        json!(["fetch", {}]),
        json!(["rooms-all"]),
        json!(["members", "den"]),
        json!(["user", "bob"]),
        json!(["server-call", 60_000, "x"]),
        json!(["server-call", 100, "x"]),
    ];
    for (id, question) in questions.iter().enumerate() {
        ann.send(&format!("42{}{question}", 10 + id)).await;
    }
    ann.send(r#"4299["ask","quick"]"#).await;
    assert_eq!(next(&mut ann).await, r#"4399["quick"]"#);
    assert_eq!(next(&mut ann).await, r#"4315[{"answers":[],"missing":["b"]}]"#);
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(next(&mut ann).await);
    }
    answers.sort_unstable();
    let own = &ann.sid;
    let expected = [
        format!(
            r#"4310[{{"sockets":[{{"id":"{own}","node":"a","rooms":["{own}"],"user":null}}],"missing":["b"]}}]"#
        ),
        r#"4311[{"rooms":[],"missing":["b"]}]"#.to_owned(),
        "4312[[]]".to_owned(),
        r#"4313[{"sockets":0}]"#.to_owned(),
    ];
    assert_eq!(answers, expected);
    // The longest question has its own time.
    b.signal("-CONT").await;
    assert_eq!(next(&mut ann).await, r#"4314[{"answers":[["b","x"]],"missing":[]}]"#);
}

#[tokio::test]
async fn without_a_broker_a_node_ends_with_one_line_that_names_it() {
    let redis = Redis::with(&["--requirepass", "right"]).await;
    let closed = free_port().await;
    for (port, reason) in [(closed, "refused"), (redis.port, "password")] {
        let url = format!("redis://:secret@127.0.0.1:{port}");
        let mut node = acceptance(&url).stderr(Stdio::piped()).spawn().expect("it is built");
        let status = soon("the node to end", node.wait()).await.expect("it is a child");
        let mut complaint = String::new();
        node.stderr.take().expect("it is piped").read_to_string(&mut complaint).await.expect("text");
        assert!(!status.success());
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
        assert!(
            complaint.contains(&format!("127.0.0.1:{port}")) && complaint.contains(reason),
            "{complaint}"
        );
        assert!(!complaint.contains("secret"), "{complaint}");
    }
}

#[tokio::test]
async fn a_node_that_may_wait_serves_its_clients_and_joins_later() {
    let mut redis = Redis::start().await;
    redis.kill();
    let mut a = acceptance(&redis.url());
    a.env("NODE", "a").env("CLUSTER_WAIT", "1").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = a.spawn().expect("it is built");
    let line = BufReader::new(child.stdout.take().expect("it is piped")).lines().next_line().await;
    let port =
        line.expect("text").expect("a line").rsplit(' ').next().expect("a port").parse().expect("a port");
    let endpoint = Endpoint::new((std::net::Ipv4Addr::LOCALHOST, port).into());
    let mut ann = endpoint.socket("/").await;
    assert_eq!(
        ask(&mut ann, "cluster", json!([])).await,
        json!({ "node": "a", "nodes": ["a"], "up": false })
    );
    let cast = json!([{ "from": "server", "event": "hi" }]);
    ann.send(&format!("421{}", json!(["cast", cast[0]]))).await;
    assert_eq!(next(&mut ann).await, r#"42["hi"]"#);
    assert_eq!(next(&mut ann).await, "431[true]");
    redis.run().await;
    let b = Node::start(&redis.url(), "b").await;
    knows(&mut ann, &["a", "b"]).await;
    assert!(b.stop().await);
}

#[tokio::test]
async fn the_log_says_once_why_a_broker_does_not_come_back() {
    let redis = Redis::start().await;
    let mut command = acceptance(&redis.url());
    command.env("NODE", "a").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut node = command.spawn().expect("it is built");
    let output = node.stdout.take().expect("it is piped");
    let line = soon("the node to listen", BufReader::new(output).lines().next_line()).await;
    assert!(line.expect("text").is_some());
    redis.command("CONFIG SET requirepass secret\r\nCLIENT KILL TYPE pubsub").await;
    let mut lines = BufReader::new(node.stderr.take().expect("it is piped")).lines();
    let mut next = async || soon("a line", lines.next_line()).await.expect("text").expect("it runs");
    let lost = next().await;
    assert!(lost.contains("lost the broker"), "{lost}");
    let reason = next().await;
    assert!(
        reason.contains("still cannot connect") && reason.contains("password") && !reason.contains("secret"),
        "{reason}"
    );
}
