//! The model: who is in which room, and who must have received what.

use std::collections::{BTreeMap, BTreeSet};

/// Whether a client is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    In,
    /// It has asked to join or to leave, and nobody has waited for it.
    Unsure {
        soon: bool,
    },
}

/// Where events come from: those of one origin arrive in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Node(usize),
    Client(usize),
}

/// An event that a client may receive.
#[derive(Clone, Copy, Debug)]
struct Due {
    number: u64,
    origin: Origin,
    must: bool,
    /// The dynamic namespace by which it comes.
    door: Option<usize>,
}

/// An event that has been sent and does not reach everybody at once.
#[derive(Clone, Debug)]
struct Pending {
    number: u64,
    origin: Origin,
    room: Option<usize>,
    except: Option<usize>,
}

/// One client.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) rooms: BTreeMap<usize, Member>,
    /// The dynamic namespaces in which it is.
    pub(super) doors: BTreeSet<usize>,
    due: Vec<Due>,
    received: BTreeSet<u64>,
}

impl Account {
    fn membership(&self, room: Option<usize>) -> Option<bool> {
        let Some(room) = room else { return Some(true) };
        match self.rooms.get(&room) {
            None => Some(false),
            Some(Member::In) => Some(true),
            Some(Member::Unsure { .. }) => None,
        }
    }

    /// True if it is addressed, `None` if it may be.
    fn is_addressed(&self, room: Option<usize>, except: Option<usize>) -> Option<bool> {
        let left_out = except.map_or(Some(false), |except| self.membership(Some(except)));
        match (self.membership(room), left_out) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            _ => None,
        }
    }

    /// It may be lost, all that is due.
    pub(super) fn may_lose(&mut self) {
        self.due.iter_mut().for_each(|due| due.must = false);
    }

    /// Nothing of it is waited for.
    pub(super) fn forget(&mut self) {
        self.rooms.clear();
        self.due.clear();
        self.doors.clear();
    }

    /// It is in no dynamic namespace any more.
    pub(super) fn leave_doors(&mut self) {
        self.doors.clear();
        self.due.retain(|due| due.door.is_none());
    }

    /// Its wish was carried out.
    pub(super) fn settle(&mut self) {
        self.rooms.retain(|_, member| *member != Member::Unsure { soon: false });
        self.rooms.values_mut().for_each(|member| *member = Member::In);
    }

    pub(super) fn is_unsure(&self) -> bool {
        self.rooms.values().any(|member| *member != Member::In)
    }

    /// Compares what has come since the last time, by `/` or by a dynamic namespace, with what was due.
    pub(super) fn check(&mut self, door: Option<usize>, numbers: &[u64]) -> Result<(), String> {
        let mut last = BTreeMap::new();
        for number in numbers {
            if !self.received.insert(*number) {
                return Err(format!("event {number} came twice"));
            }
            let Some(due) = self.due.iter().find(|due| due.number == *number && due.door == door) else {
                return Err(format!("event {number} came, which was for others"));
            };
            if last.insert(due.origin, *number).is_some_and(|before| before > *number) {
                return Err(format!("event {number} was overtaken: {numbers:?}"));
            }
        }
        let expected = self.due.iter().filter(|due| due.must && due.door == door);
        let missing: Vec<_> = expected.filter(|due| !self.received.contains(&due.number)).collect();
        if !missing.is_empty() {
            return Err(format!("did not come: {missing:?}; of {:?} there came {numbers:?}", self.due));
        }
        Ok(())
    }

    /// Notes what has come before the connection was lost; the rest comes later.
    pub(super) fn received_already(&mut self, numbers: &[u64]) -> Result<(), String> {
        for number in numbers {
            if !self.due.iter().any(|due| due.number == *number) {
                return Err(format!("event {number} came, which was for others"));
            }
            if !self.received.insert(*number) {
                return Err(format!("event {number} came twice"));
            }
        }
        Ok(())
    }

    pub(super) fn nothing_is_due(&mut self) {
        self.due.clear();
    }
}

/// All clients, and what is on its way to them.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) accounts: BTreeMap<usize, Account>,
    /// The node of each, for those who receive anything.
    pub(super) places: BTreeMap<usize, usize>,
    pending: Vec<Pending>,
    last: u64,
}

impl Model {
    /// An event is sent to a dynamic namespace; returns its number.
    pub(super) fn sent_through(&mut self, door: usize, origin: Origin) -> u64 {
        self.last += 1;
        for account in self.accounts.values_mut().filter(|account| account.doors.contains(&door)) {
            account.due.push(Due { number: self.last, origin, must: true, door: Some(door) });
        }
        self.last
    }

    /// A volatile event is sent; returns its number. It may be lost.
    pub(super) fn sent_volatile(
        &mut self,
        origin: Origin,
        room: Option<usize>,
        except: Option<usize>,
    ) -> u64 {
        let number = self.sent(origin, room, except);
        let all = self.accounts.values_mut().flat_map(|account| &mut account.due);
        all.filter(|due| due.number == number).for_each(|due| due.must = false);
        number
    }

    /// An event is sent; returns its number. It reaches the clients of the origin's node at once.
    pub(super) fn sent(&mut self, origin: Origin, room: Option<usize>, except: Option<usize>) -> u64 {
        self.last += 1;
        let number = self.last;
        for (client, account) in &mut self.accounts {
            if origin == Origin::Client(*client) || !self.places.contains_key(client) {
                continue;
            }
            let addressed = account.is_addressed(room, except);
            if addressed != Some(false) {
                account.due.push(Due { number, origin, must: addressed == Some(true), door: None });
            }
        }
        self.pending.push(Pending { number, origin, room, except });
        number
    }

    /// An event is sent to one client.
    pub(super) fn sent_to(&mut self, client: usize, origin: Origin) -> u64 {
        self.last += 1;
        if let Some(account) = self.accounts.get_mut(&client) {
            account.due.push(Due { number: self.last, origin, must: true, door: None });
        }
        self.last
    }

    /// A client joins or leaves a room: what is still on its way to the room may reach it or not.
    pub(super) fn changes(&mut self, client: usize, room: usize, member: Option<Member>) {
        let (Some(account), Some(place)) = (self.accounts.get_mut(&client), self.places.get(&client)) else {
            return;
        };
        let before = account.rooms.get(&room).copied();
        match member {
            Some(member) => account.rooms.insert(room, member),
            None => account.rooms.remove(&room),
        };
        if before == member {
            return;
        }
        for pending in &self.pending {
            let concerns = pending.room == Some(room) || pending.except == Some(room);
            if !concerns || pending.origin == Origin::Node(*place) || pending.origin == Origin::Client(client)
            {
                continue;
            }
            match account.due.iter_mut().find(|due| due.number == pending.number) {
                Some(due) => due.must = false,
                None => account.due.push(Due {
                    number: pending.number,
                    origin: pending.origin,
                    must: false,
                    door: None,
                }),
            }
        }
    }

    /// A client is lost or disconnected: what it has said and nobody has waited for may not have arrived.
    pub(super) fn silenced(&mut self, client: usize) {
        let all = self.accounts.values_mut().flat_map(|account| &mut account.due);
        all.filter(|due| due.origin == Origin::Client(client)).for_each(|due| due.must = false);
    }

    /// A node is gone: what it has sent may not have arrived.
    pub(super) fn node_silenced(&mut self, node: usize) {
        let all = self.accounts.values_mut().flat_map(|account| &mut account.due);
        all.filter(|due| due.origin == Origin::Node(node)).for_each(|due| due.must = false);
    }

    /// All that was on its way has arrived.
    pub(super) fn settle(&mut self) {
        self.pending.clear();
        self.accounts.values_mut().for_each(Account::settle);
    }
}
