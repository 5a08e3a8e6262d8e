//! One client: which namespaces its connection has joined, and what each packet therefore means.
//!
//! No I/O and no hooks: [`Client::handle`] says what is to be done, and is told with [`accepted`](Client::accepted),
//! [`refused`](Client::refused) and [`left`](Client::left) what the server decided. Socket.IO protocol v5, "connection
//! to a namespace".
//!
//! One namespace of one connection:
//!
//! ```text
//!               CONNECT                  accepted
//!   never ───────────────▶ connecting ─────────────▶ connected
//!     ▲                     │       │                    │ DISCONNECT, left
//!     │             refused │       │ DISCONNECT         ▼
//!     └─────────────────────┘       └────────────────▶ left ──CONNECT──▶ connecting
//! ```
//!
//! | packet | never | connecting | connected | left |
//! |---|---|---|---|---|
//! | CONNECT | asks the hook | violation | violation | asks the hook |
//! | EVENT, ACK | violation | violation | delivered | ignored |
//! | DISCONNECT | violation | leaves | leaves | ignored |
//! | CONNECT_ERROR | violation | violation | violation | violation |
//!
//! A violation closes the whole connection. A packet for a namespace that was left is only late: it was sent before
//! the client knew.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytestring::ByteString;
use smallvec::SmallVec;

use crate::args::Args;
use crate::socket::packet::{DecodeError, Event, Kind, MAIN_NAMESPACE, Packet};

/// The number of left namespaces that are remembered, 8 bytes each. A client can leave and join endlessly; packets that
/// arrive after more leaves than that are treated as for a namespace that was never joined.
const MAX_LEFT: usize = 256;

/// Names one membership of a namespace: joining it again makes another key, so that a late answer of an old hook
/// cannot hit the new membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u32);

/// The meaning of a packet. Callers must handle every kind.
#[derive(Debug)]
pub enum Action {
    /// The client wants to join: ask the hook, then say [`Client::accepted`] or [`Client::refused`].
    Connect {
        /// Names the membership from now on.
        key: Key,
        /// The namespace that the client wants to join; it may not exist.
        namespace: ByteString,
        /// The auth payload, if one was sent. Any JSON value, as only the hook knows what it expects.
        auth: Option<Args>,
    },
    /// An event for the application.
    Event {
        /// Where it goes.
        key: Key,
        /// The event.
        event: Event,
    },
    /// The answer to an event that the server sent; it may be to none, or late.
    Ack {
        /// Where it goes.
        key: Key,
        /// The id of the server's event.
        id: u64,
        /// The answer.
        args: Args,
    },
    /// The client has left, or takes its wish to join back. The membership is over.
    Leave {
        /// The membership that is over.
        key: Key,
    },
    /// The client has joined as many namespaces as it may: answer with a CONNECT_ERROR.
    TooManyNamespaces {
        /// The namespace that the client wanted to join.
        namespace: ByteString,
    },
    /// A late packet; nothing is to be done.
    Ignore,
}

/// Why a packet cannot stand where it does. The client is to blame, and the whole connection is closed (`forced
/// close`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A CONNECT for a namespace that is joined or being joined.
    #[error("connected twice to the namespace {0:?}")]
    ConnectedTwice(String),
    /// A packet for a namespace that was never joined.
    #[error("packet for the namespace {0:?} that was never joined")]
    NeverJoined(String),
    /// An event or acknowledgement before the CONNECT was answered.
    #[error("packet for the namespace {0:?} before it was joined")]
    NotYetJoined(String),
    /// A CONNECT_ERROR, which only servers send.
    #[error("connect error from a client")]
    ConnectError,
    /// The packet itself is not valid.
    #[error("invalid packet")]
    Packet(#[from] DecodeError),
}

/// Which namespaces a connection has joined.
///
/// # Examples
///
/// ```
/// use sio_core::socket::{Action, Client, Decoder};
///
/// let mut decoder = Decoder::new(10);
/// let mut client = Client::new(32);
///
/// let packet = decoder.text("0/chat,".into())?.expect("no attachments are due");
/// let Action::Connect { key, namespace, auth } = client.handle(packet)? else { panic!("not a connect") };
/// assert_eq!(namespace, "/chat");
/// assert!(auth.is_none());
/// client.accepted(key);
///
/// let packet = decoder.text(r#"2/chat,["message"]"#.into())?.expect("no attachments are due");
/// let Action::Event { key: to, event } = client.handle(packet)? else { panic!("not an event") };
/// assert_eq!(to, key);
/// assert_eq!(event.name, "message");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    members: SmallVec<[Member; 1]>,
    /// Hashes of the namespaces that were left, the oldest first.
    left: SmallVec<[u64; 2]>,
    max_namespaces: usize,
    next_key: u32,
    has_asked: bool,
    has_joined: bool,
}

/// A namespace that is joined or being joined.
#[derive(Debug)]
struct Member {
    namespace: ByteString,
    key: Key,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Connected,
}

/// The state of a namespace on this connection.
enum Standing {
    Never,
    Connecting(Key),
    Connected(Key),
    Left,
}

impl Client {
    /// Makes the client of a new connection, which may be in at most `max_namespaces` at a time.
    #[must_use]
    pub fn new(max_namespaces: usize) -> Self {
        Self {
            members: SmallVec::new(),
            left: SmallVec::new(),
            max_namespaces,
            next_key: 0,
            has_asked: false,
            has_joined: false,
        }
    }

    /// Says what a packet means.
    ///
    /// # Errors
    ///
    /// [`Violation`] if the packet is invalid or cannot stand where it does; the whole connection is to be closed.
    pub fn handle(&mut self, packet: Packet) -> Result<Action, Violation> {
        match packet.kind {
            Kind::Connect => self.connect(packet),
            Kind::Disconnect => self.disconnect(&packet.namespace),
            Kind::Event | Kind::BinaryEvent => match self.destination(&packet.namespace)? {
                Some(key) => Ok(Action::Event { key, event: packet.into_event()? }),
                None => Ok(Action::Ignore),
            },
            Kind::Ack | Kind::BinaryAck => match self.destination(&packet.namespace)? {
                Some(key) => {
                    let (id, args) = packet.into_ack()?;
                    Ok(Action::Ack { key, id, args })
                }
                None => Ok(Action::Ignore),
            },
            Kind::ConnectError => Err(Violation::ConnectError),
        }
    }

    /// Tells that the hook has accepted. Returns whether the client is still there to be told: it may have left while
    /// the hook ran.
    pub fn accepted(&mut self, key: Key) -> bool {
        let Some(member) = self.members.iter_mut().find(|member| member.key == key) else { return false };
        member.state = State::Connected;
        self.has_joined = true;
        true
    }

    /// Tells that the hook has refused: the namespace was never joined. Returns whether the client is still there to
    /// be told: it may have left while the hook ran.
    pub fn refused(&mut self, key: Key) -> bool {
        self.remove(key).is_some()
    }

    /// Notes that the server has removed the client from a namespace. Returns whether it was still in it.
    pub fn left(&mut self, key: Key) -> bool {
        let Some(member) = self.remove(key) else { return false };
        self.remember(&member.namespace);
        true
    }

    /// Returns the namespace of a membership that is not over.
    #[must_use]
    pub fn namespace(&self, key: Key) -> Option<&ByteString> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.namespace)
    }

    /// Returns `true` if the client is in no namespace and wants to join none. The connection stays open nevertheless.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns `true` if the client has ever sent a CONNECT.
    #[must_use]
    pub const fn has_ever_asked(&self) -> bool {
        self.has_asked
    }

    /// Returns `true` if the client has ever been accepted in a namespace.
    #[must_use]
    pub const fn has_ever_joined(&self) -> bool {
        self.has_joined
    }

    fn connect(&mut self, packet: Packet) -> Result<Action, Violation> {
        self.has_asked = true;
        if let Standing::Connecting(_) | Standing::Connected(_) = self.standing(&packet.namespace) {
            return Err(Violation::ConnectedTwice(packet.namespace.into()));
        }
        // A copy, for a slice would keep the whole packet in memory as long as the membership lasts.
        let namespace = match &*packet.namespace {
            MAIN_NAMESPACE => ByteString::from_static(MAIN_NAMESPACE),
            other => ByteString::from(other),
        };
        let next_key = self.next_key.checked_add(1);
        let Some(next_key) = next_key.filter(|_| self.members.len() < self.max_namespaces) else {
            return Ok(Action::TooManyNamespaces { namespace });
        };
        let key = Key(self.next_key);
        self.next_key = next_key;
        // Most connections join one namespace, for which there is room, or two.
        self.members.reserve_exact(1);
        self.members.push(Member { namespace: namespace.clone(), key, state: State::Connecting });
        let auth = packet.data.map(|data| Args::new(data, 0, packet.attachments));
        Ok(Action::Connect { key, namespace, auth })
    }

    fn disconnect(&mut self, namespace: &str) -> Result<Action, Violation> {
        match self.standing(namespace) {
            Standing::Never => Err(Violation::NeverJoined(namespace.to_owned())),
            Standing::Connecting(key) | Standing::Connected(key) => {
                self.left(key);
                Ok(Action::Leave { key })
            }
            Standing::Left => Ok(Action::Ignore),
        }
    }

    /// Where an event or acknowledgement goes, `None` if it is late.
    fn destination(&self, namespace: &str) -> Result<Option<Key>, Violation> {
        match self.standing(namespace) {
            Standing::Never => Err(Violation::NeverJoined(namespace.to_owned())),
            Standing::Connecting(_) => Err(Violation::NotYetJoined(namespace.to_owned())),
            Standing::Connected(key) => Ok(Some(key)),
            Standing::Left => Ok(None),
        }
    }

    fn standing(&self, namespace: &str) -> Standing {
        match self.members.iter().find(|member| member.namespace == *namespace) {
            Some(Member { key, state: State::Connecting, .. }) => Standing::Connecting(*key),
            Some(Member { key, state: State::Connected, .. }) => Standing::Connected(*key),
            None if !self.left.is_empty() && self.left.contains(&hash(namespace)) => Standing::Left,
            None => Standing::Never,
        }
    }

    fn remove(&mut self, key: Key) -> Option<Member> {
        let index = self.members.iter().position(|member| member.key == key)?;
        Some(self.members.swap_remove(index))
    }

    fn remember(&mut self, namespace: &str) {
        let hash = hash(namespace);
        self.left.retain(|other| *other != hash);
        if self.left.len() == MAX_LEFT {
            self.left.remove(0);
        }
        self.left.push(hash);
    }
}

/// Hashes a name. A collision merely ignores a packet that should close the connection.
fn hash(namespace: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    namespace.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Decoder;

    fn handle(client: &mut Client, text: &str) -> Result<Action, Violation> {
        client.handle(Decoder::new(3).text(text.into()).unwrap().unwrap())
    }

    fn connect(client: &mut Client, namespace: &str) -> Key {
        match handle(client, &format!("0{namespace},")) {
            Ok(Action::Connect { key, .. }) => key,
            other => panic!("{other:?}"),
        }
    }

    fn join(client: &mut Client, namespace: &str) -> Key {
        let key = connect(client, namespace);
        assert!(client.accepted(key));
        key
    }

    #[test]
    fn late_answers_of_old_hooks_hit_nothing() {
        let mut client = Client::new(2);
        let old = connect(&mut client, "/x");
        assert!(matches!(handle(&mut client, "1/x,"), Ok(Action::Leave { key }) if key == old));
        let new = connect(&mut client, "/x");
        assert_ne!(old, new);
        assert!(!client.accepted(old) && !client.refused(old) && !client.left(old));
        assert!(matches!(handle(&mut client, "2/x,[\"a\"]"), Err(Violation::NotYetJoined(_))));
        assert!(client.accepted(new));
        assert!(matches!(handle(&mut client, "2/x,[\"a\"]"), Ok(Action::Event { key, .. }) if key == new));
    }

    #[test]
    fn memory_of_what_was_left_is_bounded() {
        let mut client = Client::new(1);
        for index in 0..=MAX_LEFT {
            let key = join(&mut client, &format!("/{index}"));
            assert!(client.left(key));
        }
        assert_eq!(client.left.len(), MAX_LEFT);
        assert!(matches!(handle(&mut client, "1/0,"), Err(Violation::NeverJoined(_))));
        assert!(matches!(handle(&mut client, "1/1,"), Ok(Action::Ignore)));
        // Leaving one namespace again and again takes one place.
        for _ in 0..10 {
            let key = join(&mut client, "/1");
            client.left(key);
        }
        assert!(matches!(handle(&mut client, "1/2,"), Ok(Action::Ignore)));
    }

    #[test]
    fn a_membership_does_not_keep_its_packet_in_memory() {
        let text = ByteString::from("0/x,{\"token\":\"a long one\"}");
        let packet = Decoder::new(3).text(text.clone()).unwrap().unwrap();
        let mut client = Client::new(1);
        let Ok(Action::Connect { key, namespace, .. }) = client.handle(packet) else {
            panic!("not a connect")
        };
        assert!(!text.as_bytes().as_ptr_range().contains(&namespace.as_ptr()));
        assert_eq!(client.namespace(key), Some(&namespace));
    }

    #[test]
    fn no_namespace_costs_no_memory() {
        assert!(!Client::new(32).members.spilled() && !Client::new(32).left.spilled());
        let mut client = Client::new(32);
        join(&mut client, "/x");
        assert!(!client.members.spilled());
    }
}
