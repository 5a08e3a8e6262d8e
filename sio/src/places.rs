//! How many sessions and connections are open, in all and by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The network of an IPv6 address that one customer has all to himself (RFC 6177): counting single addresses of
/// it would count nothing.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// Counts sessions by address. Only an engine with a limit has one.
#[derive(Debug)]
pub(crate) struct Addresses {
    limit: usize,
    /// Clients whose address is not known count together: a limit that leaves them out is none for whoever can hide
    /// his address.
    counts: Mutex<HashMap<Option<IpAddr>, usize>>,
}

impl Addresses {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    /// A place among the sessions of an address; none when all are taken.
    pub(crate) fn take(self: &Arc<Self>, ip: Option<IpAddr>) -> Option<Place> {
        let network = ip.map(network);
        let mut counts = self.lock();
        let count = counts.entry(network).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Place(Box::new((Arc::clone(self), network))))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the sessions of an address, free again when this is dropped. Boxed: sessions of engines without a
/// limit pay one word for it.
#[derive(Debug)]
pub(crate) struct Place(Box<(Arc<Addresses>, Option<IpAddr>)>);

impl Drop for Place {
    fn drop(&mut self) {
        let (addresses, network) = &*self.0;
        let mut counts = addresses.lock();
        if let Some(count) = counts.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(network);
            }
        }
    }
}

/// Counts connections, of which a session may have several: the poll, a POST beside it, and a WebSocket that it upgrades
/// to. They are limited all the same, as one that never opens a session takes a descriptor and memory as well.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    open: AtomicUsize,
    addresses: Option<Arc<Addresses>>,
}

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
        let connections = || Self { limit: for_sessions(sessions), open: AtomicUsize::new(0), addresses };
        is_limited.then(connections).map(Arc::new)
    }

    /// A place for one more connection.
    ///
    /// # Errors
    ///
    /// With the option by which there is none.
    pub(crate) fn take(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<ConnectionPlace, &'static str> {
        let address = match self.addresses.as_ref().map(|addresses| addresses.take(ip)) {
            Some(None) => return Err("max_connections_per_address"),
            place => place.flatten(),
        };
        let place = ConnectionPlace(Box::new((Arc::clone(self), address)));
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limit {
            // Dropped, it gives back what it took.
            return Err("max_connections");
        }
        Ok(place)
    }
}

/// A place among the connections, free again when this is dropped. Boxed, as one of a session is.
#[derive(Debug)]
pub(crate) struct ConnectionPlace(Box<(Arc<Connections>, Option<Place>)>);

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What counts as one address.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & IPV6_NETWORK)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
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
        assert!(addresses.lock().is_empty());
    }

    #[test]
    fn connections_are_limited_in_all_and_by_address() {
        assert!(Connections::new(usize::MAX, usize::MAX).is_none());
        let connections = Connections::new(2, 1).expect("both are limited");
        let seven: Vec<_> = (0..7).map(|_| connections.take(ip("10.0.0.1")).expect("seven fit")).collect();
        assert_eq!(connections.take(ip("10.0.0.1")).err(), Some("max_connections_per_address"));
        let three: Vec<_> = (0..3).map(|_| connections.take(ip("10.0.0.2")).expect("ten fit")).collect();
        for _ in 0..3 {
            assert_eq!(connections.take(ip("10.0.0.3")).err(), Some("max_connections"));
        }
        drop(three);
        assert!(connections.take(ip("10.0.0.3")).is_ok());
        drop(seven);
        assert_eq!(connections.open.load(Ordering::Relaxed), 0);
    }
}
