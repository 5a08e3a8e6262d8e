//! A client under test's control: who it is, and how it comes and goes. Its events are in [`events`](super::events).

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use sio_core::socket::encode;

use super::connect::{auth_json, check_namespace, enter};
use super::conversation::{Conversation, Gone, Phase};
use super::outcome::{self, Refused};
use super::session::Session;
use crate::engine::TransportKind;
use crate::{DisconnectReason, Server, Sid, Socket};

/// A client in one namespace of a [`TestServer`](super::TestServer).
///
/// It answers heartbeats by itself, keeps the events that come until the test asks for them, and fails the test
/// with the conversation so far when something does not come within its deadline.
///
/// Cheap to clone; all clones are the same client. When the last one is dropped the connection is lost without a
/// goodbye, as by [`kill`](Self::kill).
#[derive(Clone)]
pub struct TestClient {
    pub(super) session: Arc<Session>,
    pub(super) server: Server,
    /// Which of the session's conversations this is.
    pub(super) index: usize,
    pub(super) namespace: Arc<str>,
    pub(super) id: Sid,
    /// None if the server released the client before it could be asked for it.
    pub(super) socket: Option<Socket>,
    pub(super) deadline: Duration,
}

/// Why something that was awaited will not come.
pub(super) enum Missed {
    Deadline,
    Fault(String),
    Gone(Gone),
}

impl TestClient {
    /// Returns the id of the client's socket.
    #[must_use]
    pub fn id(&self) -> Sid {
        self.id.clone()
    }

    /// Returns the namespace that the client is in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the socket by which handlers know this client.
    ///
    /// # Panics
    ///
    /// If the server disconnected the client as soon as it had let it in.
    #[must_use]
    #[track_caller]
    pub fn socket(&self) -> &Socket {
        self.socket.as_ref().expect("the server disconnected the client as soon as it had let it in")
    }

    /// Returns the rooms that the client is in, sorted, without the one that is named by its id.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        let rooms = self.socket.as_ref().map(Socket::rooms).unwrap_or_default();
        rooms.into_iter().filter(|room| room != self.id.as_str()).collect()
    }

    /// Returns whether the client is in a room.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.rooms().iter().any(|joined| joined == room))
    }

    /// Returns false if the client knows that it is not in the namespace any more.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.conversation(|conversation| conversation.is_open())
    }

    /// Returns whether the server has let the client go on where it was: see
    /// [`ClientBuilder::resume`](super::ClientBuilder::resume).
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.conversation(|conversation| conversation.is_recovered)
    }

    /// Returns the transport that the client uses now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.session.shared.lock().transport
    }

    /// Returns this client with another deadline, which applies to calls on the returned value.
    ///
    /// ```
    /// # async fn example(client: sio::testing::TestClient) {
    /// use std::time::Duration;
    ///
    /// // A minute of tokio's time: with a paused clock it is over at once.
    /// let done: bool = client.within(Duration::from_secs(60)).next("done").await;
    /// # }
    /// ```
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// Connects to a further namespace over the same connection, as browsers do. `&()` is no auth payload.
    ///
    /// # Errors
    ///
    /// When the server refuses the client.
    ///
    /// # Panics
    ///
    /// When the server does not answer within the deadline.
    #[track_caller]
    pub fn connect_to(
        &self,
        namespace: &str,
        auth: &(impl Serialize + ?Sized),
    ) -> impl Future<Output = Result<Self, Refused>> + Send {
        let at = Location::caller();
        check_namespace(namespace);
        let (namespace, auth) = (namespace.to_owned(), auth_json(auth));
        let (session, server, deadline) = (Arc::clone(&self.session), self.server.clone(), self.deadline);
        async move { enter(session, server, &namespace, auth.as_deref(), None, deadline, at).await }
    }

    /// Moves from polling to WebSocket. Events that come meanwhile are kept, in order.
    ///
    /// # Panics
    ///
    /// When the server does not allow it, or it takes longer than the deadline.
    #[track_caller]
    pub fn upgrade(&self) -> impl Future<Output = ()> + Send {
        let at = Location::caller();
        async move {
            let upgraded = tokio::time::timeout(self.deadline, self.session.shared.upgrade()).await;
            match upgraded {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(why))) => self.fail(at, format_args!("cannot upgrade to WebSocket: {why}")),
                Ok(Err(_)) => self.fail(at, "cannot upgrade to WebSocket: the connection has ended"),
                Err(_) => self.fail(at, format_args!("no upgrade to WebSocket within {:?}", self.deadline)),
            }
        }
    }

    /// Leaves the server's pings unanswered from now on: a computer that was put to sleep. The server disconnects the
    /// client with the reason `ping timeout`.
    pub fn ignore_pings(&self) {
        self.session.shared.ignore_pings();
    }

    /// Leaves the namespace. Returns when the server's `disconnect` hook has ended. The connection stays open for
    /// other namespaces; a client that has left already stays as it is.
    ///
    /// # Panics
    ///
    /// When the hook has not ended within the deadline.
    #[track_caller]
    pub fn disconnect(&self) -> impl Future<Output = ()> + Send {
        let at = Location::caller();
        async move {
            if !self.is_connected() {
                return;
            }
            self.send(encode::disconnect(&self.namespace), at).await;
            self.conversation(|conversation| conversation.phase = Phase::Gone(Gone::Left));
            self.until_released(at).await;
        }
    }

    /// Loses the connection, with all its namespaces, without a goodbye: a train that enters a tunnel. The server
    /// sees the stream end (`transport close`), or on polling the request in which the client waited
    /// (`transport error`). For a client that goes silent without the server noticing there is
    /// [`ignore_pings`](Self::ignore_pings).
    ///
    /// ```
    /// # async fn example(client: sio::testing::TestClient) {
    /// use sio::DisconnectReason;
    ///
    /// client.kill().await;
    /// assert_eq!(client.expect_disconnect().await, DisconnectReason::TransportClose);
    /// # }
    /// ```
    pub async fn kill(&self) {
        self.session.kill().await;
    }

    /// Waits until the client is disconnected, by either side, and returns the reason that the `disconnect` hook was
    /// given. Returns when that hook has ended.
    ///
    /// # Panics
    ///
    /// When the client is still connected after the deadline, or the hook has not ended.
    #[track_caller]
    pub fn expect_disconnect(&self) -> impl Future<Output = DisconnectReason> + Send {
        let at = Location::caller();
        async move {
            let gone = self.wait(|conversation| match &conversation.phase {
                Phase::Gone(gone) => Some(gone.clone()),
                _ => None,
            });
            let gone = match gone.await {
                Ok(gone) | Err(Missed::Gone(gone)) => gone,
                Err(missed) => {
                    self.fail(at, format_args!("expected a disconnect, but {}", self.why(&missed)))
                }
            };
            self.until_released(at).await;
            match &self.socket {
                Some(socket) => socket.closed().await,
                // Disconnected as soon as it was let in: only what the client saw is known.
                None => match gone {
                    Gone::Left => DisconnectReason::ClientNamespaceDisconnect,
                    Gone::Disconnected => DisconnectReason::ServerNamespaceDisconnect,
                    Gone::Ended(_) => DisconnectReason::TransportClose,
                },
            }
        }
    }

    /// Waits until the server has run the `disconnect` hook.
    async fn until_released(&self, at: &Location<'_>) {
        let Some(socket) = &self.socket else { return };
        let released = tokio::time::timeout(self.deadline, socket.member.until_released()).await;
        if released.is_err() {
            let what = if socket.is_connected() {
                "the server has not noticed that the client is gone"
            } else {
                "a handler or the `disconnect` hook of the client still runs"
            };
            self.fail(at, format_args!("{what} after {:?}", self.deadline));
        }
    }

    pub(super) fn conversation<T>(&self, look: impl FnOnce(&mut Conversation) -> T) -> T {
        look(&mut self.session.shared.lock().conversations[self.index])
    }

    /// Waits until `check` finds something in this client's conversation.
    pub(super) async fn wait<T>(
        &self,
        mut check: impl FnMut(&mut Conversation) -> Option<T>,
    ) -> Result<T, Missed> {
        let found = self.session.shared.wait(self.deadline, |state| {
            if let Some(fault) = &state.fault {
                return Some(Err(Missed::Fault(fault.clone())));
            }
            let conversation = &mut state.conversations[self.index];
            match (check(conversation), &conversation.phase) {
                (Some(found), _) => Some(Ok(found)),
                (None, Phase::Gone(gone)) => Some(Err(Missed::Gone(gone.clone()))),
                (None, _) => None,
            }
        });
        found.await.unwrap_or(Err(Missed::Deadline))
    }

    /// Sends frames; returns when they have been written, or the connection has ended over them: what they say may
    /// be what ends it.
    pub(super) async fn send(&self, frames: Bytes, at: &Location<'_>) {
        let gone = self.conversation(|conversation| match &conversation.phase {
            Phase::Gone(gone) => Some(gone.clone()),
            _ => None,
        });
        if let Some(gone) = gone {
            self.fail(at, format_args!("cannot send: {gone}"));
        }
        let written = self.session.shared.send(frames);
        if tokio::time::timeout(self.deadline, written).await.is_err() {
            let what = "cannot send: the server has read nothing for";
            let why = "too many events wait for their handler";
            self.fail(at, format_args!("{what} {:?}; {why}", self.deadline));
        }
    }

    pub(super) fn why(&self, missed: &Missed) -> String {
        match missed {
            Missed::Deadline => format!("it did not come within {:?}", self.deadline),
            Missed::Fault(fault) => fault.clone(),
            Missed::Gone(gone) => gone.to_string(),
        }
    }

    /// Fails the test that stands at `at`, and shows what happened so far.
    pub(super) fn fail(&self, at: &Location<'_>, what: impl fmt::Display) -> ! {
        let state = self.session.shared.lock();
        let mut unread = String::new();
        for event in &state.conversations[self.index].unread {
            unread.push_str("  ");
            outcome::show(&mut unread, event).expect("a text takes everything");
            unread.push('\n');
        }
        if unread.is_empty() {
            unread.push_str("  none\n");
        }
        let transcript = state.transcript.of(&self.namespace);
        drop(state);
        panic!(
            "{at}: {what}\n\nevents that came and were not asked for:\n{unread}\nthe conversation in {} so far \
             (seconds, > sent, < received):\n{transcript}",
            self.namespace
        )
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("id", &self.id)
            .field("namespace", &self.namespace)
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
