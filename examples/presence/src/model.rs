//! The messages between the clients and this server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const MAX_NAME: usize = 32;

/// The same in bytes: with the team it must be short enough for the name of a user, which has 128.
const MAX_NAME_BYTES: usize = 112;

/// The teams that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Team {
    Design,
    Engineering,
    Support,
}

impl Team {
    pub(crate) const ALL: [Self; 3] = [Self::Design, Self::Engineering, Self::Support];

    /// The Socket.IO room of those who see this team.
    pub(crate) fn room(self) -> String {
        format!("team:{self:?}")
    }
}

/// How somebody wants to be called. Equal names in the same team are the same person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let name = visible_text::name(&name);
        if name.is_empty()
            || name.chars().count() > MAX_NAME
            || name.len() > MAX_NAME_BYTES
        {
            return Err("a name has 1 to 32 characters that can be seen");
        }
        Ok(Self(name))
    }
}

/// The data that a client sends when it connects.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Login {
    pub(crate) name: Name,
    pub(crate) team: Team,
}

impl Login {
    /// The name under which the server knows them.
    pub(crate) fn user(&self) -> String {
        format!("{:?}:{}", self.team, self.name.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Online,
    /// Here, but idle in all tabs.
    Away,
    Offline,
}

#[derive(Debug, Serialize)]
pub(crate) struct Person {
    pub(crate) name: Name,
    pub(crate) status: Status,
    /// For how long it has been so, in seconds.
    pub(crate) seconds: u64,
}

/// The event `team`. A higher `version` is newer, in whatever order two lists arrive.
#[derive(Debug, Serialize)]
pub(crate) struct Members {
    pub(crate) team: Team,
    pub(crate) version: u64,
    pub(crate) people: Vec<Person>,
}

/// The event `teams`: how many of each team are online.
#[derive(Debug, Serialize)]
pub(crate) struct Overview {
    pub(crate) version: u64,
    pub(crate) online: BTreeMap<Team, usize>,
}
