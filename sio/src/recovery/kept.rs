//! The clients of one namespace whose state is kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sio_core::id::{PrivateId, Sid};
use sio_core::socket::recovery::Resume;
use tokio::runtime::Handle;

use super::Recovery;
use super::parking::{Parking, ParkingPlace};
use crate::engine::session;
use crate::give_back::GiveBack as _;
use crate::handshake::Handshake;
use crate::hub::Hub;
use crate::hub::member::Member;
use crate::hub::state::memory::Memory;
use crate::hub::state::{Bounds, ConnectionState, Holding};
use crate::places::network;
use crate::random::Ids;

/// State that all namespaces of a server share about what they keep.
#[derive(Clone)]
pub(crate) struct Keeping {
    options: Recovery,
    parking: Arc<Parking>,
    pub(crate) memory: Arc<Memory>,
    ids: Ids,
}

/// All that is kept in one namespace.
pub(crate) struct Kept {
    pub(super) hub: Arc<Hub>,
    pub(crate) options: Recovery,
    pub(super) parking: Arc<Parking>,
    pub(super) memory: Arc<Memory>,
    ids: Ids,
    pub(super) bounds: Bounds,
    clients: Mutex<Clients>,
}

#[derive(Default)]
pub(super) struct Clients {
    /// Everybody who has been told a pid and may use it.
    pub(super) states: HashMap<PrivateId, Arc<ConnectionState>>,
    /// Those who are away.
    pub(super) parked: HashMap<Sid, Parked>,
    /// Until when each is waited for, in that order. Those who have come back in time are still in here.
    deadlines: VecDeque<(Instant, Sid)>,
    /// Somebody will look when the first deadline has passed.
    is_watched: bool,
}

/// A client that is away.
pub(super) struct Parked {
    pub(super) until: Instant,
    pub(super) pid: PrivateId,
    pub(super) _place: ParkingPlace,
    /// A dynamic namespace is there as long as somebody may come back to it.
    pub(super) _pass: Option<Box<dyn Send>>,
}

impl Keeping {
    pub(crate) fn new(options: Recovery, ids: Ids) -> Self {
        let parking = Arc::new(Parking::new(options.max_clients));
        let memory = Arc::new(Memory::new(options.max_total_bytes));
        Self { options, parking, memory, ids }
    }
}

impl Kept {
    /// `heartbeat`: how long it may take to notice that a client is away.
    pub(crate) fn new(keeping: Keeping, heartbeat: Duration, hub: Arc<Hub>) -> Self {
        let Keeping { options, parking, memory, ids } = keeping;
        let age = options.max_disconnection.saturating_add(heartbeat);
        let bounds = Bounds { packets: options.max_packets, bytes: options.max_bytes, age };
        Self { hub, options, parking, memory, ids, bounds, clients: Mutex::default() }
    }

    /// The state of a new client.
    pub(crate) fn begin(&self, sid: Sid, handshake: &Handshake) -> Arc<ConnectionState> {
        let account = self.memory.account(handshake.ip().map(network));
        Arc::new(ConnectionState::new(sid, self.ids.private_id(), self.bounds, account))
    }

    /// The client is about to be told its pid.
    pub(crate) fn remember(&self, state: &Arc<ConnectionState>) {
        self.lock().states.insert(state.pid, Arc::clone(state));
    }

    /// The client that a pid belongs to, and how it was reached last.
    pub(crate) fn find(&self, resume: &Resume) -> Option<(Arc<ConnectionState>, Arc<Member>)> {
        let state = Arc::clone(self.lock().states.get(&resume.pid)?);
        let before = state.holder()?;
        Some((state, before))
    }

    /// Lets the client go on as `member`; false, and all that was kept is forgotten, if that has a gap.
    pub(crate) fn resume(&self, member: &Arc<Member>, state: &ConnectionState, resume: &Resume) -> bool {
        let mut clients = self.lock();
        let may_enter = || {
            #[cfg(feature = "cluster")]
            if self.hub.common.others.is_some() {
                state.remember();
            }
            state.hand_over(member, resume.offset)
        };
        let changes = self.hub.replace(member, may_enter);
        let was_parked = clients.parked.remove(&state.sid);
        if changes.is_none() {
            clients.forget(&state.pid);
        }
        drop(clients);
        match &changes {
            Some(changes) => self.hub.tell(changes),
            None => self.unpark(&state.sid),
        }
        // A pass must not be given back under the lock: the namespace may end with it.
        drop(was_parked);
        changes.is_some()
    }

    /// The client's connection is lost: waits for it to come back if it may. True if it is waited for, or has come back
    /// before this socket was through with its end; false if it is the caller's to forget it.
    ///
    /// `hold` keeps the namespace alive for it, if that needs to be; the error says that it cannot be.
    pub(crate) fn park<P: Send + 'static, E>(
        self: &Arc<Self>,
        member: &Arc<Member>,
        state: &ConnectionState,
        may_wait: bool,
        hold: impl FnOnce() -> Result<Option<P>, E>,
    ) -> bool {
        // Without a runtime, which is ending then, nobody could come back.
        let runtime = Handle::try_current().ok().filter(|_| may_wait);
        // Those who have a place keep it.
        let place =
            self.parking.take(&member.handshake).and_then(|place| Some((place, hold().ok()?, runtime?)));
        let until = session::later(self.options.max_disconnection);
        let mut clients = self.lock();
        // Under the lock: it may come back at any time until then, and not after it.
        let (place, pass, runtime) = match (state.holding(member), place) {
            (Holding::This, Some(place)) => place,
            (holding, place) => {
                if holding != Holding::Other {
                    state.end(member);
                    clients.forget(&state.pid);
                }
                drop(clients);
                // Without the lock: the namespace may end with the pass.
                drop(place);
                return holding == Holding::Other;
            }
        };
        let pass = pass.map(|pass| Box::new(pass) as Box<dyn Send>);
        let changes = self.hub.park(&state.sid);
        let parked = Parked { until, pid: state.pid, _place: place, _pass: pass };
        self.wait_for(clients, &runtime, state.sid.clone(), parked);
        self.hub.tell(&changes);
        true
    }

    /// A client is away from now on.
    pub(super) fn wait_for(
        self: &Arc<Self>,
        mut clients: MutexGuard<'_, Clients>,
        runtime: &Handle,
        sid: Sid,
        parked: Parked,
    ) {
        clients.deadlines.push_back((parked.until, sid.clone()));
        clients.parked.insert(sid, parked);
        clients.forget_old_deadlines();
        let must_watch = !std::mem::replace(&mut clients.is_watched, true);
        drop(clients);
        // Without the lock: a runtime that has ended drops what it is given at once.
        if must_watch {
            runtime.spawn(expire(Watch { kept: Arc::downgrade(self), has_ended: false }));
        }
    }

    /// A client will not come back: what is kept of it goes, and with it its data, which may hold the socket itself.
    pub(crate) fn forget(&self, member: &Member) {
        if let Some(state) = member.state() {
            state.end(member);
            self.lock().forget(&state.pid);
        }
        member.data.clear();
    }

    /// As [`Self::forget`], of a client that was parked.
    pub(super) fn unpark(&self, sid: &Sid) {
        if let Some(member) = self.hub.unpark(sid) {
            self.forget(&member);
        }
    }

    /// Waits for nobody any more.
    pub(crate) fn clear(&self) {
        loop {
            let Some((sid, parked)) = self.lock().take_first() else { return };
            self.unpark(&sid);
            drop(parked);
        }
    }

    /// Those whose time is over by now; then the next deadline, if there is one.
    fn take_expired(&self, now: Instant) -> Result<(Sid, Parked), Option<Instant>> {
        let mut clients = self.lock();
        match clients.first() {
            Some((until, _)) if until > now => Err(Some(until)),
            Some(_) => clients.take_first().ok_or(None),
            None => {
                clients.is_watched = false;
                Err(None)
            }
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Clients> {
        // No user code runs under this lock.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    /// Returns the client to be given up first, and when.
    fn first(&mut self) -> Option<(Instant, Sid)> {
        while let Some((until, sid)) = self.deadlines.front().cloned() {
            if is_waited_for(&self.parked, until, &sid) {
                return Some((until, sid));
            }
            self.deadlines.pop_front();
        }
        None
    }

    fn take_first(&mut self) -> Option<(Sid, Parked)> {
        let (_, sid) = self.first()?;
        let parked = self.parked.remove(&sid)?;
        self.parked.give_back();
        self.forget(&parked.pid);
        Some((sid, parked))
    }

    /// Nobody can come back by this pid any more.
    fn forget(&mut self, pid: &PrivateId) {
        self.states.remove(pid);
        self.states.give_back();
    }

    /// Clients that come and go all the time leave no more behind than there are of them.
    fn forget_old_deadlines(&mut self) {
        if self.deadlines.len() > 2 * self.parked.len() + 16 {
            let parked = &self.parked;
            self.deadlines.retain(|(until, sid)| is_waited_for(parked, *until, sid));
        }
    }
}

/// Returns whether a deadline is that of a client who is still away.
fn is_waited_for(parked: &HashMap<Sid, Parked>, until: Instant, sid: &Sid) -> bool {
    parked.get(sid).is_some_and(|parked| parked.until == until)
}

/// Looks after the deadlines of those who are away.
struct Watch {
    kept: Weak<Kept>,
    /// Nobody was left.
    has_ended: bool,
}

impl Drop for Watch {
    /// The runtime may end before that: then the next one who is parked is watched again, elsewhere.
    fn drop(&mut self) {
        if let Some(kept) = self.kept.upgrade().filter(|_| !self.has_ended) {
            kept.lock().is_watched = false;
        }
    }
}

/// Gives up clients whose time is over, until none is waited for.
async fn expire(mut watch: Watch) {
    loop {
        let next = {
            let Some(kept) = watch.kept.upgrade() else { return };
            loop {
                match kept.take_expired(session::now()) {
                    Ok((sid, parked)) => {
                        kept.unpark(&sid);
                        drop(parked);
                    }
                    Err(Some(next)) => break next,
                    Err(None) => {
                        watch.has_ended = true;
                        return;
                    }
                }
            }
        };
        tokio::time::sleep_until(next.into()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use hyper::Request;

    use super::*;
    use crate::engine::mailbox::Mailbox;
    use crate::engine::outbox::QueueLimits;
    use crate::hub::{Common, Namespace};
    use crate::params::Params;
    use crate::peer::Peer;
    use crate::transport::wire::Wire;

    /// A client that knows its pid, in a namespace that waits for nobody else: the only place is taken.
    struct Last {
        kept: Arc<Kept>,
        state: Arc<ConnectionState>,
        member: Arc<Member>,
        resume: Resume,
        _place: ParkingPlace,
    }

    impl Last {
        fn new() -> Self {
            let common = Common {
                encoding: crate::codec::Encoding::new(crate::parser::Parser::default(), 10),
                ack_timeout: Duration::from_secs(5),
                state: Arc::default(),
                logs: crate::log_limiter::LogLimiter::default(),
                shared: Arc::default(),
                presence: None,
                others: None,
                witness: None,
                counters: None,
                deflate_from: None,
                server: Weak::<()>::new(),
            };
            let keeping = Keeping::new(Recovery::default().max_clients(1), Ids::default());
            let place = keeping.parking.take(&handshake()).expect("the only place");
            let hub = Hub::new("/", Params::default(), common, Some(Arc::clone(&keeping.memory)));
            let kept = Arc::new(Kept::new(keeping, Duration::from_secs(45), Arc::clone(&hub)));
            let id = Ids::default().sid();
            let state = kept.begin(id.clone(), &handshake());
            let namespace = Namespace::of(&hub);
            let member = Member::new(id, namespace, mailbox(), handshake(), None, Some(Arc::clone(&state)));
            hub.add(&member);
            kept.remember(&state);
            assert!(member.accept());
            let resume = Resume { pid: state.pid, offset: None };
            Self { kept, state, member, resume, _place: place }
        }

        /// The client comes back; whoever lets it in has found it already.
        fn come_back(&self) -> (Arc<Member>, bool) {
            let after = Member::resuming(Arc::clone(&self.state), &self.member, mailbox(), handshake());
            let has_entered = self.kept.resume(&after, &self.state, &self.resume);
            (after, has_entered)
        }

        fn park(&self) -> bool {
            self.kept.park(&self.member, &self.state, true, || Ok::<Option<()>, ()>(None))
        }
    }

    fn mailbox() -> Arc<Mailbox> {
        Arc::new(Mailbox::new(QueueLimits { bytes: 1000, packets: 10 }, Wire::V4))
    }

    fn handshake() -> Arc<Handshake> {
        let (request, ()) = Request::new(()).into_parts();
        Arc::new(Handshake::of(&request, Peer::default(), SystemTime::UNIX_EPOCH))
    }

    #[tokio::test]
    async fn a_client_without_a_place_cannot_come_back_while_it_is_forgotten() {
        let last = Last::new();
        assert!(last.kept.find(&last.resume).is_some());
        assert!(!last.park());
        assert!(!last.come_back().1, "all that it had is about to go");
        assert!(last.kept.find(&last.resume).is_none());
    }

    #[tokio::test]
    async fn a_client_that_is_back_stays_when_its_socket_before_goes() {
        let last = Last::new();
        let (after, has_entered) = last.come_back();
        assert!(has_entered && last.park());
        last.kept.hub.remove(&last.member);
        let there = last.kept.hub.member(&after.id).expect("it is there");
        assert!(Arc::ptr_eq(&there, &after));
        last.kept.hub.remove(&after);
        assert!(last.kept.hub.member(&after.id).is_none());
    }
}
