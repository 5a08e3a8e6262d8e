//! The open sessions of an engine, by their secret id.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio_core::id::SessionId;
use tokio::sync::Notify;

use super::mailbox::Mailbox;
use crate::give_back::GiveBack as _;
use crate::places::Place;
use crate::until::until;

/// Sessions are spread over this many locks, so that polling requests of many cores seldom meet.
const SHARDS: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    shards: [Mutex<HashMap<SessionId, Session>>; SHARDS],
    count: AtomicUsize,
    /// Tasks that run, those of sessions that have ended and whose handlers are still busy included.
    tasks: AtomicUsize,
    idle: Notify,
}

#[derive(Debug)]
struct Session {
    mailbox: Arc<Mailbox>,
    /// Held for as long as the session is open.
    _place: Option<Place>,
}

impl Sessions {
    pub(crate) fn insert(&self, id: SessionId, mailbox: Arc<Mailbox>, place: Option<Place>) {
        self.shard(&id).insert(id, Session { mailbox, _place: place });
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, id: &SessionId) -> Option<Arc<Mailbox>> {
        self.shard(id).get(id).map(|session| Arc::clone(&session.mailbox))
    }

    pub(crate) fn remove(&self, id: &SessionId) {
        let removed = {
            let mut shard = self.shard(id);
            let removed = shard.remove(id);
            shard.give_back();
            removed
        };
        if removed.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many sessions are open.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// All open sessions, as they are now.
    pub(crate) fn all(&self) -> Vec<Arc<Mailbox>> {
        let mut all = Vec::with_capacity(self.len());
        for shard in &self.shards {
            all.extend(lock(shard).values().map(|session| Arc::clone(&session.mailbox)));
        }
        all
    }

    /// Makes the task of every open session look around again.
    pub(crate) fn nudge(&self) {
        for mailbox in self.all() {
            mailbox.inbox.nudge();
        }
    }

    pub(crate) fn task_started(&self) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn task_ended(&self) {
        if self.tasks.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }

    /// Waits until no session's task runs any more.
    pub(crate) async fn until_idle(&self) {
        until(&self.idle, || (self.tasks.load(Ordering::Acquire) == 0).then_some(())).await;
    }

    fn shard(&self, id: &SessionId) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        // The id is random: any of its bytes spreads evenly.
        let byte = id.as_bytes()[SessionId::LEN - 1];
        lock(&self.shards[usize::from(byte) % SHARDS])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
