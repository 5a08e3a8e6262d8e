//! Places for clients that are away, of all namespaces together.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::handshake::Handshake;
use crate::places::{Counts, network};

/// How many sockets of one connection are waited for at a time.
pub(crate) const MAX_OF_CONNECTION: usize = 16;

/// The part of the last half of all places that one address gets is one of so many.
const PARTS: usize = 64;

/// The clients that have a place. None is ever moved out of its place for another: a client that comes too late gets
/// none.
#[derive(Debug)]
pub(crate) struct Parking {
    places: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: Counts,
}

/// A place, free again when this is dropped.
pub(crate) struct ParkingPlace {
    parking: Arc<Parking>,
    network: Option<IpAddr>,
    connection: Arc<Handshake>,
}

impl Parking {
    pub(crate) fn new(places: usize) -> Self {
        Self { places, taken: Mutex::default() }
    }

    /// A place for a socket of a connection. None when all are taken, or when the connection or its address has its
    /// share.
    pub(crate) fn take(self: &Arc<Self>, connection: &Arc<Handshake>) -> Option<ParkingPlace> {
        let (network, parked) = (connection.ip().map(network), connection.parked());
        let mut taken = self.lock();
        let left = self.places.saturating_sub(taken.all);
        // Changed only under the lock.
        if taken.by_address.of(network) >= self.share(left)
            || parked.load(Ordering::Relaxed) >= MAX_OF_CONNECTION
        {
            return None;
        }
        parked.fetch_add(1, Ordering::Relaxed);
        taken.all += 1;
        taken.by_address.add(network);
        Some(ParkingPlace { parking: Arc::clone(self), network, connection: Arc::clone(connection) })
    }

    /// How many places one address may have and still get another, when so many are left: as many as it likes while
    /// that is more than half of all, for all clients may be behind one proxy; then a small part of what is left.
    fn share(&self, left: usize) -> usize {
        match left {
            0 => 0,
            left if left > self.places / 2 => usize::MAX,
            left => left.div_ceil(PARTS),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ParkingPlace {
    fn drop(&mut self) {
        let mut taken = self.parking.lock();
        self.connection.parked().fetch_sub(1, Ordering::Relaxed);
        taken.all -= 1;
        taken.by_address.remove(self.network);
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::SystemTime;

    use hyper::Request;

    use super::*;
    use crate::peer::Peer;

    /// A connection of this address, or of one that is not known.
    fn connection(last: Option<u8>) -> Arc<Handshake> {
        let peer = last.map(|last| Peer::new(SocketAddr::from(([10, 0, 0, last], 1)), false));
        let (request, ()) = Request::new(()).into_parts();
        Arc::new(Handshake::of(&request, peer.unwrap_or_default(), SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn one_connection_has_a_share() {
        let parking = Arc::new(Parking::new(1000));
        let (one, other) = (connection(Some(1)), connection(Some(1)));
        let mut places: Vec<_> = (0..MAX_OF_CONNECTION).map(|_| parking.take(&one)).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(parking.take(&one).is_none());
        assert!(parking.take(&other).is_some());
        drop(places.pop());
        assert!(parking.take(&one).is_some());
    }

    #[test]
    fn an_address_leaves_places_for_others() {
        let parking = Arc::new(Parking::new(1000));
        let take_all = |last| {
            let places = std::iter::from_fn(|| parking.take(&connection(last)));
            places.collect::<Vec<_>>()
        };
        let one = take_all(Some(1));
        assert_eq!(one.len(), 500);
        let two = take_all(Some(2));
        assert_eq!(two.len(), 8);
        // Those who hide their addresses are together no more than one.
        let hidden = take_all(None);
        assert_eq!(hidden.len(), 8);
        let others: Vec<_> = (3..=202).map(|last| parking.take(&connection(Some(last)))).collect();
        assert_eq!(others.iter().flatten().count(), 200);
        drop((one, two, hidden, others));
        let taken = parking.lock();
        assert_eq!((taken.all, taken.by_address.networks().count()), (0, 0));
    }

    #[test]
    fn the_only_place_can_be_had() {
        let parking = Arc::new(Parking::new(1));
        let place = parking.take(&connection(Some(1)));
        assert!(place.is_some() && parking.take(&connection(Some(2))).is_none());
    }
}
