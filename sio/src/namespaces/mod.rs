//! The namespaces of a server: those with a path of their own, and those that exist while somebody is in them.
//!
//! A consumer with a pattern, `/org/{id}`, serves every path that matches. The namespace of such a path is made
//! for its first socket and forgotten with its last; how many there are at a time is bounded.

pub(crate) mod declarations;
mod door;
pub(crate) mod registration;
mod residents;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sio_grammar::pattern;

pub(crate) use self::door::{Door, HandlerTimes};
use self::registration::Registration;
use self::residents::Residents;
use crate::consumer::{Needs, Rate};
use crate::counters::Counters;
#[cfg(feature = "cluster")]
use crate::hub::presence::Presence;
use crate::hub::{self, Hub};
use crate::middleware::{Hooks, Scoped};
use crate::observe::{Observers, Spans};
use crate::params::Params;
use crate::places::Addresses;
use crate::random::Ids;
use crate::recovery::Keeping;
use crate::shutdown::Shutdown;
use crate::watchdog::Watchdog;

/// The longest path of a dynamic namespace, in bytes: clients choose it, and the server has to keep it.
const MAX_PATH: usize = 1024;

/// State that all namespaces of a server share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) hub: hub::Common,
    pub(crate) event_rate: Option<Rate>,
    /// None if there are none.
    pub(crate) observers: Option<Arc<Observers>>,
    pub(crate) spans: Option<Arc<Spans>>,
    /// None without metrics.
    pub(crate) counters: Option<Arc<Counters>>,
    pub(crate) shutdown: Arc<Shutdown>,
    /// None if nothing is kept of clients that are away.
    pub(crate) recovery: Option<Keeping>,
    pub(crate) ids: Ids,
    /// How long it may take to notice that a client is away.
    pub(crate) heartbeat: Duration,
    pub(crate) handler_times: HandlerTimes,
    /// None if nobody wants to know of handlers that block their thread.
    pub(crate) watchdog: Option<Arc<Watchdog>>,
}

pub(crate) struct Namespaces {
    fixed: HashMap<Box<str>, Arc<Door>>,
    patterns: matchit::Router<Pattern>,
    consumers: Vec<Registration>,
    live: Arc<Mutex<Table>>,
    /// None without a limit.
    addresses: Option<Arc<Addresses>>,
    common: Common,
}

/// A consumer that serves many paths.
struct Pattern {
    consumer: Registration,
    needs: Needs,
    hooks: Hooks,
}

/// The dynamic namespaces that there are.
struct Table {
    /// How many there may be.
    max: usize,
    namespaces: HashMap<Box<str>, Live>,
    /// How many of them are only there because somebody may come back.
    deserted: usize,
}

/// A namespace that somebody is in, about to enter, or may come back to.
struct Live {
    door: Arc<Door>,
    sockets: usize,
    parked: usize,
    /// None without a limit of what one address may have.
    residents: Option<Residents>,
}

/// A client that wants to enter a namespace.
pub(crate) struct Entrant {
    pub(crate) ip: Option<IpAddr>,
    /// How many dynamic namespaces the connection is in.
    pub(crate) dynamic: usize,
}

/// Why a client cannot enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Nobody serves this path.
    Unknown,
    /// There are as many dynamic namespaces as there may be, in all or of this connection or address.
    Full,
}

/// Keeps a dynamic namespace alive for one socket.
pub(crate) struct Pass {
    hub: Arc<Hub>,
    list: Weak<Mutex<Table>>,
    /// Of a client that is away.
    is_parked: bool,
    /// The client's address, if it is known.
    ip: Option<IpAddr>,
}

impl Live {
    /// A client enters, or one that is in it is about to be away.
    fn enter(&mut self, is_parked: bool, ip: Option<IpAddr>) {
        *self.count(is_parked) += 1;
        if let Some(residents) = &mut self.residents {
            residents.enter(ip);
        }
    }

    fn leave(&mut self, is_parked: bool, ip: Option<IpAddr>) {
        *self.count(is_parked) -= 1;
        if let Some(residents) = &mut self.residents {
            residents.leave(ip);
        }
    }

    fn count(&mut self, is_parked: bool) -> &mut usize {
        if is_parked { &mut self.parked } else { &mut self.sockets }
    }

    fn is_deserted(&self) -> bool {
        self.sockets == 0 && self.parked > 0
    }
}

impl Table {
    /// How many dynamic namespaces one connection may be in and still make another. While more than half of the
    /// places are free it is as many as it likes; then eight, and fewer with every place that is taken, so that
    /// greedy clients leave some for others.
    fn share(&self) -> usize {
        let left = self.max.saturating_sub(self.namespaces.len());
        match left {
            0 => 0,
            left if left > self.max / 2 => usize::MAX,
            left => (left.saturating_mul(16) / self.max).max(1),
        }
    }

    /// Changes how many are in a namespace. Returns the namespace if it has ended by that.
    fn change(&mut self, path: &str, change: impl FnOnce(&mut Live)) -> Option<Live> {
        let live = self.namespaces.get_mut(path)?;
        let was_deserted = live.is_deserted();
        change(live);
        self.deserted += usize::from(live.is_deserted());
        self.deserted -= usize::from(was_deserted);
        if live.sockets + live.parked == 0 { self.namespaces.remove(path) } else { None }
    }
}

impl Namespaces {
    /// The registrations have been checked: no two of them have one path or overlap.
    pub(crate) fn new(
        registrations: Vec<Registration>,
        max_live: usize,
        max_per_address: usize,
        hooks: &Scoped,
        common: Common,
    ) -> Self {
        let mut this = Self {
            fixed: HashMap::new(),
            patterns: matchit::Router::new(),
            consumers: Vec::new(),
            live: Arc::new(Mutex::new(Table { max: max_live, namespaces: HashMap::new(), deserted: 0 })),
            addresses: (max_per_address != usize::MAX).then(|| Arc::new(Addresses::new(max_per_address))),
            common,
        };
        // `/` always exists: clients that open another namespace may connect to it first.
        this.add("/", None, hooks);
        for consumer in registrations {
            if pattern::is_pattern(consumer.namespace) {
                let needs = consumer.needs();
                let pattern = Pattern { consumer, needs, hooks: hooks.of(consumer.namespace) };
                let inserted = this.patterns.insert(consumer.namespace, pattern);
                inserted.expect("patterns that do not overlap do not conflict");
                this.consumers.push(consumer);
            } else {
                this.add(consumer.namespace, Some(consumer), hooks);
            }
        }
        this
    }

    fn add(&mut self, path: &str, registration: Option<Registration>, hooks: &Scoped) {
        let door = self.door(path, registration, Params::default(), hooks.of(path));
        self.fixed.insert(path.into(), door);
    }

    /// The namespace that a client wants to enter, which is made if this is the first.
    ///
    /// A client that is in none of those that are made in this way finds a place while there is one.
    pub(crate) fn enter(&self, path: &str, who: &Entrant) -> Result<(Arc<Door>, Option<Pass>), Closed> {
        if let Some(door) = self.fixed.get(path) {
            return Ok((Arc::clone(door), None));
        }
        let (pattern, params) = self.matching(path).ok_or(Closed::Unknown)?;
        // Before the lock is taken: this runs the application's own deserialization.
        let is_new = !self.lock().namespaces.contains_key(path);
        if is_new && !pattern.needs.accept(path, &params, &self.common.hub.logs) {
            return Err(Closed::Unknown);
        }
        let mut table = self.lock();
        if !table.namespaces.contains_key(path) {
            if who.dynamic >= table.share() {
                return Err(Closed::Full);
            }
            let founded = |addresses| Residents::founded(addresses, who.ip).ok_or(Closed::Full);
            let residents = self.addresses.as_ref().map(founded).transpose()?;
            let door = self.make(path, pattern, params);
            let live = Live { door, sockets: 0, parked: 0, residents };
            table.namespaces.insert(path.into(), live);
        }
        table.change(path, |live| live.enter(false, who.ip));
        let door = Arc::clone(&table.namespaces[path].door);
        let (hub, list) = (Arc::clone(&door.hub), Arc::downgrade(&self.live));
        let pass = Pass { hub, list, is_parked: false, ip: who.ip };
        Ok((door, Some(pass)))
    }

    /// A namespace by its path, if there is one now.
    pub(crate) fn get(&self, path: &str) -> Option<Arc<Door>> {
        let fixed = self.fixed.get(path).cloned();
        fixed.or_else(|| self.lock().namespaces.get(path).map(|live| Arc::clone(&live.door)))
    }

    /// As [`get`](Self::get); of a dynamic namespace that nobody is in, one that reaches nobody.
    pub(crate) fn get_or_empty(&self, path: &str) -> Option<Arc<Door>> {
        self.get(path).or_else(|| {
            let (pattern, params) = self.matching(path)?;
            pattern
                .needs
                .accept(path, &params, &self.common.hub.logs)
                .then(|| self.make(path, pattern, params))
        })
    }

    /// Returns which users are online, if somebody wants to know.
    #[cfg(feature = "cluster")]
    pub(crate) fn presence(&self) -> Option<&Arc<Presence>> {
        self.common.hub.presence.as_ref()
    }

    fn matching(&self, path: &str) -> Option<(&Pattern, Params)> {
        let matched = self.patterns.at(path).ok().filter(|_| path.len() <= MAX_PATH)?;
        Some((matched.value, Params::new(matched.params.iter())))
    }

    fn make(&self, path: &str, pattern: &Pattern, params: Params) -> Arc<Door> {
        self.door(path, Some(pattern.consumer), params, pattern.hooks.clone())
    }

    fn door(&self, path: &str, consumer: Option<Registration>, params: Params, hooks: Hooks) -> Arc<Door> {
        Arc::new(Door::new(path, consumer, params, hooks, &self.common, Arc::downgrade(&self.live)))
    }

    /// All namespaces that there are now, sorted.
    pub(crate) fn all(&self) -> Vec<Arc<Door>> {
        let mut all: Vec<_> = self.fixed.values().cloned().collect();
        all.extend(self.lock().namespaces.values().map(|live| Arc::clone(&live.door)));
        all.sort_unstable_by(|a, b| a.path().cmp(b.path()));
        all
    }

    /// Every path or pattern that is served, with its consumer, sorted.
    pub(crate) fn served(&self) -> Vec<(&str, Option<&Registration>)> {
        let fixed = self.fixed.iter().map(|(path, door)| (&**path, door.consumer.as_ref()));
        let patterns = self.consumers.iter().map(|consumer| (consumer.namespace, Some(consumer)));
        let mut served: Vec<_> = fixed.chain(patterns).collect();
        served.sort_unstable_by_key(|(path, _)| *path);
        served
    }

    /// Every path or pattern for which there is a consumer, sorted.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.served().into_iter().filter(|(_, consumer)| consumer.is_some()).map(|(path, _)| path).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.live)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // A server that is gone has no list to be taken off.
        let Some(list) = self.list.upgrade() else { return };
        let last = lock(&list).change(&self.hub.path, |live| live.leave(self.is_parked, self.ip));
        // Without the lock: hooks of the application go with it.
        drop(last);
    }
}

fn lock(list: &Mutex<Table>) -> MutexGuard<'_, Table> {
    // No user code runs under this lock.
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
