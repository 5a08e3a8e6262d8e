//! A polling client of Engine.IO 3: its bodies have lengths instead of separators, and a second form for bytes.

use std::{collections::VecDeque, panic::Location};

use crate::{
    deadline::settle,
    endpoint::{Endpoint, Open},
    http::{Http, Request, Response},
    transcript::Transcript,
    ws::Received,
};

/// The content type of bodies with bytes in them.
pub const BYTES: &str = "application/octet-stream";

/// A client that polls.
#[derive(Debug)]
pub struct OldPolling {
    /// The content of the open packet.
    pub open: Open,
    endpoint: Endpoint,
    gets: Http,
    posts: Http,
    /// Packets of earlier answers that no expectation has taken yet.
    inbox: VecDeque<Received>,
    transcript: Transcript,
}

impl OldPolling {
    /// Opens a session; `query` is what stands in the first query besides the usual.
    ///
    /// # Panics
    ///
    /// When the first answer is not one open packet.
    pub async fn open(endpoint: &Endpoint, query: &str) -> Self {
        let mut gets = endpoint.http().await;
        let target = endpoint.target(&format!("EIO=3&transport=polling{query}"));
        let response = gets.exchange(&Request::get(target)).await;
        assert_eq!(response.status, 200, "{response:?}");
        let mut packets = decode(&response);
        let Some(Received::Text(open)) = packets.pop_front() else {
            panic!("no open packet in {response:?}")
        };
        Self {
            open: Open::parse(&open),
            endpoint: endpoint.clone(),
            gets,
            posts: endpoint.http().await,
            inbox: packets,
            transcript: Transcript::default(),
        }
    }

    /// The target of the session's requests.
    pub fn target(&self) -> String {
        self.endpoint.target(&format!("EIO=3&transport=polling&sid={}", self.open.sid))
    }

    /// Sends packets as text; the server must take them.
    #[track_caller]
    pub fn send<'a>(&'a mut self, packets: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let at = Location::caller();
        async move {
            let response = self.post(texts(packets)).await;
            if response.status != 200 || response.text() != "ok" {
                self.transcript.fail(at, format_args!("{packets:?} were answered {response:?}"));
            }
        }
    }

    /// Posts a body of text and gives the answer.
    pub async fn post(&mut self, body: impl Into<Vec<u8>>) -> Response {
        self.request(&Request::post(self.target(), body)).await
    }

    /// Posts a body of bytes and gives the answer.
    pub async fn post_bytes(&mut self, body: impl Into<Vec<u8>>) -> Response {
        self.request(&Request::post_as(BYTES, self.target(), body)).await
    }

    /// Makes a request on the connection of the POSTs.
    pub async fn request(&mut self, request: &Request) -> Response {
        self.transcript.sent(format_args!("{request:?}"));
        let response = self.posts.exchange(request).await;
        self.transcript.received(format_args!("{response:?}"));
        response
    }

    /// Polls once and gives the answer.
    pub async fn get(&mut self) -> Response {
        self.begin_get().await;
        self.end_get().await
    }

    /// Sends a GET whose answer [`end_get`](Self::end_get) reads, and lets the server take it up.
    pub async fn begin_get(&mut self) {
        self.transcript.sent("GET");
        let request = Request::get(self.target());
        self.gets.send(&request).await;
        settle().await;
    }

    /// Reads the answer of the GET under way.
    pub async fn end_get(&mut self) -> Response {
        let response = self.gets.receive().await;
        self.transcript.received(format_args!("{response:?}"));
        response
    }

    /// The next packet, polling for it when no earlier answer holds one.
    ///
    /// # Panics
    ///
    /// When a poll is not answered with packets.
    pub async fn next(&mut self) -> Received {
        while self.inbox.is_empty() {
            let response = self.get().await;
            assert_eq!(response.status, 200, "a poll failed\n{}", self.transcript);
            self.inbox.extend(decode(&response));
        }
        self.inbox.pop_front().expect("it was just filled")
    }

    /// Expects the next packet to be this text.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, text: &'a str) -> impl Future<Output = ()> + 'a {
        self.expect_packet(Received::Text(text.into()))
    }

    /// Expects the next packet to be this attachment.
    #[track_caller]
    pub fn expect_binary<'a>(&'a mut self, bytes: &'a [u8]) -> impl Future<Output = ()> + 'a {
        self.expect_packet(Received::Binary(bytes.into()))
    }

    #[track_caller]
    fn expect_packet(&mut self, expected: Received) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let packet = self.next().await;
            if packet != expected {
                self.transcript.fail(at, format_args!("expected `{expected}`, received `{packet}`"));
            }
        }
    }

    /// Expects the session to be unknown to the server.
    #[track_caller]
    pub fn expect_gone(&self) -> impl Future<Output = ()> + '_ {
        let at = Location::caller();
        async move {
            let response = self.endpoint.request(&Request::get(self.target())).await;
            if response.status != 400 || response.text() != r#"{"code":1,"message":"Session ID unknown"}"# {
                self.transcript.fail(at, format_args!("expected the session to be gone, got {response:?}"));
            }
        }
    }
}

/// A body of texts: each with its length in UTF-16 code units.
pub fn texts(packets: &[&str]) -> String {
    packets.iter().map(|packet| format!("{}:{packet}", packet.encode_utf16().count())).collect()
}

/// One item of a body of bytes: kind 0 is text, kind 1 a packet's type and bytes.
pub fn item(kind: u8, packet: &[u8]) -> Vec<u8> {
    let digits = packet.len().to_string().into_bytes();
    let digits = digits.into_iter().map(|digit| digit - b'0');
    [kind].into_iter().chain(digits).chain([255]).chain(packet.iter().copied()).collect()
}

/// The packets of an answer, in whichever form it is; base64 is left as text.
///
/// # Panics
///
/// When the answer is not what its content type says.
pub fn decode(response: &Response) -> VecDeque<Received> {
    match response.header("content-type") {
        Some(BYTES) => decode_bytes(&response.body),
        Some("text/plain; charset=UTF-8") => decode_texts(response.text()),
        other => panic!("an answer of the type {other:?}: {response:?}"),
    }
}

fn decode_texts(body: &str) -> VecDeque<Received> {
    let mut rest: Vec<u16> = body.encode_utf16().collect();
    let mut packets = VecDeque::new();
    while !rest.is_empty() {
        let colon = rest.iter().position(|unit| *unit == u16::from(b':')).expect("a length ends");
        let length = String::from_utf16(&rest[..colon]).expect("a length is text");
        let length: usize = length.parse().expect("a length is a number");
        let packet: Vec<u16> = rest.drain(..=colon + length).skip(colon + 1).collect();
        packets.push_back(Received::Text(String::from_utf16(&packet).expect("a packet is whole characters")));
    }
    packets
}

fn decode_bytes(mut body: &[u8]) -> VecDeque<Received> {
    let mut packets = VecDeque::new();
    while let [kind, rest @ ..] = body {
        let end = rest.iter().position(|byte| *byte == 255).expect("a length ends");
        let length = rest[..end].iter().fold(0, |length, digit| length * 10 + usize::from(*digit));
        let (packet, after) = rest[end + 1..].split_at(length);
        packets.push_back(match kind {
            0 => Received::Text(String::from_utf8(packet.to_vec()).expect("a text packet is UTF-8")),
            1 => {
                assert_eq!(packet[0], 4, "only messages are binary");
                Received::Binary(packet[1..].to_vec())
            }
            other => panic!("an item of the kind {other}"),
        });
        body = after;
    }
    packets
}
