//! The namespaces of a server: those with a path of their own, and those that exist while somebody is in them.
//!
//! A consumer with a pattern, `/org/{id}`, serves every path that matches. The namespace of such a path is made
//! for its first socket and forgotten with its last; how many there are at a time is bounded.

pub(crate) mod pattern;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::connection::HandlerTimes;
use crate::consumer::{Description, Needs, Rate, Registration, StateMap};
use crate::drain::Drain;
use crate::listeners::Listeners;
use crate::log_limiter::LogLimiter;
use crate::middleware::{Hooks, Scoped};
use crate::namespace::{Namespace, NamespaceInner};
use crate::params::Params;
use crate::parser::Parser;
use crate::recovery::Recovery;
use crate::server::ServerInner;

/// The longest path of a dynamic namespace, in bytes: clients choose it, and the server has to keep it.
const MAX_PATH: usize = 1024;

/// What all namespaces of a server share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) state: Arc<StateMap>,
    pub(crate) parser: Parser,
    pub(crate) ack_timeout: Duration,
    pub(crate) event_rate: Option<Rate>,
    /// None if there are none.
    pub(crate) listeners: Option<Arc<Listeners>>,
    pub(crate) server: Weak<ServerInner>,
    pub(crate) drain: Arc<Drain>,
    /// None if nothing is kept of clients that are away.
    pub(crate) recovery: Option<Recovery>,
    /// How long it may take to notice that a client is away.
    pub(crate) heartbeat: Duration,
    pub(crate) logs: LogLimiter,
    pub(crate) handler_times: HandlerTimes,
}

pub(crate) struct Namespaces {
    fixed: HashMap<Box<str>, Namespace>,
    patterns: matchit::Router<Pattern>,
    consumers: Vec<Registration>,
    live: Mutex<HashMap<Box<str>, Live>>,
    max_live: usize,
    common: Common,
}

/// A consumer that serves many paths.
struct Pattern {
    consumer: Registration,
    needs: Needs,
    hooks: Hooks,
}

/// A namespace that somebody is in, or about to enter.
struct Live {
    namespace: Namespace,
    sockets: usize,
}

/// Why a client cannot enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Nobody serves this path.
    Unknown,
    /// There are as many dynamic namespaces as there may be.
    Full,
}

/// Keeps a dynamic namespace alive for one socket.
pub(crate) struct Pass(Namespace);

impl Namespaces {
    /// The registrations have been checked: no two of them have one path or overlap.
    pub(crate) fn new(
        registrations: Vec<Registration>,
        max_live: usize,
        hooks: &Scoped,
        common: Common,
    ) -> Self {
        let mut this = Self {
            fixed: HashMap::new(),
            patterns: matchit::Router::new(),
            consumers: Vec::new(),
            live: Mutex::default(),
            max_live,
            common,
        };
        // `/` always exists: clients that open another namespace may connect to it first.
        this.add("/", None, hooks);
        for consumer in registrations {
            if pattern::is_pattern(consumer.namespace) {
                let needs = Description::of(&consumer);
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
        let inner = NamespaceInner::new(path, registration, Params::default(), hooks.of(path), &self.common);
        self.fixed.insert(path.into(), Namespace { inner: Arc::new(inner) });
    }

    /// The namespace that a client wants to enter, which is made if this is the first.
    pub(crate) fn enter(&self, path: &str) -> Result<(Namespace, Option<Pass>), Closed> {
        if let Some(namespace) = self.fixed.get(path) {
            return Ok((namespace.clone(), None));
        }
        let (pattern, params) = self.matching(path).ok_or(Closed::Unknown)?;
        // Before the lock is taken: this runs the application's own deserialisation.
        let is_new = !self.lock().contains_key(path);
        if is_new && !pattern.needs.accept(path, &params, &self.common.logs) {
            return Err(Closed::Unknown);
        }
        let mut live = self.lock();
        if live.len() >= self.max_live && !live.contains_key(path) {
            return Err(Closed::Full);
        }
        let entry = live
            .entry(path.into())
            .or_insert_with(|| Live { namespace: self.make(path, pattern, params), sockets: 0 });
        entry.sockets += 1;
        let namespace = entry.namespace.clone();
        Ok((namespace.clone(), Some(Pass(namespace))))
    }

    /// Keeps a dynamic namespace alive that somebody is in.
    pub(crate) fn hold(&self, namespace: &Namespace) -> Option<Pass> {
        let mut live = self.lock();
        live.get_mut(namespace.path())?.sockets += 1;
        Some(Pass(namespace.clone()))
    }

    fn leave(&self, namespace: &Namespace) {
        let mut live = self.lock();
        let Some(entry) = live.get_mut(namespace.path()) else { return };
        entry.sockets -= 1;
        let last = if entry.sockets == 0 { live.remove(namespace.path()) } else { None };
        drop(live);
        drop(last);
    }

    /// A namespace by its path, if there is one now.
    pub(crate) fn get(&self, path: &str) -> Option<Namespace> {
        let fixed = self.fixed.get(path).cloned();
        fixed.or_else(|| self.lock().get(path).map(|live| live.namespace.clone()))
    }

    /// As [`get`](Self::get); of a dynamic namespace that nobody is in, a handle that reaches nobody.
    pub(crate) fn get_or_empty(&self, path: &str) -> Option<Namespace> {
        self.get(path).or_else(|| {
            let (pattern, params) = self.matching(path)?;
            pattern.needs.accept(path, &params, &self.common.logs).then(|| self.make(path, pattern, params))
        })
    }

    fn matching(&self, path: &str) -> Option<(&Pattern, Params)> {
        let matched = self.patterns.at(path).ok().filter(|_| path.len() <= MAX_PATH)?;
        Some((matched.value, Params::new(matched.params.iter())))
    }

    fn make(&self, path: &str, pattern: &Pattern, params: Params) -> Namespace {
        let inner =
            NamespaceInner::new(path, Some(pattern.consumer), params, pattern.hooks.clone(), &self.common);
        Namespace { inner: Arc::new(inner) }
    }

    /// All namespaces that there are now, sorted.
    pub(crate) fn all(&self) -> Vec<Namespace> {
        let mut all: Vec<_> = self.fixed.values().cloned().collect();
        all.extend(self.lock().values().map(|live| live.namespace.clone()));
        all.sort_unstable_by(|a, b| a.path().cmp(b.path()));
        all
    }

    /// Every path or pattern that is served, with its consumer, sorted.
    pub(crate) fn served(&self) -> Vec<(&str, Option<&Registration>)> {
        let fixed =
            self.fixed.iter().map(|(path, namespace)| (&**path, namespace.inner.registration.as_ref()));
        let patterns = self.consumers.iter().map(|consumer| (consumer.namespace, Some(consumer)));
        let mut served: Vec<_> = fixed.chain(patterns).collect();
        served.sort_unstable_by_key(|(path, _)| *path);
        served
    }

    /// Every path or pattern for which there is a consumer, sorted.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.served().into_iter().filter(|(_, consumer)| consumer.is_some()).map(|(path, _)| path).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Live>> {
        // No user code runs under this lock.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // A server that is gone has no list to be taken off.
        if let Some(server) = self.0.inner.server() {
            server.namespaces.leave(&self.0);
        }
    }
}
