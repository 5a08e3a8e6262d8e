//! Lets a client into a namespace: as a new one, or where it was.

use std::sync::Arc;

use sio_core::args::Args;
use sio_core::socket::client::Key;
use sio_core::socket::reason::DisconnectReason;
use sio_core::socket::recovery::Resume;

use super::{Client, Slot};
use crate::Socket;
use crate::connection::no_consumer::NoConsumer;
use crate::connection::running;
use crate::engine::{CloseReason, Command};
use crate::hub::member::Member;
use crate::namespaces::registration::{Seat, SocketTask};
use crate::namespaces::{Door, Pass};

/// A client that may enter a namespace.
pub(super) struct Joining {
    pub(super) key: Key,
    pub(super) door: Arc<Door>,
    pub(super) pass: Option<Pass>,
    pub(super) resume: Option<Resume>,
    pub(super) auth: Option<Args>,
}

impl Client {
    pub(super) fn join(&mut self, Joining { key, door, pass, resume, auth }: Joining) {
        let resumed = resume.and_then(|resume| self.resume(&door, &resume));
        let (member, before) = resumed.unzip();
        let member = match member {
            Some(member) => {
                if let Some(limits) = &member.limits {
                    self.rates.adopt(door.path(), limits);
                }
                member
            }
            None => {
                let limits = self.rates.of(&door);
                let (mailbox, handshake) = (Arc::clone(self.sender.mailbox()), Arc::clone(&self.handshake));
                door.newcomer(self.own_id(&door.hub), mailbox, handshake, limits)
            }
        };
        member.begin_connect(auth.as_ref());
        let seat = Seat { socket: Socket::new(Arc::clone(&member)), door: Arc::clone(&door) };
        let task = SocketTask { seat, auth, before };
        let task = match &door.consumer {
            Some(consumer) => (consumer.run)(task),
            None => running::<NoConsumer>(task),
        };
        self.sockets.push(Slot { key, member, task: Some(task), is_accepted: false, door, pass });
    }

    /// Lets a client go on where it was, if that is known. Returns its new member and the previous one.
    fn resume(&self, door: &Door, resume: &Resume) -> Option<(Arc<Member>, Arc<Member>)> {
        let kept = door.kept.as_ref()?;
        let (state, before) = kept.find(resume)?;
        let (mailbox, handshake) = (Arc::clone(self.sender.mailbox()), Arc::clone(&self.handshake));
        let member = Member::resuming(Arc::clone(&state), &before, mailbox, handshake);
        if !kept.resume(&member, &state, resume) {
            return None;
        }
        if !before.is_closed() {
            // The client has lost a connection that looks alive from here.
            before.close(DisconnectReason::TransportClose, false);
            before.mailbox.inbox.command(Command::Violation(CloseReason::TransportClose));
        }
        Some((member, before))
    }
}
