//! A polling session: one connection for its GETs, one for its POSTs, as a browser has.

use std::{collections::VecDeque, panic::Location};

use serde_json::Value;

use crate::{
    deadline::settle,
    endpoint::{Endpoint, Open},
    http::{Http, Request, Response},
    pattern,
    transcript::Transcript,
};

/// Separates the packets of one body (Engine.IO v4, “HTTP long-polling”).
pub const SEPARATOR: char = '\u{1e}';

/// A client that polls.
#[derive(Debug)]
pub struct Polling {
    /// The content of the open packet.
    pub open: Open,
    endpoint: Endpoint,
    gets: Http,
    posts: Http,
    /// Packets of the last answer that no expectation has taken yet.
    inbox: VecDeque<String>,
    transcript: Transcript,
}

impl Polling {
    /// Opens a session.
    ///
    /// # Panics
    ///
    /// When the first answer is not one open packet.
    pub async fn open(endpoint: &Endpoint) -> Self {
        Self::open_with(endpoint, |request| request).await
    }

    /// Opens a session with a request that says more.
    ///
    /// # Panics
    ///
    /// When the first answer is not one open packet.
    pub async fn open_with(endpoint: &Endpoint, change: impl FnOnce(Request) -> Request) -> Self {
        let mut gets = endpoint.http().await;
        let request = change(Request::get(endpoint.target("EIO=4&transport=polling")));
        let response = gets.exchange(&request).await;
        assert_eq!(response.status, 200, "{response:?}");
        Self {
            open: Open::parse(response.text()),
            endpoint: endpoint.clone(),
            gets,
            posts: endpoint.http().await,
            inbox: VecDeque::new(),
            transcript: Transcript::default(),
        }
    }

    /// The same session, whose requests go to another server from now on.
    pub async fn moved_to(self, endpoint: &Endpoint) -> Self {
        let (gets, posts) = (endpoint.http().await, endpoint.http().await);
        Self { endpoint: endpoint.clone(), gets, posts, ..self }
    }

    /// The target of the session's requests.
    pub fn target(&self) -> String {
        self.endpoint.polling_target(&self.open.sid)
    }

    /// Sends one or more packets; the server must take them.
    #[track_caller]
    pub fn send<'a>(&'a mut self, body: &'a str) -> impl Future<Output = ()> + 'a {
        let at = Location::caller();
        async move {
            let response = self.post(body).await;
            if response.status != 200 || response.text() != "ok" {
                self.transcript.fail(at, format_args!("the POST of `{body}` was answered {response:?}"));
            }
        }
    }

    /// Posts a body and gives the answer.
    pub async fn post(&mut self, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        self.transcript.sent(format_args!("POST {}", String::from_utf8_lossy(&body)));
        let response = self.posts.exchange(&Request::post(self.target(), body)).await;
        self.transcript.received(format_args!(
            "{} {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        ));
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
        self.transcript.received(format_args!(
            "{} {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        ));
        response
    }

    /// Drops the connection that a GET is pending on, and makes a new one for those to come.
    pub async fn abandon_get(&mut self) {
        self.transcript.sent("the GET's connection closed");
        self.gets = self.endpoint.http().await;
    }

    /// The next packet, polling for it when no earlier answer holds one.
    ///
    /// # Panics
    ///
    /// When a poll is not answered with packets.
    pub async fn next(&mut self) -> String {
        while self.inbox.is_empty() {
            let response = self.get().await;
            assert_eq!(response.status, 200, "a poll failed\n{}", self.transcript);
            self.inbox.extend(response.text().split(SEPARATOR).map(str::to_owned));
        }
        self.inbox.pop_front().expect("it was just filled")
    }

    /// Expects the next packet to be what `pattern` describes, and gives its JSON.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, pattern: &'a str) -> impl Future<Output = Value> + 'a {
        let at = Location::caller();
        async move {
            let packet = self.next().await;
            if !pattern::matches(pattern, &packet) {
                self.transcript.fail(at, format_args!("expected `{pattern}`, received `{packet}`"));
            }
            if pattern.contains(pattern::ANY) { pattern::json(&packet) } else { Value::Null }
        }
    }

    /// Joins a namespace and gives the socket's id.
    #[track_caller]
    pub fn join<'a>(&'a mut self, namespace: &'a str) -> impl Future<Output = String> + 'a {
        let at = Location::caller();
        async move {
            let prefix = if namespace == "/" { String::new() } else { format!("{namespace},") };
            self.send(&format!("40{prefix}")).await;
            let packet = self.next().await;
            if !pattern::matches(&format!("40{prefix}{{\"sid\":…}}"), &packet) {
                self.transcript.fail(at, format_args!("could not join {namespace}: `{packet}`"));
            }
            pattern::json(&packet)["sid"].as_str().expect("a socket id is a string").to_owned()
        }
    }

    /// Expects that the server has nothing for this client beyond what was read, and is still there.
    ///
    /// Packets arrive in order, so the refusal of a namespace that nobody serves must be the next one.
    #[track_caller]
    pub fn expect_nothing_more(&mut self) -> impl Future<Output = ()> + '_ {
        let at = Location::caller();
        async move {
            self.send("40/nowhere,").await;
            let packet = self.next().await;
            if packet != r#"44/nowhere,{"message":"Invalid namespace"}"# {
                self.transcript.fail(at, format_args!("expected nothing more, received `{packet}`"));
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
