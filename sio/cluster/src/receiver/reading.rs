//! Reads what is in a frame.

use bytes::{Buf as _, Bytes};
use sio_core::cluster::ask::{Answers, Ask, Asked};
use sio_core::cluster::broadcast::Broadcast;
use sio_core::cluster::frame::{BEFORE_LEN, Flags, Header, Kind, LANE_ROOMS};
use sio_core::cluster::message::{
    self, Alive, Bye, Cancel, Change, Claim, Handed, Page, Request, ServerEvent,
};
use sio_core::cluster::node::Hello;

/// The message in a frame.
pub(super) enum Message<'a> {
    Hello(Box<Hello>),
    Alive(Box<Alive>),
    Bye(Bye),
    Broadcast(Broadcast<'a>),
    Ask(Ask<'a>),
    Asked(Asked),
    Answers(Answers),
    Cancel(Cancel),
    Change(Change),
    Request(Request),
    Page(Page),
    ServerEvent(ServerEvent),
    Claim(Claim),
    Handed(Box<Handed>),
    /// A kind that is not known here.
    Unknown,
    /// It has been done.
    Done,
}

/// Takes off a body in front of it before which frame to everybody it was sent, if it is for rooms; `None` if it is
/// malformed.
pub(super) fn before(header: &Header, mut body: Bytes) -> Option<(Option<u64>, Bytes)> {
    if header.lane < LANE_ROOMS || !header.kind.is_numbered() {
        return Some((None, body));
    }
    let (before, _) = body.split_first_chunk::<BEFORE_LEN>()?;
    let before = u64::from_le_bytes(*before);
    body.advance(BEFORE_LEN);
    Some((Some(before), body))
}

/// Reads a body; `None` if it is malformed.
pub(super) fn read<'a>(header: &Header, body: &'a Bytes) -> Option<Message<'a>> {
    Some(match header.kind {
        Kind::Ask => Message::Ask(Ask::read(body, header.flags.has(Flags::OFFSET))?),
        Kind::Asked => Message::Asked(Asked::read(body)?),
        Kind::Answers => Message::Answers(Answers::read(body)?),
        Kind::Cancel => Message::Cancel(message::read(body)?),
        Kind::Mark => Message::Done,
        Kind::Hello => Message::Hello(Box::new(message::read(body)?)),
        Kind::Alive => Message::Alive(Box::new(message::read(body)?)),
        Kind::Bye => Message::Bye(message::read(body)?),
        Kind::Broadcast => Message::Broadcast(Broadcast::read(body, header.flags.has(Flags::OFFSET))?),
        Kind::Change => Message::Change(message::read(body)?),
        Kind::Request => Message::Request(message::read(body)?),
        Kind::Page => Message::Page(message::read(body)?),
        Kind::ServerEvent => Message::ServerEvent(message::read(body)?),
        // Bundles are opened before, and there are none in others.
        Kind::Bundle => return None,
        Kind::Claim => Message::Claim(message::read(body)?),
        Kind::Handed => Message::Handed(Box::new(message::read(body)?)),
        _ => Message::Unknown,
    })
}
