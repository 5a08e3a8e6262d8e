//! How much input of one client may wait.

use super::Client;
use crate::hub::member::Amount;

impl Client {
    /// True while fewer than `incoming_events` events of each socket and kind, and fewer than `incoming_bytes` of all
    /// of them, wait or are being handled.
    ///
    /// One packet may wait beside what is being handled, however large the two are, and the client is heard behind
    /// it: a handler may wait for the answer to a question.
    pub(super) fn has_room_for_input(&self) -> bool {
        self.has_little_input() || self.has_room_when_counted()
    }

    /// Returns true if the input that waits is so little that it need not be looked at closely.
    fn has_little_input(&self) -> bool {
        let options = &self.reception;
        let mut bytes = self.unfinished.bytes();
        let is_little = self.sockets.iter().all(|slot| {
            slot.member.input_at_most().is_some_and(|(packets, more)| {
                bytes += more;
                packets < options.incoming_events
            })
        });
        is_little && bytes < options.incoming_bytes
    }

    /// Takes the lock of each socket.
    #[inline(never)]
    fn has_room_when_counted(&self) -> bool {
        let options = &self.reception;
        let unfinished = self.unfinished.bytes();
        let mut queued = Amount { packets: usize::from(unfinished > 0), bytes: unfinished };
        let mut running = Amount::default();
        for slot in &self.sockets {
            let input = slot.member.input();
            if input.waiting >= options.incoming_events || input.concurrent >= options.incoming_events {
                return false;
            }
            queued += input.queued;
            running += input.running;
        }
        let has_room = queued.bytes + running.bytes < options.incoming_bytes;
        has_room || (queued.packets <= 1 && (running.packets <= 1 || running.bytes < options.incoming_bytes))
    }
}
