//! The program that suites are run against, as those treat it that supervise programs: kubelet by probes and signals,
//! systemd by its notifications.

use std::{process::Stdio, time::Duration};

use sio_tests::{Endpoint, Frame, Http, Polling, Received, Request, Ws, deadline::soon, frame};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixDatagram,
    process::{Child, Command},
};

/// A profile in a process of its own.
struct Program {
    child: Child,
    endpoint: Endpoint,
}

impl Program {
    /// Starts the application, and returns when it says that it listens.
    async fn start(env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_acceptance"));
        command.arg("main").env("PORT", "0").envs(env.iter().copied());
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let line = soon("its first line", BufReader::new(stdout).lines().next_line()).await;
        let line = line.expect("its output can be read").expect("it says something");
        let port = line.strip_prefix("listening main ").expect("it listens").parse().expect("a port");
        Self { child, endpoint: Endpoint::new(([127, 0, 0, 1], port).into()) }
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = soon("the signal", Command::new("kill").args(["-s", name, &id]).status()).await;
        assert!(sent.expect("there is a kill").success());
    }

    /// The status that a probe gets; none if nobody listens.
    async fn probe(&self, path: &str) -> Option<u16> {
        let mut http = Http::try_open(self.endpoint.address).await.ok()?;
        http.send(&Request::get(path)).await;
        http.try_receive().await.map(|answer| answer.status)
    }

    /// Probes until the answer is as expected.
    async fn until(&self, path: &str, status: Option<u16>) {
        soon(format_args!("{path} to give {status:?}"), async {
            while self.probe(path).await != status {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    async fn ended_well(mut self) {
        let status = soon("its end", self.child.wait()).await.expect("it can be waited for");
        assert_eq!(status.code(), Some(0));
    }
}

/// Answers pings until the server ends the connection, and returns the code of its close frame.
async fn until_closed(mut client: Ws) -> Option<u16> {
    loop {
        match client.receive().await {
            Received::Text(ping) if ping == "2" => client.send("3").await,
            Received::Close(code) => {
                client.write(&Frame::new(frame::CLOSE, Vec::new()).encode()).await;
                return code;
            }
            other => panic!("expected the end, received `{other}`"),
        }
    }
}

/// As [`until_closed`], of a client that polls; it gets the close packet.
async fn until_polled(mut client: Polling) {
    loop {
        match client.next().await.as_str() {
            "2" => client.send("3").await,
            "1" => return,
            other => panic!("expected the end, received `{other}`"),
        }
    }
}

/// Readiness decides who gets new clients, liveness who is killed: while a pod ends, only the first may fail, and that
/// before anybody is refused.
#[tokio::test]
async fn a_pod_that_ends_is_unready_first_then_refuses_and_lives_until_its_clients_are_gone() {
    let program = Program::start(&[("DELAY", "4"), ("SPREAD", "2")]).await;
    program.until("/readyz", Some(200)).await;
    assert_eq!(program.probe("/healthz").await, Some(200));
    let early = program.endpoint.socket("/").await;
    let mut polling = program.endpoint.polling().await;
    polling.join("/").await;

    let ending = async {
        program.signal("TERM").await;
        program.until("/readyz", Some(503)).await;
        // The endpoints of the cluster have not caught up: who comes is served.
        let mut late = program.endpoint.socket("/").await;
        late.send(r#"421["ask",1]"#).await;
        late.expect("431[1]").await;
        assert_eq!(program.probe("/healthz").await, Some(200));
        let refusing = program.until("/socket.io/?EIO=4&transport=polling", Some(503));
        tokio::join!(refusing, until_closed(late)).1
    };
    let (early, (), late) = tokio::join!(until_closed(early), until_polled(polling), ending);
    assert_eq!([early, late], [Some(1001); 2]);
    program.ended_well().await;
}

#[tokio::test]
async fn ctrl_c_does_not_spread() {
    let program = Program::start(&[("DELAY", "600"), ("SPREAD", "600")]).await;
    let client = program.endpoint.socket("/").await;
    program.signal("INT").await;
    assert_eq!(soon("the client to be told", until_closed(client)).await, Some(1001));
    program.ended_well().await;
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let program = Program::start(&[("DELAY", "600")]).await;
    let _client = program.endpoint.socket("/").await;
    program.signal("TERM").await;
    program.until("/readyz", Some(503)).await;
    program.signal("TERM").await;
    program.ended_well().await;
}

#[tokio::test]
async fn systemd_learns_when_the_server_is_ready_and_that_it_stops() {
    let name = format!("sio-notify-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let receiver = UnixDatagram::bind(&path).expect("the path is free");
    let told = async || {
        let mut bytes = [0; 256];
        let length = soon("a notification", receiver.recv(&mut bytes)).await.expect("it can be received");
        String::from_utf8(bytes[..length].to_vec()).expect("it is a text")
    };
    let notify = path.to_str().expect("it is a text");
    let program = Program::start(&[("NOTIFY_SOCKET", notify), ("DELAY", "600")]).await;
    assert_eq!(told().await, "READY=1");
    program.signal("TERM").await;
    // 600 s of delay, 10 s for handlers, 5 s for clients that do not answer.
    assert_eq!(told().await, "STOPPING=1\nEXTEND_TIMEOUT_USEC=615000000");
    program.signal("TERM").await;
    program.ended_well().await;
    std::fs::remove_file(&path).expect("it can be removed");
}

/// The program that suites are run against, as a service manager ends it.
#[tokio::test]
async fn a_server_ends_on_sigterm() {
    let program = Program::start(&[]).await;
    program.signal("TERM").await;
    program.ended_well().await;
}
