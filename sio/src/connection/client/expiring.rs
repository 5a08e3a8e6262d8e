//! Clients that are let in for a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Client, Slot};
use crate::Socket;
use crate::hub::member::expiry::Due;

/// The event that warns a client, with the seconds that are left.
const EXPIRING: &str = "auth_expiring";

/// The event that a client is sent before it is disconnected.
const EXPIRED: &str = "auth_expired";

impl Client {
    /// When the time of the first socket is over, or its client is to be warned.
    #[inline]
    pub(super) fn expiry(&self) -> Option<Instant> {
        let warning = self.reception.auth_warning;
        self.sockets.iter().filter_map(|slot| slot.member.expiry_deadline(warning)).min()
    }

    /// Warns those whose time is nearly over, and disconnects those whose time is over.
    #[cold]
    pub(super) fn expire(&mut self, now: Instant) {
        for slot in &self.sockets {
            match slot.member.expiry_due(self.reception.auth_warning, now) {
                Some(Due::Warning(left)) => slot.say(EXPIRING, &whole_seconds(left)),
                Some(Due::End) => {
                    slot.say(EXPIRED, &());
                    slot.member.expire();
                }
                None => {}
            }
        }
    }
}

impl Slot {
    /// Sends an event if there is room for it: a client that does not read needs no warning.
    fn say<A: serde::Serialize>(&self, event: &str, args: &A) {
        drop(Socket::new(Arc::clone(&self.member)).try_emit(event, args));
    }
}

/// The nearest number of seconds.
fn whole_seconds(left: Duration) -> u64 {
    (left + Duration::from_millis(500)).as_secs()
}
