//! Identifiers that cannot be guessed, from the operating system's generator.

use std::cell::Cell;

use sio_core::id::{PrivateId, SessionId, Sid};

/// Bytes that make 20 characters of base64.
const ID_BYTES: usize = 15;

/// Ids made of one call to the operating system, which costs as much for many bytes as for a few.
const BATCH: usize = 32;

thread_local! {
    static POOL: Cell<Pool> = const { Cell::new(Pool { bytes: [0; ID_BYTES * BATCH], left: 0 }) };
}

#[derive(Clone, Copy)]
struct Pool {
    bytes: [u8; ID_BYTES * BATCH],
    left: usize,
}

/// The secret id of a new session.
pub(crate) fn session_id() -> SessionId {
    SessionId::from_random(bytes())
}

/// The secret by which a client comes back to a socket.
pub(crate) fn private_id() -> PrivateId {
    PrivateId::from_random(bytes())
}

/// The public id of a new socket.
pub(crate) fn sid() -> Sid {
    Sid::from_random(bytes())
}

fn bytes() -> [u8; ID_BYTES] {
    let mut pool = POOL.get();
    if pool.left == 0 {
        getrandom::fill(&mut pool.bytes).expect("the operating system gives random bytes");
        pool.left = BATCH;
    }
    pool.left -= 1;
    let mut id = [0; ID_BYTES];
    let at = pool.left * ID_BYTES;
    id.copy_from_slice(&pool.bytes[at..at + ID_BYTES]);
    // An id that was given out is not kept in memory.
    pool.bytes[at..at + ID_BYTES].fill(0);
    POOL.set(pool);
    id
}
