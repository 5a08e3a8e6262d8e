//! Who wants to hear of what goes by: closures for logs and metrics, which see everything and change nothing.
//!
//! They run where the thing happens and hold no lock. A panic in one of them is logged and goes no further.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sio_core::args::Args;

use crate::guarded;
use crate::handle::socket::Socket;
use crate::hub::{Namespace, RoomChanges, RoomEvent, Sent, Witness};

type OnIncoming = Box<dyn Fn(&Socket, &str, &Args) + Send + Sync>;
type OnOutgoing = Box<dyn Fn(&Outgoing<'_>) + Send + Sync>;
type OnRoom = Box<dyn Fn(&Namespace, &str, RoomEvent) + Send + Sync>;

/// All listeners of a server.
#[derive(Default)]
pub(crate) struct Listeners {
    pub(crate) incoming: Vec<OnIncoming>,
    pub(crate) outgoing: Vec<OnOutgoing>,
    pub(crate) room: Vec<OnRoom>,
}

/// An event that the server sends: see [`Builder::on_outgoing`](crate::Builder::on_outgoing).
pub struct Outgoing<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) event: &'a str,
    pub(crate) socket: Option<&'a Socket>,
    pub(crate) rooms: &'a [String],
    pub(crate) frames: &'a Bytes,
}

impl<'a> Outgoing<'a> {
    /// The namespace in which it is sent.
    #[must_use]
    pub fn namespace(&self) -> &'a Namespace {
        self.namespace
    }

    /// The event's name.
    #[must_use]
    pub fn event(&self) -> &'a str {
        self.event
    }

    /// The only socket that gets it; `None` for a broadcast.
    #[must_use]
    pub fn socket(&self) -> Option<&'a Socket> {
        self.socket
    }

    /// The rooms that a broadcast is for. Empty: everybody in the namespace, or that one socket.
    #[must_use]
    pub fn rooms(&self) -> &'a [String] {
        self.rooms
    }

    /// What is sent, as JSON: an array of the name and the arguments, with placeholders for bytes.
    #[must_use]
    pub fn json(&self) -> &'a str {
        json(self.frames, self.namespace.path()).unwrap_or_default()
    }
}

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("namespace", &self.namespace.path())
            .field("event", &self.event)
            .field("socket", &self.socket.map(Socket::id))
            .field("rooms", &self.rooms)
            .finish_non_exhaustive()
    }
}

/// The JSON of a packet in a WebSocket frame: behind the types, the number of attachments, the namespace and the id.
fn json<'a>(frames: &'a [u8], namespace: &str) -> Option<&'a str> {
    let (begin, len) = match *frames.get(1)? {
        126 => (4, u64::from(u16::from_be_bytes(frames.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(frames.get(2..10)?.try_into().ok()?)),
        len => (2, u64::from(len)),
    };
    let payload = frames.get(begin..)?.get(..usize::try_from(len).ok()?)?;
    let text = std::str::from_utf8(payload).ok()?.get(2..)?;
    let digits = |text: &'a str| text.trim_start_matches(|c: char| c.is_ascii_digit());
    let text = digits(text).strip_prefix('-').unwrap_or(text);
    let text = match text.strip_prefix(namespace).and_then(|text| text.strip_prefix(',')) {
        Some(text) => text,
        None => text,
    };
    Some(digits(text))
}

impl Listeners {
    pub(crate) fn is_empty(&self) -> bool {
        self.incoming.is_empty() && self.outgoing.is_empty() && self.room.is_empty()
    }

    pub(crate) fn tell_incoming(&self, socket: &Socket, event: &str, args: &Args) {
        self.incoming.iter().for_each(|listener| call(|| listener(socket, event, args)));
    }
}

impl Witness for Listeners {
    fn sent(&self, namespace: &Namespace, sent: &Sent<'_>) {
        let Sent { event, to, rooms, frames } = *sent;
        let socket = to.map(|member| Socket::new(Arc::clone(member)));
        let outgoing = Outgoing { namespace, event, socket: socket.as_ref(), rooms, frames };
        self.outgoing.iter().for_each(|listener| call(|| listener(&outgoing)));
    }

    fn rooms_changed(&self, namespace: &Namespace, changes: &RoomChanges) {
        for (room, event) in changes {
            self.room.iter().for_each(|listener| call(|| listener(namespace, room, event.clone())));
        }
    }
}

/// A listener is an onlooker: what it does wrong is not to become anybody else's trouble.
fn call(listener: impl FnOnce()) {
    guarded::call("a listener", listener);
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners")
            .field("incoming", &self.incoming.len())
            .field("outgoing", &self.outgoing.len())
            .field("room", &self.room.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use sio_core::socket::encode;

    use super::json;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    #[test]
    fn the_json_of_a_packet_is_found() {
        let long = "x".repeat(70_000);
        for text in ["", "1,[2]", &"x".repeat(200), &long] {
            let expected = format!("[\"say\",{}]", serde_json::to_string(text).unwrap());
            for (namespace, id) in [("/", None), ("/", Some(17)), ("/a/1", None), ("/a,[", Some(3))] {
                let frames = encode::event(namespace, id, "say", text).unwrap();
                assert_eq!(json(&frames, namespace), Some(expected.as_str()));
            }
        }
        let frames = encode::event("/a", Some(5), "say", &Binary::from(b"x")).unwrap();
        assert_eq!(json(&frames, "/a"), Some(r#"["say",{"_placeholder":true,"num":0}]"#));
    }

    #[derive(Default)]
    struct Heard;

    #[consumer(namespace = "/tests/heard")]
    impl Heard {
        async fn event_join(socket: &Socket) -> crate::Result {
            socket.join(["a", "b"]).await?;
            socket.join("a").await?;
            socket.leave("b").await?;
            socket.emit("one", &(1, "x")).await?;
            socket.namespace().to("a").emit("all", &()).await?;
            Ok(())
        }
    }

    type Notes = Arc<Mutex<Vec<String>>>;

    fn noting(notes: &Notes) -> impl Fn(String) + Clone + Send + Sync + 'static + use<> {
        let notes = Arc::clone(notes);
        move |text| notes.lock().unwrap().push(text)
    }

    #[tokio::test]
    async fn listeners_hear_of_everything_in_order() {
        let notes = Notes::default();
        let (incoming, outgoing, room) = (noting(&notes), noting(&notes), noting(&notes));
        let server = Server::builder()
            .collected(false)
            .consumer::<Heard>()
            .on_incoming(move |socket, event, args| {
                incoming(format!("in {} {event} {}", socket.namespace().path(), args.raw()));
                panic!("it is only an onlooker");
            })
            .on_outgoing(move |sent| {
                let whom = if sent.socket().is_some() { "one".to_owned() } else { sent.rooms().join(",") };
                outgoing(format!("out {} to {whom} {}", sent.event(), sent.json()));
            })
            .on_room(move |_, name, event| {
                let event = format!("{event:?}");
                room(format!("{name} {}", event.split('(').next().unwrap()));
            })
            .build()
            .unwrap();
        let mut client = PacketClient::new(&server);
        client.join("0/tests/heard,").await;
        client.send(&[r#"2/tests/heard,1["join"]"#]).await;
        client.leave().await;
        let heard = [
            r#"in /tests/heard join ["join"]"#,
            "a Created",
            "a Joined",
            "b Created",
            "b Joined",
            "b Left",
            "b Deleted",
            r#"out one to one ["one",1,"x"]"#,
            r#"out all to a ["all"]"#,
            "a Left",
            "a Deleted",
        ];
        assert_eq!(*notes.lock().unwrap(), heard);
    }
}
