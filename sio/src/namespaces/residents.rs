//! Whose a dynamic namespace is, where an address may have only so many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::places::{Addresses, Place, network};

/// Those who are in a dynamic namespace, by address.
///
/// It counts for one of these addresses: the founder's, and when the last of them has left, another's. Otherwise a
/// founder who leaves would pay for those who stay, or one who has somebody stay would pay for nothing.
pub(super) struct Residents {
    addresses: Arc<Addresses>,
    /// None while each of the addresses has as many as it may.
    place: Option<Place>,
    counts: HashMap<Option<IpAddr>, usize>,
}

impl Residents {
    /// Of a new namespace; none when its founder's address has as many as it may.
    pub(super) fn founded(addresses: &Arc<Addresses>, ip: Option<IpAddr>) -> Option<Self> {
        let place = Some(addresses.take(ip)?);
        Some(Self { addresses: Arc::clone(addresses), place, counts: HashMap::new() })
    }

    pub(super) fn enter(&mut self, ip: Option<IpAddr>) {
        *self.counts.entry(ip.map(network)).or_default() += 1;
        if self.place.is_none() {
            self.place = self.addresses.take(ip);
        }
    }

    pub(super) fn leave(&mut self, ip: Option<IpAddr>) {
        let ip = ip.map(network);
        let Some(count) = self.counts.get_mut(&ip) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.counts.remove(&ip);
        if self.place.as_ref().is_some_and(|place| place.network() == ip) {
            self.place = self.counts.keys().find_map(|ip| self.addresses.take(*ip));
        }
    }
}
