//! How many sessions and connections are open, in all and by address.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The network of an IPv6 address that one customer has all to himself (RFC 6177): counting single addresses of
/// it would count nothing.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// How many of something each address has. Clients whose address is not known count together: a limit that leaves them
/// out is none for whoever can hide his address.
#[derive(Debug, Default)]
pub(crate) struct Counts(HashMap<Option<IpAddr>, usize>);

impl Counts {
    pub(crate) fn of(&self, network: Option<IpAddr>) -> usize {
        self.0.get(&network).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, network: Option<IpAddr>) {
        *self.0.entry(network).or_insert(0) += 1;
    }

    /// Returns whether the address has none any more.
    pub(crate) fn remove(&mut self, network: Option<IpAddr>) -> bool {
        let Some(count) = self.0.get_mut(&network) else { return false };
        *count -= 1;
        let was_last = *count == 0;
        if was_last {
            self.0.remove(&network);
        }
        was_last
    }

    /// The addresses that have any.
    pub(crate) fn networks(&self) -> impl Iterator<Item = Option<IpAddr>> {
        self.0.keys().copied()
    }
}

/// Counts sessions by address. Only an engine with a limit has one.
#[derive(Debug)]
pub(crate) struct Addresses {
    limit: usize,
    counts: Mutex<Counts>,
}

impl Addresses {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    /// A place among the sessions of an address; none when all are taken.
    pub(crate) fn take(self: &Arc<Self>, ip: Option<IpAddr>) -> Option<Place> {
        let network = ip.map(network);
        let mut counts = self.lock();
        if counts.of(network) >= self.limit {
            return None;
        }
        counts.add(network);
        Some(Place(Box::new((Arc::clone(self), network))))
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the sessions of an address, free again when this is dropped. Boxed: sessions of engines without a
/// limit pay one word for it.
#[derive(Debug)]
pub(crate) struct Place(Box<(Arc<Addresses>, Option<IpAddr>)>);

impl Place {
    /// Returns the address, or the network that counts as one address.
    pub(crate) fn network(&self) -> Option<IpAddr> {
        self.0.1
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (addresses, network) = &*self.0;
        addresses.lock().remove(*network);
    }
}

/// Counts connections, of which a session may have several: the poll, a POST beside it, and a WebSocket that it
/// upgrades to. They are limited all the same, as one that never opens a session takes a descriptor and memory as
/// well.
///
/// A newcomer that finds all places taken gets that of a connection which is idle, or there would be none for anybody
/// as soon as one host holds connections for nothing. Any client has to expect that an idle connection is closed.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    addresses: Option<Arc<Addresses>>,
    /// Grows with every connection that becomes idle.
    idled: AtomicU64,
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    taken: BTreeMap<u64, Arc<Seat>>,
    /// How many there have been.
    numbered: u64,
    /// Where the next look for an idle one begins.
    looked_at: u64,
}

/// How many connections are looked at for an idle one, of which the longest idle is chosen: newcomers are not to cost
/// more where there are more places.
const LOOKS: usize = 256;

/// Connections that so many sessions may have: three each, and what one browser opens for the files of a page.
const fn for_sessions(sessions: usize) -> usize {
    sessions.saturating_mul(3).saturating_add(4)
}

impl Connections {
    /// None where nothing is limited.
    pub(crate) fn new(sessions: usize, sessions_per_address: usize) -> Option<Arc<Self>> {
        let addresses = (sessions_per_address != usize::MAX)
            .then(|| Arc::new(Addresses::new(for_sessions(sessions_per_address))));
        let is_limited = sessions != usize::MAX || addresses.is_some();
        let limit = for_sessions(sessions);
        is_limited
            .then(|| Arc::new(Self { limit, addresses, idled: AtomicU64::new(0), seats: Mutex::default() }))
    }

    /// A place for one more connection, which is idle at first.
    ///
    /// # Errors
    ///
    /// With the option by which there is none.
    pub(crate) fn take(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<ConnectionPlace, &'static str> {
        let address = match self.addresses.as_ref().map(|addresses| addresses.take(ip)) {
            Some(None) => return Err("max_connections_per_address"),
            place => place.flatten(),
        };
        let seat = Arc::new(Seat {
            connections: Arc::clone(self),
            idle_since: AtomicU64::new(0),
            is_given_up: AtomicBool::new(false),
            given_up: Notify::new(),
            address: Mutex::new(address),
        });
        seat.set_idle(true);
        let mut seats = self.lock();
        if seats.taken.len() >= self.limit && !seats.make_room() {
            return Err("max_connections");
        }
        let number = seats.numbered;
        seats.numbered += 1;
        seats.taken.insert(number, Arc::clone(&seat));
        Ok(ConnectionPlace(Box::new(Taken { number, seat })))
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    /// Gives up the longest idle connection of some; false if none of them is idle.
    fn make_room(&mut self) -> bool {
        let all = self.taken.range(self.looked_at..).chain(self.taken.range(..self.looked_at));
        let mut last = 0;
        let looked = all.take(LOOKS).inspect(|(number, _)| last = **number);
        let idle = looked.filter(|(_, seat)| seat.is_idle());
        let longest = idle.min_by_key(|(_, seat)| seat.idle_since.load(Ordering::Relaxed));
        let longest = longest.map(|(number, _)| *number);
        self.looked_at = last + 1;
        let given_up = longest.and_then(|number| self.taken.remove(&number));
        given_up.is_some_and(|seat| {
            seat.is_given_up.store(true, Ordering::Release);
            seat.given_up.notify_one();
            true
        })
    }
}

/// A connection among the others.
#[derive(Debug)]
pub(crate) struct Seat {
    connections: Arc<Connections>,
    /// Zero while it is at work: it carries a request, or a session.
    idle_since: AtomicU64,
    /// The place is another's; whoever waits for that is told.
    is_given_up: AtomicBool,
    given_up: Notify,
    /// Its place among the connections of its address.
    address: Mutex<Option<Place>>,
}

impl Seat {
    pub(crate) fn set_idle(&self, is_idle: bool) {
        let since = if is_idle { self.connections.idled.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        self.idle_since.store(since, Ordering::Relaxed);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::Relaxed) != 0
    }

    /// It does not count as one of its address any more: another server of ours passes requests of many clients on by
    /// it, and has counted theirs.
    pub(crate) fn count_without_address(&self) {
        drop(self.address.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Acquire)
    }

    /// Waits until the place is another's, and the connection has to end.
    pub(crate) async fn until_given_up(&self) {
        self.given_up.notified().await;
    }
}

/// A place among the connections, free again when this is dropped. Boxed, as one of a session is.
#[derive(Debug)]
pub(crate) struct ConnectionPlace(Box<Taken>);

#[derive(Debug)]
struct Taken {
    number: u64,
    seat: Arc<Seat>,
}

impl ConnectionPlace {
    pub(crate) fn seat(&self) -> Arc<Seat> {
        Arc::clone(&self.0.seat)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.0.seat.connections.lock().taken.remove(&self.0.number);
        // At once, whoever else may still hold the seat.
        self.0.seat.count_without_address();
    }
}

/// Returns the address or the IPv6 network that counts as one address.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & IPV6_NETWORK)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_address_has_as_many_places_as_the_limit_says() {
        let addresses = Arc::new(Addresses::new(2));
        let first = addresses.take(ip("10.0.0.1"));
        let second = addresses.take(ip("::ffff:10.0.0.1"));
        assert!(first.is_some() && second.is_some());
        assert!(addresses.take(ip("10.0.0.1")).is_none());
        assert!(addresses.take(ip("10.0.0.2")).is_some());
        drop(first);
        assert!(addresses.take(ip("10.0.0.1")).is_some());
    }

    #[test]
    fn ipv6_is_counted_by_network() {
        let addresses = Arc::new(Addresses::new(1));
        let _place = addresses.take(ip("2001:db8:0:1::1"));
        assert!(addresses.take(ip("2001:db8:0:1:ffff::2")).is_none());
        assert!(addresses.take(ip("2001:db8:0:2::1")).is_some());
    }

    #[test]
    fn unknown_addresses_are_counted_together() {
        let addresses = Arc::new(Addresses::new(1));
        let place = addresses.take(None);
        assert!(place.is_some() && addresses.take(None).is_none());
        assert!(addresses.take(ip("10.0.0.1")).is_some());
        drop(place);
        assert!(addresses.take(None).is_some());
    }

    #[test]
    fn an_address_without_sessions_is_forgotten() {
        let addresses = Arc::new(Addresses::new(1));
        drop(addresses.take(ip("10.0.0.1")));
        assert_eq!(addresses.lock().networks().count(), 0);
    }

    #[test]
    fn connections_are_limited_in_all_and_by_address() {
        assert!(Connections::new(usize::MAX, usize::MAX).is_none());
        let connections = Connections::new(2, 1).expect("both are limited");
        let busy = |address| {
            let place = connections.take(ip(address));
            place.inspect(|place| place.seat().set_idle(false))
        };
        let seven: Vec<_> = (0..7).map(|_| busy("10.0.0.1").expect("seven fit")).collect();
        assert_eq!(connections.take(ip("10.0.0.1")).err(), Some("max_connections_per_address"));
        let three: Vec<_> = (0..3).map(|_| busy("10.0.0.2").expect("ten fit")).collect();
        for _ in 0..3 {
            assert_eq!(connections.take(ip("10.0.0.3")).err(), Some("max_connections"));
        }
        drop(three);
        assert!(connections.take(ip("10.0.0.3")).is_ok());
        drop(seven);
        assert!(connections.lock().taken.is_empty());
    }

    #[test]
    fn the_longest_idle_connection_makes_room_for_a_newcomer() {
        let connections = Connections::new(1, usize::MAX).expect("they are limited");
        let take = || connections.take(None).expect("one is idle");
        let places: Vec<_> = (0..7).map(|_| take()).collect();
        let seats: Vec<_> = places.iter().map(ConnectionPlace::seat).collect();
        seats[0].set_idle(false);
        seats[1].set_idle(false);
        seats[1].set_idle(true);
        let is_given_up = |at: usize| seats[at].until_given_up().now_or_never().is_some();
        let newcomers: Vec<_> = (0..6).map(|_| take()).collect();
        assert_eq!((0..7).map(is_given_up).collect::<Vec<_>>(), [false, true, true, true, true, true, true]);
        newcomers.iter().for_each(|place| place.seat().set_idle(false));
        assert_eq!(connections.take(None).err(), Some("max_connections"));
        // Their places are others' by now.
        drop(places);
        assert_eq!(connections.lock().taken.len(), 6);
        drop(newcomers);
        assert!(connections.lock().taken.is_empty());
    }

    #[test]
    fn a_connection_of_another_server_takes_no_place_of_its_address() {
        let connections = Connections::new(usize::MAX, 1).expect("they are limited");
        let take = || connections.take(ip("10.0.0.1"));
        let servers: Vec<_> = (0..20)
            .map(|_| {
                let place = take().expect("those before do not count");
                place.seat().count_without_address();
                place
            })
            .collect();
        let seven: Vec<_> = (0..7).map(|_| take().expect("seven fit")).collect();
        assert!(take().is_err());
        drop(servers);
        assert!(take().is_err(), "its place was free before");
        drop(seven);
        assert!(take().is_ok());
    }

    #[test]
    fn however_many_there_are_an_idle_one_is_found() {
        let connections = Connections::new(1000, usize::MAX).expect("they are limited");
        let places: Vec<_> = (0..3004).map(|_| connections.take(None).expect("there is room")).collect();
        places.iter().for_each(|place| place.seat().set_idle(false));
        places[2000].seat().set_idle(true);
        let looks = (1..100).find(|_| connections.take(None).is_ok());
        assert_eq!(looks, Some(2000 / LOOKS + 1));
    }
}
