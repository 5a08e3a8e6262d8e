//! [`Presence`]: which users are online, and when that is told.
//!
//! ```text
//!            first socket, on any node             last one has been away for the grace time
//! offline ─────────────────────────────► online ────────────────────────────────────────────► offline
//!                    told at once                                     told
//! ```
//!
//! Every node has this of all nodes: each tells the others which users came and went on it.

#[cfg(feature = "cluster")]
mod nodes;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use sio_core::id::NodeId;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::others::Others;
use crate::guarded::{self, Guarded};
use crate::log_limiter::{About, LogLimiter, limited};

/// A user has come, or has been away for the grace time: see
/// [`Builder::on_presence`](crate::Builder::on_presence).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceChange {
    /// The first socket of the user is there, on any node.
    Online,
    /// No socket of the user has been there, on no node, for the grace time.
    Offline {
        /// When the last one went.
        since: SystemTime,
    },
}

/// How many users are kept if nothing else is said.
pub(crate) const MAX_USERS: usize = 1_000_000;

/// A call of the application, with the namespace, the user and the change.
type Listener = dyn Fn(&str, &str, PresenceChange) + Send + Sync;

/// Those who are told, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Listeners(Vec<Guarded<Box<Listener>>>);

/// Which users are online.
pub(crate) struct Presence {
    grace: Duration,
    /// How many users are kept at most, of all namespaces and nodes.
    max_users: usize,
    listeners: Listeners,
    others: Option<Others>,
    inner: Mutex<Inner>,
    /// Something is to be told, now or later.
    changed: Arc<Notify>,
}

/// A namespace, and a user of it.
type Key = (Arc<str>, Arc<str>);

/// A change that is to be told.
type Told = (Key, PresenceChange);

#[derive(Default)]
struct Inner {
    users: HashMap<Key, User>,
    /// Those who have come and were not told. Each is there once, and among the users. Some have gone since.
    come: VecDeque<Key>,
    /// Those who have gone, and when that is told.
    gone: BTreeSet<(Instant, Key)>,
    is_running: bool,
    /// The number of the last change that was told to the others.
    number: u64,
    /// The other nodes, as far as their users are known.
    #[cfg(feature = "cluster")]
    nodes: HashMap<NodeId, nodes::Node>,
}

#[derive(Default)]
struct User {
    is_here: bool,
    elsewhere: Vec<NodeId>,
    /// It was told that the user is online.
    is_told: bool,
    /// It is among those who have come.
    is_queued: bool,
    /// Since when no socket is there.
    away: Option<(Instant, SystemTime)>,
}

impl User {
    fn is_online(&self) -> bool {
        self.is_here || !self.elsewhere.is_empty()
    }
}

impl Inner {
    /// Returns whether a change of this user is kept: beyond the limit those who come are not, until one of them comes
    /// whom there is room for.
    fn is_kept(&self, key: &Key, max_users: usize) -> bool {
        self.users.len() < max_users || self.users.contains_key(key)
    }

    /// Changes where a user is.
    fn change(&mut self, key: &Key, grace: Duration, change: impl FnOnce(&mut User)) {
        let user = self.users.entry(key.clone()).or_default();
        let was_online = user.is_online();
        change(user);
        match (was_online, user.is_online()) {
            (false, true) if user.is_told => {
                if let Some((away, _)) = user.away.take() {
                    self.gone.remove(&(away + grace, key.clone()));
                }
            }
            (false, true) => {
                if !std::mem::replace(&mut user.is_queued, true) {
                    self.come.push_back(key.clone());
                }
            }
            (true, false) if user.is_told => {
                let now = Instant::now();
                user.away = Some((now, SystemTime::now()));
                self.gone.insert((now + grace, key.clone()));
            }
            (_, false) => {
                // One that is queued is forgotten in its turn.
                if !user.is_told && !user.is_queued {
                    self.users.remove(key);
                }
            }
            (true, true) => {}
        }
    }

    /// The changes that are to be told now, and when others are.
    fn take(&mut self, now: Instant, grace: Duration) -> (Vec<Told>, Option<Instant>) {
        let mut told = Vec::new();
        while let Some(key) = self.come.pop_front() {
            let Some(user) = self.users.get_mut(&key) else { continue };
            user.is_queued = false;
            if user.is_online() {
                user.is_told = true;
                told.push((key, PresenceChange::Online));
            } else {
                self.users.remove(&key);
            }
        }
        while let Some((at, _)) = self.gone.first() {
            if *at > now {
                return (told, Some(*at));
            }
            let Some((at, key)) = self.gone.pop_first() else { break };
            let away = self.users.get(&key).and_then(|user| user.away);
            if let Some((_, since)) = away.filter(|(away, _)| *away + grace == at) {
                self.users.remove(&key);
                told.push((key, PresenceChange::Offline { since }));
            }
        }
        (told, None)
    }
}

impl Presence {
    pub(crate) fn new(
        grace: Duration,
        max_users: usize,
        listeners: Listeners,
        others: Option<Others>,
    ) -> Arc<Self> {
        let (inner, changed) = (Mutex::default(), Arc::default());
        Arc::new(Self { grace, max_users, listeners, others, inner, changed })
    }

    /// The first socket of a user has come to this node, or the last has gone; `is_here` returns which.
    pub(crate) fn check(self: &Arc<Self>, path: &str, user: &str, is_here: impl FnOnce() -> bool) {
        let key: Key = (path.into(), user.into());
        {
            let mut inner = self.lock();
            // Asked under the lock: of two changes that overtake each other the later one finds how it is.
            let is_here = is_here();
            let was_here = inner.users.get(&key).is_some_and(|user| user.is_here);
            if is_here == was_here {
                return;
            }
            if is_here && !inner.is_kept(&key, self.max_users) {
                drop(inner);
                return Self::is_full(path);
            }
            inner.change(&key, self.grace, |user| user.is_here = is_here);
            inner.number += 1;
            if let Some(others) = &self.others {
                others.tell_presence(path, user, is_here, inner.number);
            }
        }
        self.wake();
    }

    /// Lets the task run that tells.
    fn wake(self: &Arc<Self>) {
        self.changed.notify_one();
        let mut inner = self.lock();
        // Outside of a runtime it has to wait for the next change.
        if !inner.is_running && tokio::runtime::Handle::try_current().is_ok() {
            inner.is_running = true;
            tokio::spawn(run(Arc::downgrade(self), Arc::clone(&self.changed)));
        }
    }

    /// Says that somebody is not kept. Nothing else is said of one who was not: neither that they go, nor to other nodes.
    fn is_full(namespace: &str) {
        limited!(
            WARN, LogLimiter::of_process(), About::namespace(namespace),
            target: "sio", { namespace, },
            "as many users are online as `max_users` allows: nobody is told of others who come"
        );
    }

    fn tell(&self, told: &[Told]) {
        for ((path, user), change) in told {
            for listener in &self.listeners.0 {
                guarded::call("a listener for presence", || listener(path, user, *change));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No user code runs under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what is to be told, in order, until the server is gone.
async fn run(presence: Weak<Presence>, changed: Arc<Notify>) {
    loop {
        let next = {
            let Some(presence) = presence.upgrade() else { return };
            let (told, next) = presence.lock().take(Instant::now(), presence.grace);
            presence.tell(&told);
            next
        };
        let due = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed.notified() => {}
            () = due => {}
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Listeners {
    pub(crate) fn add(&mut self, listener: impl Fn(&str, &str, PresenceChange) + Send + Sync + 'static) {
        self.0.push(Guarded::new(Box::new(listener)));
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").field("len", &self.0.len()).finish()
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence").field("grace", &self.grace).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
