//! A namespace as those see it who are in it: who is there, in which rooms, and delivery to them.
//!
//! Nothing here knows of handles, tasks and servers. A broadcast needs a [`Target`] and bytes that are ready, and so does
//! an event of another node: see [`Hub::deliver`].

mod addressed;
pub(crate) mod answer;
#[cfg(feature = "cluster")]
mod arrived;
mod away;
pub(crate) mod emission;
mod gathered;
pub(crate) mod in_connect;
pub(crate) mod limits;
mod list;
pub(crate) mod member;
#[cfg(feature = "cluster")]
mod moving;
mod namespace;
pub(crate) mod others;
mod patience;
mod place;
pub(crate) mod presence;
mod rooms;
pub(crate) mod snapshot;
pub(crate) mod state;
pub(crate) mod user;
mod wakes;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use sio_core::args::EncodeError;
use sio_core::id::Sid;
pub(crate) use sio_core::target::Target;

use self::addressed::Addressed;
use self::emission::{Emission, Expect, Untold};
pub use self::gathered::{Gathered, Incomplete};
use self::member::Member;
pub use self::namespace::Namespace;
use self::others::Others;
use self::patience::{Patience, Pressed};
use self::presence::Presence;
pub use self::presence::PresenceChange;
pub(crate) use self::rooms::RoomChanges;
pub use self::rooms::RoomEvent;
use self::rooms::Rooms;
use self::state::memory::Memory;
use self::wakes::Wakes;
use crate::codec::{Encoding, Form};
use crate::counters::NamespaceCounters;
use crate::data::shared::Shared;
use crate::engine::outbox::{How, PushError};
use crate::engine::{CloseReason, Command};
use crate::log_limiter::LogLimiter;
use crate::params::Params;
use crate::state_map::StateMap;

/// State that the hubs of one server share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) encoding: Encoding,
    /// How long answers may take, unless somebody says otherwise.
    pub(crate) ack_timeout: Duration,
    pub(crate) state: Arc<StateMap>,
    pub(crate) logs: LogLimiter,
    /// The types of socket data that other nodes see.
    pub(crate) shared: Arc<Shared>,
    /// Which users are online, if somebody wants to know.
    pub(crate) presence: Option<Arc<Presence>>,
    /// The other nodes of the cluster, if there is one.
    pub(crate) others: Option<Others>,
    /// None if nobody wants to hear of what goes by.
    pub(crate) witness: Option<Arc<dyn Witness>>,
    /// The counters of the namespace; `None` without metrics.
    pub(crate) counters: Option<Arc<NamespaceCounters>>,
    /// The size from which on WebSocket messages are compressed for those who have agreed to it; `None`: never.
    pub(crate) deflate_from: Option<usize>,
    /// The server. The hub does not look into it; handles give it back.
    pub(crate) server: Weak<dyn Any + Send + Sync>,
}

/// Is told of sent events and room changes, while no lock is held.
pub(crate) trait Witness: Send + Sync {
    fn sent(&self, namespace: &Namespace, sent: &Sent<'_>);
    fn rooms_changed(&self, namespace: &Namespace, changes: &RoomChanges);
}

/// An event that has been sent.
pub(crate) struct Sent<'a> {
    pub(crate) event: &'a str,
    /// The only one who gets it; `None` for a broadcast.
    pub(crate) to: Option<&'a Arc<Member>>,
    pub(crate) rooms: &'a [Cow<'static, str>],
    /// In the text format.
    pub(crate) frames: &'a Bytes,
    /// To how many members it went.
    pub(crate) recipients: usize,
    /// The bytes of one copy, not compressed.
    pub(crate) bytes: usize,
}

/// The members of one namespace.
pub(crate) struct Hub {
    pub(crate) path: Box<str>,
    pub(crate) params: Params,
    pub(crate) common: Common,
    /// One counter for all members, so that a broadcast with acknowledgement is encoded once.
    ack_ids: AtomicU64,
    /// How events are numbered that are kept for clients that are away; `None` if none are.
    numbers: Option<Numbers>,
    /// Under one short lock, under which no user code runs, nothing is sent and nothing is waited for.
    rooms: RwLock<Rooms<Arc<Member>>>,
    pub(crate) wakes: Wakes,
    patience: Patience,
}

struct Numbers {
    next: AtomicU64,
    memory: Arc<Memory>,
}

/// A change to members, as data.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    Join(&'a [String]),
    Leave(&'a [String]),
    /// Ends the membership; with `close` the whole connection, with all its namespaces.
    Disconnect {
        close: bool,
    },
}

/// The result of a delivery.
#[must_use = "those whose queues are well filled are given way"]
pub(crate) struct Delivered {
    /// Those whose tasks had better run before the next delivery.
    pressed: Pressed,
}

impl Hub {
    /// `memory`: that of the events that are kept, if any are.
    pub(crate) fn new(path: &str, params: Params, common: Common, memory: Option<Arc<Memory>>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            params,
            common,
            ack_ids: AtomicU64::new(0),
            numbers: memory.map(|memory| Numbers { next: AtomicU64::new(0), memory }),
            rooms: RwLock::default(),
            wakes: Wakes::default(),
            patience: Patience::default(),
        })
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// In a cluster, the offset of an event is the same on all nodes.
    fn next_offset(&self, numbers: &Numbers) -> u64 {
        let others = self.common.others.as_ref();
        others.map_or_else(|| numbers.next.fetch_add(1, Ordering::Relaxed), Others::next_offset)
    }

    /// Returns an event as it goes out. The witness hears of it when it has been sent.
    pub(crate) fn encode<A: Serialize + ?Sized>(
        self: &Arc<Self>,
        to: Option<&Arc<Member>>,
        rooms: &[Cow<'static, str>],
        expect: Expect,
        event: &str,
        args: &A,
    ) -> Result<Emission, EncodeError> {
        let form = match (expect, &self.numbers) {
            (Expect::Answer(id), _) => Form::Plain(Some(id)),
            #[cfg(feature = "cluster")]
            (Expect::Answers, _) => Form::Plain(None),
            (_, None) => Form::Plain(None),
            (Expect::Nothing, Some(_)) => Form::Recoverable(None),
            (Expect::Arrival, Some(numbers)) => Form::Recoverable(Some(self.next_offset(numbers))),
        };
        let Common { encoding, witness, .. } = &self.common;
        let mut untold = None;
        let frames = encoding.event(&self.path, form, event, args, |frames| {
            untold = witness.is_some().then(|| {
                Box::new(Untold {
                    namespace: Namespace::of(self),
                    event: event.to_owned(),
                    to: to.cloned(),
                    rooms: rooms.to_vec(),
                    frames: frames.clone(),
                })
            });
        })?;
        let mut emission = match (form, &self.numbers) {
            (Form::Recoverable(Some(_)), Some(numbers)) => Emission::new(numbers.memory.count(frames), form),
            _ => Emission::new(frames, form),
        };
        emission.untold = untold;
        let counters = self.common.counters.as_ref();
        emission.place = counters.and_then(|counters| u32::try_from(counters.sent_place(event)).ok());
        Ok(emission)
    }

    /// Sends an event to everybody who is addressed.
    pub(crate) fn deliver(&self, target: &Target<'_>, emission: &Emission, how: How) -> Delivered {
        self.deliver_to_each(target, emission, how, |_| true)
    }

    fn deliver_to_each(
        &self,
        target: &Target<'_>,
        emission: &Emission,
        how: How,
        mut may_have: impl FnMut(&Arc<Member>) -> bool,
    ) -> Delivered {
        let (mut asleep, mut pressed, mut slow) = (Vec::new(), Pressed::new(), Vec::new());
        let mut recipients = 0;
        // Who joins from now on is not meant, and does not wait.
        let addressed = self.addressed(target);
        let deflated = emission.deflated(self.common.deflate_from, || {
            let mut is_wanted = false;
            addressed.for_each(|member| is_wanted |= member.mailbox.outbox.deflate_from().is_some());
            is_wanted
        });
        let copy = deflated.as_ref().unwrap_or(emission);
        let mut each = |member: &Arc<Member>| {
            if !may_have(member) {
                return;
            }
            match member.deliver(&mut copy.for_one(), how) {
                Ok(waker) => {
                    recipients += 1;
                    asleep.extend(waker);
                    if member.mailbox.outbox.is_pressed() {
                        pressed.push(Arc::clone(&member.mailbox));
                    }
                }
                Err(PushError::Full) => slow.push(Arc::clone(&member.mailbox)),
                // Gone meanwhile: that is no concern of the others.
                Err(PushError::Closed) => {}
            }
        };
        if emission.offset.is_some() {
            addressed.for_each_with_parked(|member, _| each(member));
        } else {
            addressed.for_each(&mut each);
        }
        drop(addressed);
        self.wakes.wake(asleep);
        for mailbox in slow {
            mailbox.inbox.command(Command::Violation(CloseReason::SlowClient));
        }
        self.note_sent(emission, recipients);
        emission.tell(recipients, emission.entry.frames.len());
        Delivered { pressed }
    }

    /// Counts an event of this node that has been sent.
    pub(super) fn note_sent(&self, emission: &Emission, recipients: usize) {
        if let (Some(counters), Some(place)) = (&self.common.counters, emission.place) {
            counters.sent(place as usize, recipients);
        }
    }

    /// Lets those run whose queues a delivery has found well filled. `None` if there are none.
    pub(crate) fn give_way(&self, delivered: Delivered) -> Option<Pin<Box<impl Future<Output = ()> + Send>>> {
        self.patience.give_way(delivered.pressed)
    }

    /// Returns the connected members who are addressed, in no particular order.
    pub(crate) fn members(&self, target: &Target<'_>) -> Vec<Arc<Member>> {
        let mut members = Vec::new();
        self.addressed(target).for_each(|member| {
            if member.is_connected() {
                members.push(Arc::clone(member));
            }
        });
        members
    }

    /// Changes everybody who is addressed: their rooms also of those who are away. Returns how many that are.
    ///
    /// The room changes are told here and not returned: whoever asks for a change, a handle or another node, could
    /// forget to tell them, and a member that is changed after another may have left by the time that a caller tells.
    pub(crate) fn apply(self: &Arc<Self>, target: &Target<'_>, change: Change<'_>) -> usize {
        let members = match change {
            Change::Join(_) | Change::Leave(_) => self.members_and_away(target),
            Change::Disconnect { .. } => self.members(target),
        };
        for member in &members {
            self.change(member, change);
        }
        members.len()
    }

    /// Changes one member.
    pub(crate) fn change(self: &Arc<Self>, member: &Member, change: Change<'_>) {
        let mut changes = RoomChanges::new();
        match change {
            Change::Join(rooms) => self.write().join(&member.id, rooms, &mut changes),
            Change::Leave(rooms) => self.write().leave(&member.id, rooms, &mut changes),
            Change::Disconnect { close: false } => member.disconnect(),
            Change::Disconnect { close: true } => member.close_connection(CloseReason::ForcedServerClose),
        }
        self.tell(&changes);
    }

    /// Tells the witness and the cluster of room changes. The only place that does.
    pub(crate) fn tell(self: &Arc<Self>, changes: &RoomChanges) {
        if let Some(presence) = &self.common.presence {
            self.tell_users(presence, changes);
        }
        if changes.iter().any(|(_, change)| matches!(change, RoomEvent::Created | RoomEvent::Deleted)) {
            self.count_rooms(changes);
            self.rooms_changed();
        }
        if let Some(witness) = self.common.witness.as_ref().filter(|_| !changes.is_empty()) {
            witness.rooms_changed(&Namespace::of(self), changes);
        }
    }

    /// A member is there, in no room but its own.
    pub(crate) fn add(&self, member: &Arc<Member>) {
        self.write().add(&member.id, Arc::clone(member));
        self.rooms_changed();
    }

    /// Servers of other kinds may have names at the broker for rooms and sockets.
    fn rooms_changed(&self) {
        if let Some(others) = &self.common.others {
            others.rooms_changed();
        }
    }

    /// A member has gone, and its rooms with it; not those of another that has taken its place.
    pub(crate) fn remove(self: &Arc<Self>, member: &Arc<Member>) {
        let mut changes = RoomChanges::new();
        let is_it = |there: &Arc<Member>| Arc::ptr_eq(there, member);
        let removed = self.write().remove_if(&member.id, is_it, &mut changes);
        // The last handle of a member may be this one: what is dropped with it needs no lock.
        drop(removed);
        self.rooms_changed();
        self.tell(&changes);
    }

    pub(crate) fn member(&self, id: &Sid) -> Option<Arc<Member>> {
        self.read().get(id)
    }

    pub(crate) fn rooms_of(&self, id: &Sid) -> Vec<String> {
        self.read().rooms_of(id)
    }

    pub(crate) fn rooms(&self) -> Vec<String> {
        self.read().rooms()
    }

    /// Returns how many members are there, those that are about to enter included.
    #[cfg(feature = "admin")]
    pub(crate) fn connected(&self) -> usize {
        self.read().len()
    }

    /// Returns how many rooms there are, and how many members are away and waited for.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let rooms = self.read();
        (rooms.count(), rooms.parked_len())
    }

    /// Returns those who are addressed now, to be looked through without the lock.
    fn addressed(&self, target: &Target<'_>) -> Addressed<Arc<Member>> {
        self.read().addressed(target)
    }

    fn read(&self) -> RwLockReadGuard<'_, Rooms<Arc<Member>>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rooms<Arc<Member>>> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("path", &self.path).finish_non_exhaustive()
    }
}
