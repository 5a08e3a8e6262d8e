//! The polling side of a session: the GET that waits, the POST that is being taken.

use std::collections::VecDeque;
use std::task::Context;

use bytes::Bytes;
use bytestring::ByteString;
use sio_core::engine::packet::{Message, Packet};
use tokio::sync::oneshot;

use super::command::{PollAnswer, PollBody, PostAnswer};
use super::mailbox::Mailbox;
use crate::transport::outgoing::Amount;
use crate::transport::wire::Wire;

#[derive(Debug, Default)]
pub(crate) struct Polling {
    /// How many packets one answer may hold.
    max_packets: usize,
    get: Option<oneshot::Sender<PollAnswer>>,
    post: Option<oneshot::Sender<PostAnswer>>,
    /// Packets of the POST that the handler has had no room for yet.
    posted: VecDeque<Packet>,
    /// They are slices of one body.
    is_shared: bool,
    said_goodbye: bool,
    /// How often the client was answered with nothing since its upgrade began.
    noops: u8,
}

/// A client that upgrades polls once or twice more. One that has been answered with nothing so often polls in a loop.
const MAX_NOOPS: u8 = 4;

impl Polling {
    pub(crate) fn new(max_packets: usize) -> Self {
        Self { max_packets, ..Self::default() }
    }

    /// A GET waits from now on.
    pub(crate) fn wait(&mut self, answer: oneshot::Sender<PollAnswer>) {
        self.get = Some(answer);
    }

    /// True while a GET waits.
    pub(crate) fn is_waiting(&self) -> bool {
        self.get.is_some()
    }

    /// True when the connection of the waiting GET has gone: the client has gone, or has given up.
    pub(crate) fn is_abandoned(&mut self, cx: &mut Context<'_>) -> bool {
        self.get.as_mut().is_some_and(|get| get.poll_closed(cx).is_ready())
    }

    /// Answers the waiting GET with a single packet, the `last` of the session or not. True when there was one.
    pub(crate) fn answer(&mut self, packet: &Packet, wire: Wire, last: bool) -> bool {
        match self.get.take() {
            Some(get) => {
                let _ = get.send(PollAnswer::Payload(wire.body_of(packet).into()));
                self.said_goodbye = last;
                true
            }
            None => false,
        }
    }

    /// An upgrade begins.
    pub(crate) fn begin_upgrade(&mut self) {
        self.noops = 0;
    }

    /// Answers the waiting GET of a client in an upgrade with a noop packet. True when there was one.
    pub(crate) fn release(&mut self, wire: Wire) -> bool {
        let Some(get) = self.get.take() else { return false };
        let body = wire.body_of(&Packet::Noop).into();
        self.noops = self.noops.saturating_add(1);
        let _ =
            get.send(if self.noops > MAX_NOOPS { PollAnswer::Idle(body) } else { PollAnswer::Payload(body) });
        true
    }

    /// Answers the waiting GET with as much of the queue as one payload holds; at the end of the session (`last`), when
    /// nothing is left, with a close packet. Returns how much it was answered with, if it was.
    ///
    /// The close packet is alone in its payload: the JavaScript client handles it before the messages in front of it.
    pub(crate) fn send_queued(
        &mut self,
        mailbox: &Mailbox,
        max_payload: usize,
        last: bool,
    ) -> Option<Amount> {
        let get = self.get.take()?;
        let mut payload = mailbox.wire().payload(max_payload, self.max_packets);
        let (packets, compress) = mailbox.outbox.take_while(|entry| payload.try_push(entry));
        let goodbye = last && packets.is_empty() && payload.try_push(&Packet::Close.frame());
        if packets.is_empty() && !goodbye {
            self.get = Some(get);
            return None;
        }
        let done = Amount { packets: packets.len(), bytes: packets.iter().map(Bytes::len).sum() };
        let answer = PollAnswer::Payload(PollBody { body: payload.finish(), compress });
        if get.send(answer).is_err() {
            // The connection has gone between two looks: the next GET gets these.
            mailbox.outbox.give_back(packets, compress);
            return Some(Amount::default());
        }
        mailbox.outbox.settle(done);
        self.said_goodbye = goodbye;
        Some(done)
    }

    /// True when the client has been told that the session is over.
    pub(crate) fn said_goodbye(&self) -> bool {
        self.said_goodbye
    }

    /// Begins to take the packets of a POST.
    pub(crate) fn begin_post(&mut self, packets: Vec<Packet>, answer: oneshot::Sender<PostAnswer>) {
        self.is_shared = packets.len() > 1;
        self.posted = packets.into();
        self.post = Some(answer);
    }

    /// True while a POST is being taken.
    pub(crate) fn is_posting(&self) -> bool {
        self.post.is_some()
    }

    /// True while packets of the POST are left.
    pub(crate) fn has_posted(&self) -> bool {
        !self.posted.is_empty()
    }

    /// The next packet of the POST. It has memory of its own: one that waits for long is not to keep all the others.
    pub(crate) fn next_posted(&mut self) -> Option<Packet> {
        let packet = self.posted.pop_front()?;
        Some(match packet {
            Packet::Message(Message::Text(text)) if self.is_shared => {
                Packet::Message(Message::Text(ByteString::from(&*text)))
            }
            Packet::Message(Message::Binary(data)) if self.is_shared => {
                Packet::Message(Message::Binary(Bytes::copy_from_slice(&data)))
            }
            other => other,
        })
    }

    /// Answers the POST, all of whose packets have been taken. True when there was one.
    pub(crate) fn finish_post(&mut self) -> bool {
        match self.post.take() {
            Some(post) => {
                let _ = post.send(PostAnswer::Taken);
                true
            }
            None => false,
        }
    }

    /// The session has ended while a POST was being taken, and its client has yet to be told: a refusal would be
    /// taken for a failure.
    pub(crate) fn ignore_post(&mut self) {
        self.posted.clear();
        self.finish_post();
    }

    /// The session has ended by the client's fault while a POST was being taken.
    pub(crate) fn refuse_post(&mut self) {
        self.posted.clear();
        if let Some(post) = self.post.take() {
            let _ = post.send(PostAnswer::Refused);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::outbox::QueueLimits;
    use crate::transport::outgoing::Entry;

    /// Lets a GET wait, of which nobody may be there to read the answer.
    fn answer(mailbox: &Mailbox, is_there: bool) -> Option<PollAnswer> {
        let mut polling = Polling::new(16);
        let (get, mut answer) = oneshot::channel();
        polling.wait(get);
        if !is_there {
            drop(answer);
            assert!(polling.send_queued(mailbox, 1000, false).is_some());
            return None;
        }
        assert!(polling.send_queued(mailbox, 1000, false).is_some());
        answer.try_recv().ok()
    }

    #[test]
    fn packets_of_one_post_do_not_keep_each_other_in_memory() {
        let body = ByteString::from("4one\u{1e}4two");
        let slice = |text: &str| Packet::Message(Message::Text(body.slice_ref(text)));
        for count in [1, 2] {
            let packets = [slice(&body[1..4]), slice(&body[6..9])];
            let mut polling = Polling::new(16);
            polling.begin_post(packets.into_iter().take(count).collect(), oneshot::channel().0);
            let Some(Packet::Message(Message::Text(text))) = polling.next_posted() else {
                panic!("no message");
            };
            assert_eq!(text, "one");
            let is_slice = body.as_bytes().as_ptr_range().contains(&text.as_ptr());
            assert_eq!(is_slice, count == 1, "{count} packets");
        }
    }

    #[test]
    fn what_must_not_be_compressed_is_not_when_it_had_to_be_given_back() {
        let mailbox = Mailbox::new(QueueLimits { bytes: 1000, packets: 10 }, Wire::V4);
        let frames = Packet::Noop.frame();
        mailbox.push(Entry::never_compressed(frames.clone())).expect("there is room");
        answer(&mailbox, false);
        mailbox.push(frames.clone()).expect("there is room");
        let second = answer(&mailbox, true);
        let Some(PollAnswer::Payload(PollBody { body, compress: false })) = second else {
            panic!("{second:?}")
        };
        assert_eq!(body.bytes, "6\u{1e}6");
        mailbox.push(frames).expect("there is room");
        let third = answer(&mailbox, true);
        assert!(matches!(third, Some(PollAnswer::Payload(PollBody { compress: true, .. }))), "{third:?}");
    }
}
