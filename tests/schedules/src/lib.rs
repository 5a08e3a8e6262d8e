//! The library's modules that several threads enter, compiled with the locks and atomics of [`shuttle`], which chooses
//! after each step who goes on; and models of their use, each of which ends as it must in every schedule.
//!
//! `tests/schedules.rs` runs the models. A wake-up that is lost leaves somebody waiting, which is a deadlock, and fails.
//!
//! Every atomic is sequentially consistent here, whatever its order says: one that is too weak is not found.

// The modules bring tests of their own, which need real locks and run where they belong; `--all-targets` compiles them.
#![cfg(not(test))]
// Features of `sio` that are not wanted here, and much of it that no model reaches.
#![allow(dead_code, unexpected_cfgs, unused_imports, reason = "these are modules of another crate")]

mod stand_ins;
mod sync;

#[path = "../../../sio/src/turn.rs"]
mod turn;
#[path = "../../../sio/src/until.rs"]
mod until;

#[path = "../../../sio/src/transport"]
mod transport {
    pub(crate) mod outgoing;
    pub(crate) mod wire;

    pub(crate) use crate::stand_ins::transport::{deflate, frames, websocket};
}

#[path = "../../../sio/src/engine"]
mod engine {
    pub(crate) mod command;
    mod inbox;
    pub(crate) mod mailbox;
    pub(crate) mod outbox;
    pub(crate) mod polling;

    pub(crate) use sio_core::engine::session::CloseReason;

    pub(crate) use self::command::Command;
    pub(crate) use crate::stand_ins::engine::session;
}

#[path = "../../../sio/src/hub"]
mod hub {
    pub(crate) mod member;
    pub(crate) mod state;
    pub(crate) mod wakes;

    pub(crate) use crate::stand_ins::hub::{Namespace, answer, emission, limits};
}

use stand_ins::{codec, consumer, data, error, handshake};

pub mod models;
