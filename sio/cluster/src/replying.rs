//! Asks sockets of this node for others, and sends their answers.

use std::sync::Arc;
use std::time::Duration;

use sio_core::cluster::ask::{Answers, Asked, Outcome};
use sio_core::cluster::frame::{Flags, Kind};
use sio_core::cluster::node::NodeId;
use sio_core::id::Sid;
use tokio::sync::watch;

use crate::bus::Topic;
use crate::node::Node;
use crate::outbox;
use crate::replies::{AskedHere, Asker};

/// Sockets in one part of a list.
const PAGE_SIDS: usize = 10_000;

/// Bytes of one part of the answers, but for one that is longer.
const PAGE_BYTES: usize = 256 << 10;

impl Node {
    /// Asks sockets of this node for another.
    pub(crate) fn ask_here(
        &self,
        from: NodeId,
        id: u64,
        limit: Duration,
        ask: impl FnOnce(&Asker) -> AskedHere,
    ) {
        let Some(asker) = self.replies.begin(from, id, limit) else {
            return self.line.counters.refused(1);
        };
        let AskedHere { sids, hold } = ask(&asker);
        let count = sids.len();
        let mut sids = sids.into_iter().peekable();
        let mut page = 0;
        loop {
            let batch: Vec<Sid> = sids.by_ref().take(PAGE_SIDS).collect();
            let is_last = sids.peek().is_none();
            let mut frame = self.begin(Kind::Asked, Flags::NONE, 32 + batch.len() * Sid::LEN);
            Asked { id, page, is_last, sids: batch }.write(&mut frame);
            self.line.outbox.push(Topic::Node(from), frame, outbox::Kind::Held);
            if is_last {
                break;
            }
            page += 1;
        }
        self.replies.listed((from, id), count, hold);
    }

    /// Sends answers as they come, several at once if they come faster than they are sent.
    pub(crate) async fn reply(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                // That nobody can stop it any more means the same.
                _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
                () = self.replies.ready.notified() => {}
            }
            for ((to, id), answers) in self.replies.take() {
                self.send_answers(to, id, answers);
            }
            // Those who answer have their turn: the more of them, the larger the next batch.
            tokio::task::yield_now().await;
        }
    }

    fn send_answers(&self, to: NodeId, id: u64, answers: Vec<(Sid, Outcome)>) {
        let mut answers = answers.into_iter().peekable();
        while answers.peek().is_some() {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while let Some((sid, outcome)) =
                answers.next_if(|(_, outcome)| batch.is_empty() || bytes + outcome.len_hint() < PAGE_BYTES)
            {
                // One that no frame can hold is none.
                let outcome = if outcome.len_hint() > self.max_answer { Outcome::Refused } else { outcome };
                bytes += outcome.len_hint();
                batch.push((sid, outcome));
            }
            let mut frame = self.begin(Kind::Answers, Flags::NONE, bytes + 32);
            Answers { id, answers: batch }.write(&mut frame);
            self.line.outbox.push(Topic::Node(to), frame, outbox::Kind::Held);
        }
    }
}
