//! The transport that carries a session's packets.
//!
//! ```text
//!              probe                 upgrade
//!   Polling ──────────▶ Probing ──────────────┐
//!      ▲   ◀──────────                        ▼
//!      │     probe lost                   WebSocket
//!    begins                                   ▲
//!                          opened             │
//!   begins ──▶ Opening ───────────────────────┘
//!
//!   each ── everything has been sent, or its time is over ──▶ Gone
//! ```

use std::mem;

use crate::engine::polling::Polling;
use crate::transport::websocket::WebSocket;

pub(crate) enum Carrier {
    /// A WebSocket whose HTTP upgrade is not complete.
    Opening(WebSocket),
    /// GET and POST.
    Polling(Box<Polling>),
    /// The same, and a WebSocket that is to take over.
    Probing { polling: Box<Polling>, probe: Box<WebSocket> },
    /// A WebSocket. `rest` is a POST whose packets were being taken when it took over.
    WebSocket { websocket: WebSocket, rest: Option<Box<Polling>> },
    /// None any more; the handler may still be busy.
    Gone,
}

impl Carrier {
    pub(super) fn is_opening(&self) -> bool {
        matches!(self, Self::Opening(_))
    }

    pub(super) fn is_probing(&self) -> bool {
        matches!(self, Self::Probing { .. })
    }

    pub(super) fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket { .. })
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// Returns the polling side, if there is one or something of it is left.
    pub(super) fn polling(&mut self) -> Option<&mut Polling> {
        match self {
            Self::Polling(polling) | Self::Probing { polling, .. } => Some(polling),
            Self::WebSocket { rest, .. } => rest.as_deref_mut(),
            Self::Opening(_) | Self::Gone => None,
        }
    }

    /// Returns the WebSocket that is the main transport, or about to be since its session began with it.
    pub(super) fn websocket(&mut self) -> Option<&mut WebSocket> {
        match self {
            Self::Opening(websocket) | Self::WebSocket { websocket, .. } => Some(websocket),
            Self::Polling(_) | Self::Probing { .. } | Self::Gone => None,
        }
    }

    /// Returns the WebSocket that is to take over.
    pub(super) fn probe(&mut self) -> Option<&mut WebSocket> {
        match self {
            Self::Probing { probe, .. } => Some(probe),
            _ => None,
        }
    }

    /// The HTTP upgrade of the first WebSocket is complete.
    pub(super) fn opened(&mut self) {
        self.change(|carrier| match carrier {
            Self::Opening(websocket) => Self::WebSocket { websocket, rest: None },
            other => other,
        });
    }

    /// Begins an upgrade. A WebSocket that finds no polling to take over from is dropped, which closes it.
    pub(super) fn begin_probe(&mut self, probe: Box<WebSocket>) {
        self.change(|carrier| match carrier {
            Self::Polling(mut polling) => {
                polling.begin_upgrade();
                Self::Probing { polling, probe }
            }
            other => other,
        });
    }

    /// Ends an upgrade that has failed.
    pub(super) fn end_probe(&mut self) {
        self.change(|carrier| match carrier {
            Self::Probing { polling, .. } => Self::Polling(polling),
            other => other,
        });
    }

    /// Completes an upgrade.
    pub(super) fn upgrade(&mut self) {
        self.change(|carrier| match carrier {
            Self::Probing { polling, probe } => Self::WebSocket { websocket: *probe, rest: Some(polling) },
            other => other,
        });
    }

    /// Drops what an upgrade has left of the polling side.
    pub(super) fn end_rest(&mut self) {
        if let Self::WebSocket { rest, .. } = self {
            *rest = None;
        }
    }

    /// Drops everything. A POST that was being taken is answered.
    pub(super) fn end(&mut self) {
        if let Some(polling) = self.polling() {
            polling.finish_post();
        }
        *self = Self::Gone;
    }

    fn change(&mut self, change: impl FnOnce(Self) -> Self) {
        *self = change(mem::replace(self, Self::Gone));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_little_larger_than_its_websocket() {
        assert!(size_of::<Carrier>() <= size_of::<WebSocket>() + 16, "{}", size_of::<Carrier>());
    }
}
