//! The messages between the clients and this server, and its errors.

use serde::{Deserialize, Serialize};
use sio::prelude::*;

use crate::numbers::Numbers;

// ANCHOR: events
#[emits(namespace = "/ops")]
pub(crate) trait OpsEvents {
    /// A dashboard has been let in, with a pass for the next time.
    async fn emit_welcome(pass: &Pass);

    /// The numbers of this second.
    async fn emit_numbers(numbers: &Numbers);
}

#[emits(namespace = "/work")]
pub(crate) trait WorkEvents {
    /// Something large to read.
    async fn emit_report(lines: &[Line]);
}
// ANCHOR_END: events

/// The auth payload of a dashboard, and the argument of `reauth`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proof {
    Password(String),
    Pass(String),
}

/// A pass with which a dashboard may stay, and come back.
#[derive(Debug, Serialize)]
pub(crate) struct Pass {
    pub(crate) pass: String,
    /// How long it is valid.
    pub(crate) seconds: u64,
}

/// An order, which is kept nowhere.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) pieces: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct Receipt {
    pub(crate) pieces: u32,
    pub(crate) cents: u32,
}

/// A line of a report.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) is_done: bool,
}

/// Why a dashboard is not let in, or may not stay. The page reacts to the code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Refusal {
    WrongPassword,
    UnknownPass,
}

impl From<Refusal> for sio::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongPassword => {
                Self::new("wrong_password", "This is not the password")
            }
            Refusal::UnknownPass => {
                Self::new("unknown_pass", "This pass has run out, or is none of ours")
            }
        }
    }
}
