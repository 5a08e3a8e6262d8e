//! The state that a client keeps across connections: who it is, and what it has missed.

mod log;
pub(crate) mod memory;
#[cfg(feature = "cluster")]
mod moving;

use std::sync::{Arc, PoisonError, Weak};

use sio_core::id::{PrivateId, Sid};
use sio_core::socket::DisconnectReason;

pub(crate) use self::log::Bounds;
use self::log::Log;
use self::memory::Account;
#[cfg(feature = "cluster")]
use self::moving::Seen;
#[cfg(feature = "cluster")]
pub(crate) use self::moving::{From, Given};
use crate::engine::outbox::PushError;
use crate::engine::session;
use crate::hub::member::Member;
use crate::sync::{Mutex, MutexGuard};
use crate::transport::outgoing::Entry;

/// Returns whether a client that has gone for this reason may come back: it did not mean to leave, and nobody wanted
/// it to.
pub(crate) fn may_come_back(reason: DisconnectReason) -> bool {
    use DisconnectReason as R;
    matches!(reason, R::TransportClose | R::TransportError | R::PingTimeout | R::ForcedClose | R::SlowClient)
}

/// One client in one namespace, for as long as it may come back.
///
/// ```text
///            hand_over (the client comes back)
///          ┌──────────────────────────────────┐
///   held by a member ◄────────────────────┘
///          │  end: left, disconnected by the server, refused, or away for too long
///          ▼
///        over
/// ```
///
/// An event is sent and kept under one lock, under which the client also changes hands. So each event either was sent
/// before the client came back, and is among those that it has missed, or goes to the client that has come back.
pub(crate) struct ConnectionState {
    pub(crate) sid: Sid,
    pub(crate) pid: PrivateId,
    inner: Mutex<Inner>,
}

struct Inner {
    log: Log,
    /// The member by which the client is reached, or was reached last. `None`: over.
    holder: Option<Weak<Member>>,
    /// Events that are sent before the holder's CONNECT.
    missed: Vec<Entry>,
    /// The events that a client which was at another node has had.
    #[cfg(feature = "cluster")]
    seen: Option<Box<Seen>>,
}

/// By which member a client is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    /// The one that asks.
    This,
    /// Another: it has come back.
    Other,
    /// None: it will not come back.
    Nobody,
}

impl Inner {
    fn holding(&self, member: &Member) -> Holding {
        match &self.holder {
            Some(holder) if std::ptr::eq(holder.as_ptr(), member) => Holding::This,
            Some(_) => Holding::Other,
            None => Holding::Nobody,
        }
    }
}

impl ConnectionState {
    pub(crate) fn new(sid: Sid, pid: PrivateId, bounds: Bounds, account: Arc<Account>) -> Self {
        let inner = Inner {
            log: Log::new(bounds, account),
            holder: Some(Weak::new()),
            missed: Vec::new(),
            #[cfg(feature = "cluster")]
            seen: None,
        };
        Self { sid, pid, inner: Mutex::new(inner) }
    }

    /// The first member of the client.
    pub(crate) fn begin(&self, holder: &Arc<Member>) {
        self.lock().holder = Some(Arc::downgrade(holder));
    }

    /// Gives the client that has come back what was sent after the offset, and all that is sent from now on. False, and
    /// all is over, if a part of that is not known any more.
    pub(crate) fn hand_over(&self, to: &Arc<Member>, offset: Option<u64>) -> bool {
        let mut inner = self.lock();
        if inner.holder.is_none() {
            return false;
        }
        match inner.log.resume(offset) {
            Some(missed) => {
                inner.missed = missed;
                inner.holder = Some(Arc::downgrade(to));
                true
            }
            None => {
                inner.holder = None;
                false
            }
        }
    }

    /// Returns the events that the client has missed, once; none for a member that another has replaced.
    pub(crate) fn take_missed(&self, member: &Member) -> Vec<Entry> {
        let mut inner = self.lock();
        match inner.holding(member) {
            Holding::This => std::mem::take(&mut inner.missed),
            Holding::Other | Holding::Nobody => Vec::new(),
        }
    }

    /// Sends an event by whichever member the client has now, and keeps it; for a client that is away it is only
    /// kept. One for which there was no room is kept if `always`.
    pub(crate) fn deliver<T: Default>(
        &self,
        offset: u64,
        entry: &Entry,
        always: bool,
        push: impl FnOnce(&Member) -> Result<T, PushError>,
    ) -> Result<T, PushError> {
        let mut inner = self.lock();
        let holder = inner.holder.as_ref().and_then(Weak::upgrade).ok_or(PushError::Closed)?;
        #[cfg(feature = "cluster")]
        if inner.seen.as_mut().is_some_and(|seen| !seen.insert(offset, session::now())) {
            return Ok(T::default());
        }
        let pushed = match push(&holder) {
            Err(PushError::Closed) => Ok(T::default()),
            pushed => pushed,
        };
        if always || pushed.is_ok() {
            inner.log.push(offset, entry.plain(), session::now());
        }
        // Before the holder: what is dropped with that needs no lock.
        drop(inner);
        pushed
    }

    /// The member by which the client is reached.
    pub(crate) fn holder(&self) -> Option<Arc<Member>> {
        self.lock().holder.as_ref().and_then(Weak::upgrade)
    }

    /// Returns how this member relates to the one by which the client is reached.
    pub(crate) fn holding(&self, member: &Member) -> Holding {
        self.lock().holding(member)
    }

    /// The client cannot come back any more, if this is still how it is reached.
    pub(crate) fn end(&self, member: &Member) {
        let mut inner = self.lock();
        if inner.holding(member) == Holding::This {
            inner.holder = None;
            inner.missed = Vec::new();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No user code runs under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
