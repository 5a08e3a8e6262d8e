//! How many sessions each address has open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
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

fn network(ip: IpAddr) -> IpAddr {
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
}
