//! [`Door`]: a namespace as those see it who let clients in.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

#[cfg(feature = "cluster")]
use sio_core::id::PrivateId;
use sio_core::id::Sid;

use super::registration::Registration;
use super::{Closed, Common, Pass, Table, lock};
use crate::consumer::{EventInfo, Rate};
use crate::counters::NamespaceCounters;
use crate::engine::Revision;
use crate::engine::mailbox::Mailbox;
use crate::handshake::Handshake;
use crate::hub::limits::Limits;
use crate::hub::member::Member;
#[cfg(feature = "cluster")]
use crate::hub::state::From;
use crate::hub::{Hub, Namespace};
use crate::middleware::Hooks;
use crate::observe::{Observers, Spans};
use crate::params::Params;
use crate::random::Ids;
use crate::recovery::Kept;
use crate::shutdown::Shutdown;

/// For how long handlers run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HandlerTimes {
    /// Then they are dropped, unless their event says otherwise.
    pub(crate) timeout: Option<Duration>,
    /// Then a line is written.
    pub(crate) slow: Option<Duration>,
    /// Then a line is written, if all the time was without an `await`.
    pub(crate) blocking: Option<Duration>,
}

impl Default for HandlerTimes {
    fn default() -> Self {
        Self { timeout: None, slow: Some(Duration::from_secs(10)), blocking: Some(Duration::from_secs(1)) }
    }
}

/// A hub, and all that a client passes on its way into it.
pub(crate) struct Door {
    pub(crate) hub: Arc<Hub>,
    pub(crate) consumer: Option<Registration>,
    pub(crate) hooks: Hooks,
    /// None if there are none.
    pub(crate) observers: Option<Arc<Observers>>,
    pub(crate) spans: Option<Arc<Spans>>,
    /// How many events one socket may send.
    pub(crate) event_rate: Option<Rate>,
    /// True if anything limits how often events come.
    pub(crate) has_rates: bool,
    /// True if any handler is concurrent or has a deadline; if not, events need not be looked up.
    pub(crate) has_special: bool,
    pub(crate) handler_times: HandlerTimes,
    /// By which the watchdog knows it; 0 without one.
    pub(crate) number: usize,
    pub(crate) shutdown: Arc<Shutdown>,
    /// The clients that may come back; `None` without connection state recovery.
    pub(crate) kept: Option<Arc<Kept>>,
    ids: Ids,
    /// The list of namespaces that exist while somebody is in them.
    dynamic: Weak<Mutex<Table>>,
}

impl Door {
    pub(super) fn new(
        path: &str,
        consumer: Option<Registration>,
        params: Params,
        hooks: Hooks,
        common: &Common,
        dynamic: Weak<Mutex<Table>>,
    ) -> Self {
        let Common {
            mut hub,
            event_rate,
            observers,
            spans,
            counters,
            shutdown,
            recovery,
            ids,
            heartbeat,
            handler_times,
            watchdog,
        } = common.clone();
        let pattern = consumer.as_ref().map_or("/", |one| one.namespace);
        let number = watchdog.map_or(0, |watchdog| watchdog.number(pattern));
        hub.counters = counters.and_then(|counters| counters.namespace(pattern));
        let events = consumer.as_ref().map_or(&[][..], |one| one.events);
        let has_rates = event_rate.is_some() || events.iter().any(|event| event.rate.is_some());
        let has_special = consumer.as_ref().is_some_and(|one| EventInfo::any_special(one.events));
        let memory = recovery.as_ref().map(|keeping| Arc::clone(&keeping.memory));
        let hub = Hub::new(path, params, hub, memory);
        let kept = recovery.map(|keeping| Arc::new(Kept::new(keeping, heartbeat, Arc::clone(&hub))));
        Self {
            hub,
            consumer,
            hooks,
            observers,
            spans,
            event_rate,
            has_rates,
            has_special,
            handler_times,
            number,
            shutdown,
            kept,
            ids,
            dynamic,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.hub.path
    }

    /// Returns the namespace as its consumer writes it.
    pub(crate) fn pattern(&self) -> &'static str {
        self.consumer.as_ref().map_or("/", |one| one.namespace)
    }

    /// Returns the counters, with metrics.
    pub(crate) fn counters(&self) -> Option<&NamespaceCounters> {
        self.hub.common.counters.as_deref()
    }

    /// Returns the declared options of an event.
    pub(crate) fn special(&self, event: &str) -> Option<&'static EventInfo> {
        let consumer = self.consumer.as_ref().filter(|_| self.has_special)?;
        EventInfo::find(consumer.events, event)
    }

    /// The deadline of an event's handler, if it has one.
    pub(crate) fn timeout(&self, event: &str) -> Option<Duration> {
        self.timeout_of(self.special(event))
    }

    /// As [`timeout`](Self::timeout), of an event that has been looked up.
    pub(crate) fn timeout_of(&self, info: Option<&EventInfo>) -> Option<Duration> {
        info.and_then(|info| info.timeout).or(self.handler_times.timeout)
    }

    /// A client that wants to enter for the first time. `own_id`: the one that an older client has given itself.
    pub(crate) fn newcomer(
        &self,
        own_id: Option<Sid>,
        mailbox: Arc<Mailbox>,
        handshake: Arc<Handshake>,
        limits: Option<Arc<Limits>>,
    ) -> Arc<Member> {
        // Older clients have no way of saying that they come back.
        let kept = self.kept.as_ref().filter(|_| own_id.is_none() && handshake.revision() == Revision::V4);
        let id = own_id.unwrap_or_else(|| self.ids.sid());
        let state = kept.map(|kept| kept.begin(id.clone(), &handshake));
        Member::new(id, Namespace::of(&self.hub), mailbox, handshake, limits, state)
    }

    /// Lets a client in, as [`Member::accept`] does.
    pub(crate) fn accept(&self, member: &Member) -> bool {
        if let (Some(kept), Some(state)) = (&self.kept, member.state()) {
            kept.remember(state);
        }
        member.accept()
    }

    /// The `disconnect` hook has ended: the socket leaves its rooms. Its client may be waited for.
    pub(crate) fn release(&self, member: &Arc<Member>) {
        let is_kept = match (&self.kept, member.state()) {
            (Some(kept), Some(state)) => {
                let knows_its_pid = member.is_recovered() || member.was_accepted();
                let may_wait = knows_its_pid && self.shutdown.lets_in();
                #[cfg(feature = "cluster")]
                if knows_its_pid && !may_wait {
                    self.hand_over(kept, &state.pid);
                }
                kept.park(member, state, may_wait, || self.hold(member.handshake.ip()))
            }
            _ => false,
        };
        if !is_kept {
            self.hub.remove(member);
            match &self.kept {
                Some(kept) => kept.forget(member),
                None => member.data.clear(),
            }
        }
        member.set_released();
    }

    /// Gives a client to another node, since this one stops; it cannot come back here then.
    #[cfg(feature = "cluster")]
    fn hand_over(&self, kept: &Kept, pid: &PrivateId) {
        if let Some(others) = &self.hub.common.others {
            others.hand(*pid, || kept.give(pid, From::Unknown));
        }
    }

    /// Gives a client that is gone to the node that has claimed it, if one has.
    #[cfg(feature = "cluster")]
    pub(crate) fn hand_claimed(&self, member: &Member) {
        if let (Some(others), Some(kept), Some(state)) = (&self.hub.common.others, &self.kept, member.state())
        {
            others.hand_claimed(state.pid, || kept.give(&state.pid, From::Unknown));
        }
    }

    /// Gives all that are away to other nodes.
    #[cfg(feature = "cluster")]
    pub(crate) fn hand_over_parked(&self) {
        if let Some(kept) = &self.kept {
            kept.parked().iter().for_each(|pid| self.hand_over(kept, pid));
        }
    }

    /// Keeps the namespace alive for a client that is in it and about to be away. An empty pass is that of a
    /// namespace that needs none; without one the client cannot be waited for.
    ///
    /// Of all dynamic namespaces no more than half are only kept for those who are away: the others are for those who
    /// are here.
    pub(crate) fn hold(&self, ip: Option<IpAddr>) -> Result<Option<Pass>, Closed> {
        // A server that is gone has no list, and nobody comes back to it.
        let list = self.dynamic.upgrade().ok_or(Closed::Unknown)?;
        let mut table = lock(&list);
        let Some(live) = table.namespaces.get(self.path()) else { return Ok(None) };
        // The client itself is still counted.
        if live.sockets <= 1 && table.deserted >= table.max.div_ceil(2) {
            return Err(Closed::Full);
        }
        table.change(self.path(), |live| live.enter(true, ip));
        let (hub, list) = (Arc::clone(&self.hub), Weak::clone(&self.dynamic));
        Ok(Some(Pass { hub, list, is_parked: true, ip }))
    }
}
