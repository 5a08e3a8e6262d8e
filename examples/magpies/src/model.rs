//! The messages between the clients and this server.

use serde::{Deserialize, Serialize};

/// The longest name of a player or a match, in characters.
const MAX_NAME: usize = 24;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let name = visible_text::name(&name);
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err("a name has 1 to 24 characters that can be seen");
        }
        Ok(Self(name))
    }
}

/// The name of a match. Those who know it can enter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MatchName(String);

impl TryFrom<String> for MatchName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
            return Err(
                "the name of a match has 1 to 24 of the characters a-z, 0-9 and -",
            );
        }
        Ok(Self(name))
    }
}

impl MatchName {
    /// The Socket.IO room of its players and spectators.
    pub(crate) fn room(&self) -> String {
        format!("match:{}", self.0)
    }
}

/// The auth payload of a client.
#[derive(Debug, Deserialize)]
pub(crate) struct Login {
    #[serde(rename = "match")]
    pub(crate) match_name: MatchName,
    /// A client without a name watches.
    pub(crate) name: Option<Name>,
}

/// The event `welcome`, sent to a client that has entered.
#[derive(Debug, Serialize)]
pub(crate) struct Welcome {
    /// The number of its bird; none of a spectator.
    pub(crate) bird: Option<u32>,
}

/// The event `scene`: all that changes now and then. It is sent whole, so that the last
/// one is all that one needs.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Scene {
    pub(crate) birds: Vec<Bird>,
    /// Where gems lie.
    pub(crate) gems: Vec<Point>,
    /// The number of the bird that has won, for some seconds.
    pub(crate) winner: Option<u32>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bird {
    pub(crate) number: u32,
    pub(crate) name: Name,
    pub(crate) gems: u32,
    /// The connection of its player is lost.
    pub(crate) is_away: bool,
}

/// The event `positions`: the number of each bird, and its place. It is sent twenty times
/// a second, and may be lost.
pub(crate) type Positions = Vec<(u32, Point)>;

/// A place in the field, which goes from 0 to 1000 both ways; or a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
}
