//! [`Admin`]: who may look at a server with the Admin UI, and what they may do.

use std::fmt;

use bcrypt::HashParts;

/// The most expensive hash that is taken: each step of it doubles the time of a login, and 14 takes about a second.
const MAX_COST: u32 = 14;

/// Access for the Admin UI: see [`Builder::admin`](crate::Builder::admin).
///
/// # Examples
///
/// ```
/// use sio::options::{Admin, AdminMode};
/// use sio::prelude::*;
///
/// // Made by `htpasswd -nbB ops secret`, or by any other program that makes bcrypt hashes.
/// let hash = "$2b$04$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi";
/// let builder = Server::builder().admin(Admin::basic("ops", hash).read_only(true).mode(AdminMode::Development));
/// # drop(builder);
/// ```
#[derive(Clone)]
#[must_use = "it is given to `Builder::admin`"]
pub struct Admin {
    pub(super) account: Option<Account>,
    pub(super) read_only: bool,
    pub(super) mode: AdminMode,
    pub(super) server_id: Option<String>,
}

/// A name, and the hash of its password.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) hash: String,
}

/// How much those who look at a server are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AdminMode {
    /// Servers, their namespaces, how many clients there are, and counts of what happens. The default: it costs a few
    /// counters, however many clients there are.
    #[default]
    Production,
    /// Each socket too, its rooms, and its events with their arguments: up to 1,000 sockets and 200 lines a second of
    /// each server. What is beyond that is counted, and not shown.
    Development,
}

impl Admin {
    /// Lets in whoever knows the name and the password of which this is the bcrypt hash (`$2a$`, `$2b$`, `$2x$` or `$2y$`,
    /// with a cost of 14 at most). [`Builder::build`](crate::Builder::build) fails if it is no such hash.
    ///
    /// A login lasts eight hours, on all nodes of a cluster. An address that fails five times in a minute has to wait.
    pub fn basic(name: impl Into<String>, hash: impl Into<String>) -> Self {
        Self::new(Some(Account { name: name.into(), hash: hash.into() }))
    }

    /// Lets everybody in who can reach the server and comes from an
    /// [allowed origin](crate::Builder::allowed_origins). A warning is logged.
    pub fn open() -> Self {
        Self::new(None)
    }

    fn new(account: Option<Account>) -> Self {
        Self { account, read_only: false, mode: AdminMode::default(), server_id: None }
    }

    /// Sets whether those who are let in may only look. If false, they can emit events to sockets, move them into and out
    /// of rooms, and disconnect them. Default false.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Sets how much is told. Default [`AdminMode::Production`].
    pub fn mode(mut self, mode: AdminMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the name by which the UI knows this server, which must differ from that of every other node. Default: the name of the machine and the
    /// number of the process.
    pub fn server_id(mut self, id: impl Into<String>) -> Self {
        self.server_id = Some(id.into());
        self
    }

    /// Returns what is wrong with it.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let account = self.account.as_ref()?;
        match account.hash.parse::<HashParts>() {
            Ok(parts) if parts.get_cost() > MAX_COST => Some("must have a hash of cost 14 at most"),
            Ok(_) => None,
            Err(_) => Some("must have a bcrypt hash in place of the password"),
        }
    }
}

impl fmt::Debug for Admin {
    /// Leaves the hash out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("name", &self.account.as_ref().map(|account| &account.name))
            .field("read_only", &self.read_only)
            .field("mode", &self.mode)
            .field("server_id", &self.server_id)
            .finish()
    }
}
