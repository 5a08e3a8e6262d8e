//! Messages that arrive, from their bytes to packets.

use std::task::{Context, Poll};

use sio_core::engine::packet::Message;
use sio_core::socket::packet::DecodeError;

use super::Client;
use crate::engine::{CloseReason, Command};
use crate::heavy::{self, Place};
use crate::short::short;

/// A message that is heavy to decode, and has not been yet. The client is read no further meanwhile.
pub(super) struct Heavy {
    /// None when it is being decoded.
    message: Option<Message>,
    place: Place,
}

impl Client {
    /// Takes a message that has arrived: at once, or when it is its turn among the heavy ones.
    pub(super) fn take_message(&mut self, message: Message) -> Result<(), CloseReason> {
        if self.decoder.is_heavy(&message) && heavy::is_possible() {
            self.heavy = Some(Box::new(Heavy { message: Some(message), place: Place::default() }));
            return Ok(());
        }
        self.decode(message)
    }

    /// Goes on with a heavy message.
    pub(super) fn poll_heavy(&mut self, cx: &mut Context<'_>) {
        let Some(mut heavy) = self.heavy.take() else { return };
        let Heavy { message, place } = &mut *heavy;
        match place.poll(cx, |_| Poll::Ready(message.take().map_or(Ok(()), |message| self.decode(message)))) {
            Poll::Pending => self.heavy = Some(heavy),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(reason)) => {
                self.sender.mailbox().inbox.command(Command::Violation(reason));
            }
        }
    }

    fn decode(&mut self, message: Message) -> Result<(), CloseReason> {
        match self.decoder.message(message) {
            Ok(Some(packet)) => {
                self.unfinished.end();
                self.on_packet(packet)
            }
            Ok(None) => {
                self.unfinished.note(self.decoder.unfinished(), self.packet_timeout());
                Ok(())
            }
            Err(error) => Err(broken(&error)),
        }
    }
}

fn broken(error: &DecodeError) -> CloseReason {
    let error = error.to_string();
    tracing::debug!(target: "sio::socket", error = &*short(&error), "closing the connection: invalid packet");
    CloseReason::ForcedClose
}
