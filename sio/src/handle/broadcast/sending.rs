//! How a broadcast is sent: it is encoded first, and then given to the sockets of this node and to other nodes.

use serde::Serialize;

use super::Broadcast;
use crate::engine::outbox::How;
use crate::error::EmitError;
use crate::handle::ack_stream::AckStream;
use crate::hub::Delivered;
use crate::hub::emission::{Emission, Expect};
use crate::hub::others::{Event, Others};

/// A question to several sockets, ready to be sent.
pub(crate) struct Question {
    id: u64,
    here: Emission,
    elsewhere: Option<Emission>,
    foreign: Option<Event>,
}

/// An event, ready to be sent.
pub(crate) struct Outgoing {
    emission: Emission,
    /// As servers of other kinds are told of it, if there are any. In a box: this waits in the futures of handlers.
    foreign: Option<Box<Event>>,
}

impl Broadcast {
    /// Returns an event as it goes out.
    pub(crate) fn outgoing<A>(&self, event: &str, args: &A) -> Result<Outgoing, EmitError>
    where
        A: Serialize + ?Sized,
    {
        let expect = if self.volatile { Expect::Nothing } else { Expect::Arrival };
        let emission = self.namespace.hub.encode(None, &self.target.rooms, expect, event, args)?;
        Ok(Outgoing { emission, foreign: self.for_foreign(event, args)?.map(Box::new) })
    }

    /// Sends an event, and returns the wait that gives way to those who are to get it, if there is one.
    pub(crate) fn start(
        &self,
        outgoing: Outgoing,
    ) -> Result<Option<impl Future<Output = ()> + Send>, EmitError> {
        Ok(self.namespace.hub.give_way(self.deliver(outgoing)?))
    }

    /// The event as servers of other kinds are told, if there are any.
    fn for_foreign<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<Option<Event>, EmitError> {
        match self.others() {
            Some(others) => others.foreign_event(event, args, self.how(), self.compress),
            None => Ok(None),
        }
    }

    /// Returns a question as it goes out.
    pub(crate) fn question<A>(&self, event: &str, args: &A) -> Result<Question, EmitError>
    where
        A: Serialize + ?Sized,
    {
        self.check_strict()?;
        let id = self.namespace.hub.next_ack_id();
        let others = self.others().filter(|others| others.are_there());
        let (here, elsewhere) = self.encode_question(id, others, event, args)?;
        let foreign = self.for_foreign(event, args)?;
        if let (Some(others), Some(foreign)) = (others, &foreign) {
            // Ready to be sent, or an error before anybody is asked.
            let _ready = others.prepare(&self.namespace.hub.path, &self.target, foreign)?;
        }
        Ok(Question { id, here, elsewhere, foreign })
    }

    /// Sends a question, and returns its answers and the wait that gives way to those who are asked, if there is one.
    fn ask<T>(&self, question: Question) -> (AckStream<T>, Option<impl Future<Output = ()> + Send>) {
        let hub = &self.namespace.hub;
        let Question { id, here, elsewhere, foreign } = question;
        let (delivered, mut asked) = hub.ask(&self.target, &here, self.how(), id);
        if let (Some(others), Some(event)) = (self.others(), elsewhere) {
            let elsewhere =
                others.ask(&hub.path, &self.target, event, self.how(), self.timeout, foreign.as_ref());
            elsewhere.into_iter().for_each(|elsewhere| asked.expect_others(elsewhere));
        }
        // Before anything is waited for: the time for answers has begun, and with this those who wait are forgotten.
        let answers = AckStream::new(asked, self.timeout);
        (answers, hub.give_way(delivered))
    }

    /// As [`ask`](Self::ask). The future gives way, and does not hold the question.
    pub(in crate::handle) fn ask_giving_way<T>(
        &self,
        question: Question,
    ) -> impl Future<Output = AckStream<T>> {
        let (answers, giving_way) = self.ask(question);
        async move {
            if let Some(giving_way) = giving_way {
                giving_way.await;
            }
            answers
        }
    }

    /// A question as sockets of this node get it, and as other nodes do, if there are any.
    fn encode_question<A: Serialize + ?Sized>(
        &self,
        id: u64,
        others: Option<&Others>,
        event: &str,
        args: &A,
    ) -> Result<(Emission, Option<Emission>), EmitError> {
        let hub = &self.namespace.hub;
        #[cfg(feature = "cluster")]
        if let Some(others) = others {
            let question = hub.encode(None, &self.target.rooms, Expect::Answers, event, args)?;
            let mut question = question.compress(self.compress);
            others.check(&hub.path, &self.target, &question)?;
            let plain = question.for_one();
            let stamped = hub.common.encoding.stamp(&plain.entry.frames, id);
            question.entry.frames = stamped.expect("an event without an id can be given one");
            return Ok((question, Some(plain)));
        }
        debug_assert!(others.is_none());
        let question = hub.encode(None, &self.target.rooms, Expect::Answer(id), event, args)?;
        Ok((question.compress(self.compress), None))
    }

    /// Delivers an event: to the sockets of this node first, which do not wait for other nodes.
    pub(super) fn deliver(&self, outgoing: Outgoing) -> Result<Delivered, EmitError> {
        let (hub, how) = (&self.namespace.hub, self.how());
        let Outgoing { emission, foreign } = outgoing;
        let emission = emission.compress(self.compress);
        let others = self.others();
        if let Some(others) = others {
            self.check_strict()?;
            others.check(&hub.path, &self.target, &emission)?;
        }
        let prepared = match (others, &foreign) {
            (Some(others), Some(event)) => Some(others.prepare(&hub.path, &self.target, event)?),
            _ => None,
        };
        // First: a client that moves meanwhile must not miss it.
        let noted = others.and_then(|others| others.note(&hub.path, &self.target, &emission));
        let delivered = hub.deliver(&self.target, &emission, how);
        if let Some(others) = others {
            others.publish(&hub.path, &self.target, emission, how, noted);
            prepared.into_iter().for_each(|prepared| others.tell(prepared));
        }
        Ok(delivered)
    }

    /// Returns the other nodes, if there are any and they are addressed.
    pub(in crate::handle) fn others(&self) -> Option<&Others> {
        self.namespace.hub.common.others.as_ref().filter(|_| !self.is_local)
    }

    fn check_strict(&self) -> Result<(), EmitError> {
        let is_refused = self.is_strict && self.others().is_some_and(|others| !others.is_whole());
        if is_refused { Err(EmitError::Unreachable) } else { Ok(()) }
    }

    fn how(&self) -> How {
        if self.volatile { How::Volatile } else { How::Fanout }
    }
}
