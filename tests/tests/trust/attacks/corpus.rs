//! The inputs of the fuzzers' corpus, and some that are made of them, sent to whole servers.

use sio::Builder;
use sio::options::{Forwarded, Parser};
use sio_tests::{OldPolling, Request, TestServer, app::Plain};

use super::{Seen, Speech, attacked, attacked_beside, everything, msgpack};
use crate::fuzz::fuzzers::random::Random;
use crate::fuzz::fuzzers::targets::TARGETS;
use crate::fuzz::fuzzers::{corpus, mutate};

/// How many inputs are made of a corpus.
const MADE: usize = 100;

/// The inputs of a target: the same in every run.
pub(super) fn inputs(target: &str) -> Vec<Vec<u8>> {
    let target = TARGETS.iter().find(|one| one.name == target).expect("there is such a target");
    let (mut inputs, mut random) = (corpus::read(target.corpus), Random::new(15));
    let made: Vec<_> = (0..MADE).map(|_| mutate::mutate(&mut random, &inputs)).collect();
    inputs.extend(made);
    inputs
}

/// Without the bytes that cannot be in the head of a request.
fn of_head(input: &[u8]) -> String {
    input
        .iter()
        .filter(|byte| byte.is_ascii_graphic() && **byte != b'#')
        .map(|byte| char::from(*byte))
        .collect()
}

/// Bytes in place of frames, on a WebSocket that has joined.
async fn frames(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    for input in inputs {
        server.socket("/").await.write(input).await;
    }
    "left".to_owned()
}

/// Messages of one session each: a text, or bytes where it is none.
async fn packets(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    for input in inputs {
        let mut ws = server.socket("/").await;
        for message in input[1.min(input.len())..].split(|byte| *byte == 0xff) {
            match std::str::from_utf8(message) {
                Ok(text) => ws.send(&format!("4{text}")).await,
                Err(_) => ws.send_binary(message).await,
            }
        }
    }
    "left".to_owned()
}

async fn bodies(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    for input in inputs {
        let mut polling = server.polling().await;
        polling.post(&input[..]).await;
        polling.post("1").await;
    }
    "left".to_owned()
}

async fn old_bodies(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    for input in inputs {
        let mut client = OldPolling::open(server, "").await;
        let is_binary = input.first().is_some_and(|byte| *byte < 2);
        if is_binary {
            client.post_bytes(&input[..]).await
        } else {
            client.post(&input[..]).await
        };
        client.post("1:1").await;
    }
    "left".to_owned()
}

async fn queries(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    let mut opened = Vec::new();
    for input in inputs {
        let mut http = server.http().await;
        http.send(&Request::get(server.target(&of_head(input)))).await;
        let answer = http.try_receive().await;
        opened.extend(answer.filter(|answer| answer.status == 200).map(|answer| answer.body));
    }
    // Sessions that were opened by chance would be there until they are missed.
    for body in opened {
        let text = String::from_utf8_lossy(&body);
        let Some((_, rest)) = text.split_once(r#""sid":""#) else { continue };
        let (sid, is_old) = (rest.split('"').next().unwrap_or_default(), !text.starts_with("0{"));
        let (revision, close) = if is_old { (3, "1:1") } else { (4, "1") };
        let target = server.target(&format!("EIO={revision}&transport=polling&sid={sid}"));
        server.request(&Request::post(target, close)).await;
    }
    "left".to_owned()
}

async fn forwarded(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    for input in inputs {
        let value = of_head(input);
        let request = Request::get(server.target("EIO=4&transport=polling&sid=x"))
            .header("X-Forwarded-For", &value)
            .header("X-Forwarded-Host", &value)
            .header("X-Forwarded-Proto", &value)
            .header("Forwarded", &value);
        let status = server.request(&request).await.status;
        if status != 400 {
            return format!("{status} for {value}");
        }
    }
    "an unknown session".to_owned()
}

async fn packed(server: &TestServer, inputs: &[Vec<u8>]) -> Seen {
    for input in inputs {
        msgpack::joined(server).await.send_binary(&input[1.min(input.len())..]).await;
    }
    "left".to_owned()
}

#[test]
fn frames_and_packets_that_the_fuzzers_have_found_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        watch.attack("frames", "left", frames(server, &inputs("frames"))).await;
        watch.attack("packets", "left", packets(server, &inputs("packets"))).await;
    });
}

#[test]
fn requests_that_the_fuzzers_have_found_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        watch.attack("bodies", "left", bodies(server, &inputs("payload_v4"))).await;
        watch.attack("bodies of old clients", "left", old_bodies(server, &inputs("payload_v3"))).await;
        watch.attack("queries", "left", queries(server, &inputs("queries"))).await;
    });
}

#[test]
fn what_proxies_are_said_to_have_forwarded_harms_nobody_else() {
    let forwarding = |builder: Builder| {
        builder
            .consumer::<Plain>()
            .forwarded(Forwarded::x_forwarded_for().host(true))
            .max_connections_per_address(500)
    };
    attacked(forwarding, async |server, watch| {
        let expected = "an unknown session";
        watch.attack("headers", expected, forwarded(server, &inputs("forwarded"))).await;
    });
}

#[test]
fn what_the_fuzzers_have_found_in_messagepack_harms_nobody_else() {
    let packing = |builder: Builder| builder.consumer::<Plain>().parser(Parser::MessagePack);
    attacked_beside(Speech::MessagePack, packing, async |server, watch| {
        watch.attack("messages", "left", packed(server, &inputs("msgpack"))).await;
    });
}
