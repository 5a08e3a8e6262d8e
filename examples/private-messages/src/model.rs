//! The messages between the clients and this server, and its errors.

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const MAX_NAME: usize = 32;

/// The longest message, in bytes.
const MAX_TEXT: usize = 4000;

/// How somebody wants to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(String);

impl Name {
    /// Returns whether two names would be taken for the same.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

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

/// By what a user is known to others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct UserId(pub(crate) String);

/// The secret by which a user is recognised. Anybody who has it is that user, so it is
/// sent to nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Session(pub(crate) String);

// ANCHOR: login
/// The data that a client sends when it connects: `{ name: "Ada" }` the first time, then
/// `{ session: "…" }`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Login {
    Name(Name),
    Session(Session),
}
// ANCHOR_END: login

/// Somebody, as everybody may see it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) name: Name,
    pub(crate) online: bool,
}

/// All users. A higher `version` is newer, in whatever order two lists arrive.
#[derive(Debug, Serialize)]
pub(crate) struct People {
    pub(crate) version: u64,
    pub(crate) people: Vec<User>,
}

/// A text that somebody could have written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Text(String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = visible_text::message(&text);
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err("a message has 1 to 4000 bytes, and something to see");
        }
        Ok(Self(text))
    }
}

/// The argument of `private_message`.
#[derive(Debug, Deserialize)]
pub(crate) struct Write {
    pub(crate) to: UserId,
    pub(crate) text: Text,
}

/// `private_message` as the tabs of both users get it, and as the writing tab is
/// answered.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) from: UserId,
    pub(crate) to: UserId,
    pub(crate) text: Text,
}

// ANCHOR: errors
/// The mistakes that a client can make. Its page reacts to the code, people read the
/// message.
#[derive(Debug)]
pub(crate) enum Refusal {
    NameTaken(Name),
    UnknownSession,
    Full,
    UnknownUser(UserId),
    Offline(UserId),
}

impl From<Refusal> for sio::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NameTaken(name) => {
                Self::new("name_taken", "Somebody else has this name")
                    .with_field("name", name)
            }
            Refusal::UnknownSession => {
                Self::new("unknown_session", "Please log in again")
            }
            Refusal::Full => Self::new("full", "Too many people are here"),
            Refusal::UnknownUser(to) => {
                Self::new("unknown_user", "There is nobody like that")
                    .with_field("to", to)
            }
            Refusal::Offline(to) => {
                Self::new("offline", "This user is not here now").with_field("to", to)
            }
        }
    }
}
// ANCHOR_END: errors
