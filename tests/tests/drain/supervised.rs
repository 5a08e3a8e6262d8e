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

    /// Probes until that has failed often enough, one time after the other.
    async fn until_failed(&self, probe: &Probe) {
        let mut ticks = tokio::time::interval(probe.period);
        let mut failures = 0;
        while failures < probe.failures {
            ticks.tick().await;
            let is_good = self.probe(&probe.path).await.is_some_and(|status| (200..400).contains(&status));
            failures = if is_good { 0 } else { failures + 1 };
        }
    }

    async fn ended_well(&mut self) {
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
/// before anybody is refused. All is as the book says, but for the spread, which is shorter.
#[tokio::test]
async fn the_books_pod_is_unready_first_then_refuses_and_lives_until_its_clients_are_gone() {
    let pod = Pod::of(include_str!("../../../book/listings/deploy/chat.yaml"));
    let [delay, spread, handlers] = ["delay", "spread", "handlers"].map(of_the_book);
    let lasts = delay + spread + handlers + ANSWERS;
    assert!(pod.grace > lasts, "it is killed after {:?}, and may need {lasts:?}", pod.grace);
    assert!(pod.readiness.fails_within() < delay, "new clients come until it is refusing them");

    let mut program = Program::start(&[("DELAY", &delay.as_secs().to_string()), ("SPREAD", "2")]).await;
    program.until(&pod.readiness.path, Some(200)).await;
    let early = program.endpoint.socket("/").await;
    let mut polling = program.endpoint.polling().await;
    polling.join("/").await;

    let deleted = tokio::time::Instant::now();
    program.signal("TERM").await;
    let ending = async {
        program.until_failed(&pod.readiness).await;
        // The endpoints of the cluster have not caught up: who comes is served.
        let mut late = program.endpoint.socket("/").await;
        late.send(r#"421["ask",1]"#).await;
        late.expect("431[1]").await;
        let refusing = program.until("/socket.io/?EIO=4&transport=polling", Some(503));
        tokio::join!(refusing, until_closed(late)).1
    };
    let all = async { tokio::join!(until_closed(early), until_polled(polling), ending) };
    // Looked at more often than kubelet does, and with less patience.
    let liveness = Probe { period: pod.readiness.period, failures: 1, path: pod.liveness.path.clone() };
    let (early, (), late) = tokio::select! {
        biased;
        ended = all => ended,
        () = program.until_failed(&liveness) => panic!("it is killed while it ends"),
    };
    assert_eq!([early, late], [Some(1001); 2]);
    program.ended_well().await;
    assert!(deleted.elapsed() < pod.grace);
}

/// How long clients are waited for that do not answer.
const ANSWERS: Duration = Duration::from_secs(5);

/// A time of `Shutdown` in the book's chapter.
fn of_the_book(name: &str) -> Duration {
    let listing = include_str!("../../../book/listings/src/stopping.rs");
    let (_, rest) = listing.split_once(&format!(".{name}(Duration::from_secs(")).expect("it is set");
    let (seconds, _) = rest.split_once(')').expect("it ends");
    Duration::from_secs(seconds.parse().expect("a number"))
}

/// A deployment, as far as kubelet reads it.
struct Pod {
    readiness: Probe,
    liveness: Probe,
    grace: Duration,
}

struct Probe {
    path: String,
    period: Duration,
    failures: u32,
}

impl Pod {
    fn of(yaml: &str) -> Self {
        assert!(!yaml.contains("preStop"), "SIGTERM comes at once");
        let all: Vec<&str> = yaml.lines().collect();
        let number = |lines: &[&str], key, default: u64| {
            value(lines, key).map_or(default, |value| value.parse().expect("a number"))
        };
        assert_eq!(value(&all, "maxUnavailable"), Some("0"), "the old pod stays until the new one is ready");
        let port = value(&all, "- containerPort").expect("it has a port");
        let probe = |name| {
            let lines = below(&all, name);
            assert_eq!(value(&lines, "port"), Some(port));
            Probe {
                path: value(&lines, "path").expect("it has a path").to_owned(),
                // The default of Kubernetes.
                period: Duration::from_secs(number(&lines, "periodSeconds", 10)),
                failures: number(&lines, "failureThreshold", 3).try_into().expect("a small number"),
            }
        };
        Self {
            readiness: probe("readinessProbe"),
            liveness: probe("livenessProbe"),
            grace: Duration::from_secs(number(&all, "terminationGracePeriodSeconds", 30)),
        }
    }
}

impl Probe {
    /// How long it takes until it has failed often enough.
    fn fails_within(&self) -> Duration {
        self.period * self.failures
    }
}

/// The lines of what belongs to a key, which are further in.
fn below<'a>(lines: &[&'a str], key: &str) -> Vec<&'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let at = lines.iter().position(|line| line.trim() == format!("{key}:")).expect("the key is there");
    let inner = lines[at + 1..].iter().take_while(|line| depth(line) > depth(lines[at]));
    inner.copied().collect()
}

fn value<'a>(lines: &[&'a str], key: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
}

#[tokio::test]
async fn ctrl_c_does_not_spread() {
    let mut program = Program::start(&[("DELAY", "600"), ("SPREAD", "600")]).await;
    let client = program.endpoint.socket("/").await;
    program.signal("INT").await;
    assert_eq!(soon("the client to be told", until_closed(client)).await, Some(1001));
    program.ended_well().await;
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let mut program = Program::start(&[("DELAY", "600")]).await;
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
    let mut program = Program::start(&[("NOTIFY_SOCKET", notify), ("DELAY", "600")]).await;
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
    let mut program = Program::start(&[]).await;
    program.signal("TERM").await;
    program.ended_well().await;
}
