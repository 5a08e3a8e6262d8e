//! Telling observers how a client's session goes.

use super::Client;
use crate::engine::{CloseReason, session};
use crate::observe::SessionChange;

impl Client {
    pub(super) fn tell_opened(&self) {
        if let Some(counters) = &self.reception.counters {
            counters.session_opened(self.sender.transport());
        }
        if let Some(observers) = &self.reception.observers {
            let (handshake, transport) = (&self.handshake, self.sender.transport());
            observers.session(&SessionChange::Opened { handshake, transport });
        }
    }

    pub(super) fn tell_upgraded(&self) {
        if let Some(counters) = &self.reception.counters {
            counters.session_upgraded(self.sender.transport());
        }
        if let Some(observers) = &self.reception.observers {
            let (handshake, transport) = (&self.handshake, self.sender.transport());
            observers.session(&SessionChange::Upgraded { handshake, transport });
        }
    }

    /// The session is closed; only the first reason counts.
    pub(super) fn tell_closed(&mut self, reason: CloseReason) {
        let opened = self.opened.take();
        if let (Some(counters), Some(_)) = (&self.reception.counters, opened) {
            counters.session_closed(self.sender.transport(), reason);
        }
        if let (Some(observers), Some(opened)) = (&self.reception.observers, opened) {
            let (handshake, transport) = (&self.handshake, self.sender.transport());
            let lasted = session::now().saturating_duration_since(opened);
            observers.session(&SessionChange::Closed { handshake, transport, reason, lasted });
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Only one whose task did not come to its end is open here.
        self.tell_closed(CloseReason::TransportClose);
    }
}
