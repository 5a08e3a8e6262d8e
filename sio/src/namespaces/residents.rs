//! Whose a dynamic namespace is, where an address may have only so many.

use std::net::IpAddr;
use std::sync::Arc;

use crate::places::{Addresses, Counts, Place, network};

/// Those who are in a dynamic namespace, by address.
///
/// It counts for one of these addresses: the founder's, and when the last of them has left, another's. Otherwise a
/// founder who leaves would pay for those who stay, or one who has somebody stay would pay for nothing.
pub(super) struct Residents {
    addresses: Arc<Addresses>,
    /// None while each of the addresses has as many as it may.
    place: Option<Place>,
    counts: Counts,
}

impl Residents {
    /// Of a new namespace; none when its founder's address has as many as it may.
    pub(super) fn founded(addresses: &Arc<Addresses>, ip: Option<IpAddr>) -> Option<Self> {
        let place = Some(addresses.take(ip)?);
        Some(Self { addresses: Arc::clone(addresses), place, counts: Counts::default() })
    }

    pub(super) fn enter(&mut self, ip: Option<IpAddr>) {
        self.counts.add(ip.map(network));
        if self.place.is_none() {
            self.place = self.addresses.take(ip);
        }
    }

    pub(super) fn leave(&mut self, ip: Option<IpAddr>) {
        let ip = ip.map(network);
        let was_last = self.counts.remove(ip);
        if was_last && self.place.as_ref().is_some_and(|place| place.network() == ip) {
            self.place = self.counts.networks().find_map(|ip| self.addresses.take(ip));
        }
    }
}
