//! A packet whose attachments have not all arrived.

use std::time::{Duration, Instant};

use crate::engine::session::later;

/// How much of a packet has arrived, and until when the rest has to come.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// None when no attachments are due.
    packet: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    bytes: usize,
    deadline: Instant,
}

impl Unfinished {
    /// So much has arrived, and attachments are due: the last one within `timeout` of the text.
    pub(super) fn note(&mut self, bytes: usize, timeout: Duration) {
        match &mut self.packet {
            Some(partial) => partial.bytes = bytes,
            None => self.packet = Some(Partial { bytes, deadline: later(timeout) }),
        }
    }

    /// The packet is complete.
    pub(super) fn end(&mut self) {
        self.packet = None;
    }

    /// The client has been kept from sending the rest.
    pub(super) fn restart(&mut self, timeout: Duration) {
        if let Some(partial) = &mut self.packet {
            partial.deadline = later(timeout);
        }
    }

    /// The bytes that have arrived; zero when no attachments are due.
    pub(super) fn bytes(&self) -> usize {
        self.packet.as_ref().map_or(0, |partial| partial.bytes)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.packet.as_ref().map(|partial| partial.deadline)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn attachments_that_drip_put_the_deadline_off_by_nothing() {
        let (mut unfinished, timeout) = (Unfinished::default(), Duration::from_secs(20));
        unfinished.note(1, timeout);
        let deadline = unfinished.deadline();
        for bytes in 2..10 {
            advance(Duration::from_secs(1)).await;
            unfinished.note(bytes, timeout);
            assert_eq!((unfinished.bytes(), unfinished.deadline()), (bytes, deadline));
        }
        unfinished.restart(timeout);
        assert!(unfinished.deadline() > deadline);
        unfinished.end();
        assert_eq!((unfinished.bytes(), unfinished.deadline()), (0, None));
    }
}
