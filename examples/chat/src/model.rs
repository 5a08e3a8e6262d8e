//! The messages between the clients and this server.
//!
//! Names and rooms are types of their own that check themselves while they are read: a handler that takes a [`Room`]
//! never sees a bad one, and the client that sent it is told so in the acknowledgement.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sio::prelude::*;

/// The longest name of a person or a room, in characters.
const MAX_NAME: usize = 32;

/// How somebody wants to be called.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let name = visible_text::name(&name);
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err("a name has 1 to 32 characters that can be seen");
        }
        Ok(Self(name))
    }
}

/// A room of the chat, the lobby unless something else is asked for.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String")]
pub(crate) struct Room(String);

impl Room {
    const LOBBY: &str = "lobby";

    /// The Socket.IO room that stands behind this one.
    ///
    /// Every socket is alone in a room named by its own id, so names that clients choose get a prefix: nobody
    /// can listen to another client's room.
    pub(crate) fn channel(&self) -> String {
        if self.0 == Self::LOBBY { self.0.clone() } else { format!("room:{}", self.0) }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self(Self::LOBBY.to_owned())
    }
}

// ANCHOR: room
impl TryFrom<String> for Room {
    type Error = &'static str;

    fn try_from(room: String) -> Result<Self, Self::Error> {
        let fits = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'
        };
        if room.is_empty() || room.len() > MAX_NAME || !room.chars().all(fits) {
            return Err("a room's name has 1 to 32 of the characters a-z, 0-9, - and _");
        }
        Ok(Self(room))
    }
}
// ANCHOR_END: room

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The data that a client may send when it connects; after a lost connection it puts everything back in place.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Login {
    pub(crate) name: Option<Name>,
    pub(crate) rooms: Vec<Room>,
}

/// A line for one client from the server itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SystemMessage {
    pub(crate) text: &'static str,
}

/// The text of a message: something that others can see, without characters that hide or reorder text.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Text(String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = visible_text::message(&text);
        if text.is_empty() {
            return Err("a message has something to see");
        }
        Ok(Self(text))
    }
}

/// `chat_message` as a client sends it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Say {
    pub(crate) text: Text,
    pub(crate) room: Option<Room>,
}

/// `chat_message` as everybody in the room gets it.
///
/// A client that only knows `{text}` is answered in the same words: `room` and `from` are there when the writer gave
/// a room or a name.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Said<'a> {
    pub(crate) text: &'a Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<&'a Room>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Person>,
}

/// The answer to a message.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Delivered {
    pub(crate) status: &'static str,
}

/// Somebody in a room; a client that gave no name has none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Person {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Name>,
}

/// The people in a room. A higher `version` is newer, in whatever order two lists arrive.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct People {
    pub(crate) room: Room,
    pub(crate) version: u64,
    pub(crate) people: Vec<Person>,
}

/// A room and how many are in it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RoomSize {
    pub(crate) room: Room,
    pub(crate) people: usize,
}

/// The argument of `set_name`, and its answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Rename {
    pub(crate) name: Name,
}

/// The argument of `join_room`, `leave_room` and `who`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct InRoom {
    #[serde(default)]
    pub(crate) room: Room,
}

// ANCHOR: events
/// The events of the server.
#[emits(namespace = "/chat")]
pub(crate) trait ChatEvents {
    /// A line for one client from the server itself.
    async fn emit_system_message(line: &SystemMessage);

    /// The name of the server that a client has reached, where there are several.
    async fn emit_node(name: &str);

    /// Somebody in a room has written something.
    async fn emit_chat_message(said: &Said<'_>);

    /// The people in a room, each time that they are others.
    async fn emit_people(people: &People);
}
// ANCHOR_END: events

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_what_cannot_be_seen() {
        for text in [
            "  Ada \t Lovelace ",
            "Ada\u{3000}Lovelace",
            "\u{202E}Ada\u{200B} Lovelace\u{2800}",
            "A\u{E0041}da Lovelace\u{FE0F}",
        ] {
            let name = Name::try_from(text.to_owned()).expect("a good name");
            assert_eq!(name.0, "Ada Lovelace", "{text:?}");
        }
    }

    #[test]
    fn a_name_or_a_message_of_which_nothing_can_be_seen_is_refused() {
        for text in [
            "",
            "   ",
            "\u{200B}",
            "\u{3164}\u{2800}",
            "\u{202E}\u{2066}",
            "\n\u{FEFF}\n",
        ] {
            assert!(Name::try_from(text.to_owned()).is_err(), "{text:?}");
            assert!(Text::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_message_reads_in_the_order_in_which_it_was_written() {
        let text = Text::try_from("gnp\u{202E}.exe\u{202C} 👩\u{200D}💻".to_owned())
            .expect("a good text");
        assert_eq!(text.0, "gnp.exe 👩\u{200D}💻");
    }

    #[test]
    fn endless_names_are_refused() {
        assert!(Name::try_from("x".repeat(33)).is_err());
        assert!(Name::try_from("ä".repeat(32)).is_ok());
    }

    #[test]
    fn a_room_never_shares_its_channel_with_a_socket_id() {
        assert_eq!(Room::default().channel(), "lobby");
        assert_eq!(
            Room::try_from("rust".to_owned()).expect("a good room").channel(),
            "room:rust"
        );
        assert!(Room::try_from("Rust".to_owned()).is_err());
        assert!(Room::try_from("room:rust".to_owned()).is_err());
    }
}
