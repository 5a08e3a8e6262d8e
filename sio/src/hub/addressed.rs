//! [`Addressed`]: who is addressed at one moment, to be looked through without a lock of the rooms.

use std::collections::HashSet;
use std::sync::Arc;

use sio_core::id::Sid;
use smallvec::SmallVec;

use super::list::List;
use super::place::{Occupied, Place, Standing};

/// Those who are addressed at one moment. Who joins a room later is not among them; who has left when its turn comes is
/// passed over, so that nothing is sent to a client after it has left.
pub(crate) struct Addressed<M> {
    /// How many times somebody had left a room by then.
    pub(super) departures: u64,
    pub(super) parts: SmallVec<[Part<M>; 2]>,
    pub(super) except: SmallVec<[Excluded; 1]>,
    pub(super) sender: Option<Sid>,
}

/// Some of them.
pub(super) enum Part<M> {
    Everybody(List<Arc<Place<M>>>),
    /// The client whose id this is.
    Owner(Arc<Place<M>>),
    /// The members of the room of this name.
    Room(Arc<str>, List<Arc<Place<M>>>),
}

/// A room whose members are left out. Each is asked whether it is in there, so that it costs the same however large the
/// room is.
pub(super) struct Excluded {
    pub(super) owner: Option<Sid>,
    /// None if there is no such room.
    pub(super) room: Option<Arc<str>>,
}

impl<M> Addressed<M> {
    /// Calls `each` once for every member that is present, under the lock of its place.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&M)) {
        self.visit(|occupied| {
            if occupied.standing == Standing::Present {
                each(&occupied.member);
            }
        });
    }

    /// As [`Self::for_each`], also for every member that is away, with true.
    pub(crate) fn for_each_with_parked(&self, mut each: impl FnMut(&M, bool)) {
        self.visit(|occupied| match occupied.standing {
            Standing::Present => each(&occupied.member, false),
            Standing::Parked => each(&occupied.member, true),
            Standing::Gone => {}
        });
    }

    fn visit(&self, mut each: impl FnMut(&Occupied<M>)) {
        let mut meet = |place: &Place<M>| {
            if self.sender.as_ref() != Some(&place.id) {
                let occupied = place.lock();
                if self.is_meant(place, &occupied) {
                    each(&occupied);
                }
            }
        };
        match &self.parts[..] {
            [part] => part.for_each(|place| meet(place)),
            parts => {
                let mut seen = HashSet::new();
                let mut meet_once = |place: &Arc<Place<M>>| {
                    if seen.insert(Arc::as_ptr(place)) {
                        meet(place);
                    }
                };
                parts.iter().for_each(|part| part.for_each(&mut meet_once));
            }
        }
    }

    /// Returns whether a place that was addressed still is.
    fn is_meant(&self, place: &Place<M>, occupied: &Occupied<M>) -> bool {
        // Hardly anybody has left a room meanwhile.
        let is_in =
            occupied.left <= self.departures || self.parts.iter().any(|part| part.has(place, occupied));
        is_in && !self.except.iter().any(|room| room.has(place, occupied))
    }
}

impl<M> Part<M> {
    fn for_each(&self, mut each: impl FnMut(&Arc<Place<M>>)) {
        match self {
            Self::Owner(place) => each(place),
            Self::Everybody(list) | Self::Room(_, list) => list.iter().for_each(each),
        }
    }

    fn has(&self, place: &Place<M>, occupied: &Occupied<M>) -> bool {
        match self {
            Self::Everybody(_) => true,
            Self::Owner(owner) => owner.id == place.id,
            Self::Room(name, _) => occupied.rooms.contains(name),
        }
    }
}

impl Excluded {
    fn has<M>(&self, place: &Place<M>, occupied: &Occupied<M>) -> bool {
        self.owner.as_ref() == Some(&place.id)
            || self.room.as_ref().is_some_and(|room| occupied.rooms.contains(room))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use bytes::Bytes;

    use super::super::emission::Emission;
    use super::super::{Change, Target};
    use super::*;
    use crate::codec::Form;
    use crate::engine::outbox::How;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    /// As long as a thread that waits for something would wait; one that does not comes at once.
    const STUCK: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn nobody_waits_for_a_broadcast_to_join_to_leave_to_come_or_to_look() {
        let server = Server::builder().collect(false).build().unwrap();
        let mut clients = Vec::new();
        for _ in 0..200 {
            let mut client = PacketClient::new(&server);
            client.join("0").await;
            clients.push(client);
        }
        let hub = Arc::clone(&server.of("/").hub);
        let members = hub.members(&Target::everybody());
        let emission = Emission::new(Bytes::from_static(b"news"), Form::Plain(None));
        let mut met = 0;
        let _ = hub.deliver_to_each(&Target::everybody(), &emission, How::Fanout, |member| {
            met += 1;
            // The middle of it, beside a broadcast to all the others.
            if met == 100 {
                let other = members.iter().rfind(|other| !Arc::ptr_eq(other, member)).map(Arc::clone);
                let (hub, other, id) =
                    (Arc::clone(&hub), other.expect("there are others"), member.id.clone());
                let (done, is_done) = mpsc::channel();
                let news = emission.for_one();
                let thread = thread::spawn(move || {
                    let room = ["room".to_owned()];
                    hub.change(&other, Change::Join(&room));
                    assert_eq!(hub.count(&Target::room("room")), 1);
                    let all_others = Target { sender: Some(id), ..Target::everybody() };
                    let _ = hub.deliver(&all_others, &news, How::Fanout);
                    hub.change(&other, Change::Leave(&room));
                    hub.remove(&other);
                    hub.add(&other);
                    done.send(()).expect("it is waited for");
                });
                is_done.recv_timeout(STUCK).expect("nobody waits for the broadcast");
                thread.join().expect("nothing has failed");
            }
            true
        });
        assert_eq!(met, 199, "the last one had gone before its turn");
    }

    #[derive(Default)]
    struct Echo;

    #[consumer(namespace = "/tests/unlocked")]
    impl Echo {
        async fn event_echo(&mut self, number: u32) -> u32 {
            number
        }
    }

    #[tokio::test]
    async fn an_event_and_its_answer_take_no_lock_of_the_namespace() {
        let server = Server::builder().collect(false).consumer::<Echo>().build().unwrap();
        let mut client = PacketClient::new(&server);
        client.join("0/tests/unlocked,").await;
        let hub = Arc::clone(&server.of("/tests/unlocked").hub);
        let (locked, is_locked) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        let holder = thread::spawn(move || {
            let _rooms = hub.write();
            locked.send(()).expect("it is waited for");
            is_done.recv_timeout(STUCK)
        });
        is_locked.recv().expect("the lock is free");
        let answer = client.send(&[r#"2/tests/unlocked,7["echo",1]"#]).await;
        assert_eq!(answer, ["3/tests/unlocked,7[1]"]);
        done.send(()).expect("the lock is still held");
        assert_eq!(holder.join().expect("nothing has failed"), Ok(()), "it was answered meanwhile");
    }
}
