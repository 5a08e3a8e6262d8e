//! Clients whose state is at another node: their CONNECT is answered when it has come, or is known not to come.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

use sio_core::socket::client::Key;

use super::Client;
use super::joining::Joining;

/// Those who wait. In a box, one word: hardly any connection has one.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "a list would take three words of every connection")]
pub(super) struct Claims(Option<Box<Vec<Claim>>>);

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Claim {
    joining: Joining,
    waiting: Waiting,
}

/// Returns what waits for the state of a client; `None` if it is here, or at no other node.
fn waiting(joining: &Joining) -> Option<Waiting> {
    let (door, resume) = (&joining.door, joining.resume?);
    let others = door.hub.common.others.as_ref()?;
    let here = Arc::clone(door);
    let is_here = move || here.kept.as_ref().is_some_and(|kept| kept.find(&resume).is_some());
    if is_here() {
        return None;
    }
    others.claim(door.path(), &resume, is_here)
}

impl Client {
    /// Begins to wait, if another node may have the state of this client; otherwise returns it.
    pub(super) fn claim(&mut self, joining: Joining) -> Option<Joining> {
        let Some(waiting) = waiting(&joining) else { return Some(joining) };
        self.claims.0.get_or_insert_default().push(Claim { joining, waiting });
        None
    }

    /// Lets those in who need not wait any more.
    pub(super) fn poll_claims(&mut self, cx: &mut Context<'_>) {
        let Some(claims) = &mut self.claims.0 else { return };
        let done: Vec<_> =
            claims.extract_if(.., |claim| claim.waiting.as_mut().poll(cx).is_ready()).collect();
        if claims.is_empty() {
            self.claims.0 = None;
        }
        done.into_iter().for_each(|claim| self.join(claim.joining));
    }

    /// The client has left while it waited.
    pub(super) fn give_up_claim(&mut self, key: Key) {
        let Some(claims) = &mut self.claims.0 else { return };
        let count = claims.len();
        claims.retain(|claim| claim.joining.key != key);
        if claims.len() < count {
            self.protocol.refused(key);
        }
    }
}
