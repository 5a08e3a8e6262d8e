//! Identifiers that cannot be guessed, from the operating system's generator.

use std::cell::RefCell;
#[cfg(feature = "cluster")]
use std::sync::{Arc, OnceLock};

#[cfg(feature = "cluster")]
use sio_core::cluster::key::{Owned, Owner};
use sio_core::id::{PrivateId, SessionId, Sid};

/// Bytes that make 20 characters of base64.
const ID_BYTES: usize = 15;

/// Ids made of one call to the operating system, which costs as much for many bytes as for a few.
const BATCH: usize = 32;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; ID_BYTES * BATCH], left: 0 }) };
}

struct Pool {
    bytes: [u8; ID_BYTES * BATCH],
    left: usize,
}

/// Makes the ids of a server. Clones make ids of the same server.
///
/// They are random throughout, or, once the server is a node of a cluster, name and prove it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    #[cfg(feature = "cluster")]
    owner: Arc<OnceLock<Owner>>,
}

impl Ids {
    /// Lets all ids from now on name this owner. The first one counts.
    #[cfg(feature = "cluster")]
    pub(crate) fn set_owner(&self, owner: Owner) {
        // A server is started once.
        let _ = self.owner.set(owner);
    }

    /// The secret id of a new session.
    pub(crate) fn session_id(&self) -> SessionId {
        self.id(SessionId::from_random)
    }

    /// The secret by which a client comes back to a socket.
    pub(crate) fn private_id(&self) -> PrivateId {
        self.id(PrivateId::from_random)
    }

    /// The public id of a new socket.
    pub(crate) fn sid(&self) -> Sid {
        self.id(Sid::from_random)
    }

    #[cfg(feature = "cluster")]
    fn id<I: Owned>(&self, from_random: impl FnOnce([u8; ID_BYTES]) -> I) -> I {
        let bytes = bytes();
        match (self.owner.get(), bytes.first_chunk()) {
            (Some(owner), Some(random)) => owner.make(*random),
            _ => from_random(bytes),
        }
    }

    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_self, reason = "with the feature `cluster` the ids are those of a server")]
    fn id<I>(&self, from_random: impl FnOnce([u8; ID_BYTES]) -> I) -> I {
        from_random(bytes())
    }
}

/// Puts items into an order that nobody can foresee.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let [.., a, b, c, d, e, f, g, h] = bytes();
        let random = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        // The remainder is small enough, and the bias of no account.
        items.swap(last, (random % (last as u64 + 1)) as usize);
    }
}

fn bytes() -> [u8; ID_BYTES] {
    POOL.with_borrow_mut(|pool| {
        if pool.left == 0 {
            getrandom::fill(&mut pool.bytes).expect("the operating system gives random bytes");
            pool.left = BATCH;
        }
        pool.left -= 1;
        let at = pool.left * ID_BYTES;
        let mut id = [0; ID_BYTES];
        // An id that was given out is not kept in memory.
        id.swap_with_slice(&mut pool.bytes[at..at + ID_BYTES]);
        id
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice() {
        let ids = Ids::default();
        let all: HashSet<_> = (0..4 * BATCH).map(|_| ids.sid().as_str().to_owned()).collect();
        assert_eq!(all.len(), 4 * BATCH);
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn ids_name_the_node_that_makes_them_once_there_is_one() {
        use sio_core::cluster::key::{ProofKey, tag_of};

        let owner = Owner { tag: "eu001".parse().unwrap(), key: ProofKey::from_random([1; 16]) };
        let ids = Ids::default();
        assert!(!owner.key.proves(&ids.session_id()));
        ids.clone().set_owner(owner);
        let (session, sid, pid) = (ids.session_id(), ids.sid(), ids.private_id());
        assert_eq!([tag_of(&session), tag_of(&sid), tag_of(&pid)], [owner.tag; 3]);
        assert!(owner.key.proves(&session) && owner.key.proves(&sid) && owner.key.proves(&pid));
        let all: HashSet<_> = (0..4 * BATCH).map(|_| ids.session_id()).collect();
        assert_eq!(all.len(), 4 * BATCH);
        // Another server of the same process makes its own.
        assert!(!owner.key.proves(&Ids::default().sid()));
    }
}
