//! The messages between the clients and this server, and its errors.

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const MAX_NAME: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The body of a page's request to `/login`.
#[derive(Debug, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) name: Name,
    pub(crate) password: String,
}

/// The answer of `/token`, the auth payload of a socket, and the argument of `renew`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) token: String,
}

/// Sent to a client when it has been let in, and when it has renewed its token.
#[derive(Debug, Serialize)]
pub(crate) struct Validity {
    pub(crate) user: Name,
    /// How long the token is still valid.
    pub(crate) seconds: u64,
}

// ANCHOR: refusal
/// Why a token is not good enough. The page reacts to the code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Refusal {
    InvalidToken,
    ExpiredToken,
    AnotherUser,
}

impl From<Refusal> for sio::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidToken => {
                Self::new("invalid_token", "This token is none of ours")
            }
            Refusal::ExpiredToken => Self::new("expired_token", "This token has run out"),
            Refusal::AnotherUser => {
                Self::new("another_user", "This token is somebody else's")
            }
        }
    }
}
// ANCHOR_END: refusal
