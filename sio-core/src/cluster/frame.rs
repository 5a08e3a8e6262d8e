//! The header of a frame, and the kinds of frames.
//!
//! ```text
//!  0  2  "s1"       the digit is the major version of the protocol
//!  2  1  kind
//!  3  1  flags
//!  4  8  source     the node that sent it
//! 12  4  lane       in which of the source's lanes it goes; 0: the one to everybody; from 2^31 on those to rooms
//! 16  8  number     its number in the lane; kinds without a number have the next one here
//! 24  …  body
//! ```
//!
//! Numbers of more than one byte have their lowest byte first. With the flag `signed` the last 24 bytes are a
//! [signature](super::signature) and no part of the body.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use super::node::NodeId;
use super::signature::SIGNATURE_LEN;

/// The number of bytes in front of the body.
pub const HEADER_LEN: usize = 24;

/// The lane to everybody.
pub const LANE_ALL: u32 = 0;

/// Bytes of [`Header::place_before`].
pub const BEFORE_LEN: usize = 8;

/// The first of the lanes to the [topics of rooms](super::room_topic), which are numbered as those.
pub const LANE_ROOMS: u32 = 1 << 31;

/// The version that is written, and the only one that is read.
const MAJOR: u8 = b'1';

/// The header of a frame.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::frame::{Flags, Header, Kind, LANE_ALL};
/// use sio_core::cluster::node::NodeId;
///
/// let header = Header {
///     kind: Kind::Bye,
///     flags: Flags::NONE,
///     source: NodeId::new(7),
///     lane: LANE_ALL,
///     number: 12,
/// };
/// let mut frame = header.begin(2);
/// frame.extend_from_slice(b"{}");
/// assert_eq!(Header::read(&frame).unwrap(), (header, &b"{}"[..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The kind of the frame.
    pub kind: Kind,
    /// Further properties of the frame.
    pub flags: Flags,
    /// The node that sent it.
    pub source: NodeId,
    /// The lane of the source in which it goes.
    pub lane: u32,
    /// Its number in that lane. Kinds that have none carry the number that the next one will have.
    pub number: u64,
}

/// The kinds of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A node enters, or has its broker back: a [`Hello`](super::node::Hello). Answered by `Alive`.
    Hello,
    /// A node is alive: an [`Alive`](super::message::Alive).
    Alive,
    /// A node leaves: a [`Bye`](super::message::Bye).
    Bye,
    /// An event for sockets: a [`Broadcast`](super::broadcast::Broadcast).
    Broadcast,
    /// An event that sockets are to acknowledge: an [`Ask`](super::ask::Ask).
    Ask,
    /// Which sockets an `Ask` has reached: an [`Asked`](super::ask::Asked).
    Asked,
    /// The answers of those sockets: [`Answers`](super::ask::Answers).
    Answers,
    /// Nobody waits for the answers any more: a [`Cancel`](super::message::Cancel).
    Cancel,
    /// Sockets join or leave rooms, or are disconnected: a [`Change`](super::message::Change).
    Change,
    /// A question to nodes: a [`Request`](super::message::Request).
    Request,
    /// A part of its answer: a [`Page`](super::message::Page).
    Page,
    /// An event from node to node: a [`ServerEvent`](super::message::ServerEvent).
    ServerEvent,
    /// A client has come to another node: a [`Claim`](super::message::Claim).
    Claim,
    /// The state of a client that moves: a [`Handed`](super::message::Handed).
    Handed,
    /// Several frames in one message of the broker: a [`Bundle`](super::bundle::Bundle).
    Bundle,
    /// Nothing has gone in this lane for a moment: which number comes next.
    Mark,
    /// A kind of a later version, which is counted and ignored.
    Unknown(u8),
}

/// Further properties of a frame.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::frame::Flags;
///
/// let flags = Flags::VOLATILE | Flags::PLAIN;
/// assert!(flags.has(Flags::VOLATILE));
/// assert!(!flags.has(Flags::EMITTER));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

/// The bytes are no frame of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoFrame {
    /// Something else than a frame, or a part of one.
    #[error("not a frame")]
    Foreign,
    /// A frame of another major version of the protocol.
    #[error("a frame of another major version: {}", char::from(*.major))]
    Major {
        /// The digit of the version.
        major: u8,
        /// The node that sent it; the first twelve bytes of a header never change.
        node: NodeId,
    },
}

impl Header {
    /// Begins a frame, with room for a body of `capacity` bytes.
    #[must_use]
    pub fn begin(&self, capacity: usize) -> Vec<u8> {
        let mut frame = Vec::with_capacity(HEADER_LEN + capacity);
        frame.extend_from_slice(&[b's', MAJOR, self.kind.code(), self.flags.0]);
        frame.extend_from_slice(&self.source.get().to_le_bytes());
        frame.extend_from_slice(&self.lane.to_le_bytes());
        frame.extend_from_slice(&self.number.to_le_bytes());
        frame
    }

    /// Reads a header, and returns it with the body.
    ///
    /// # Errors
    ///
    /// Returns [`NoFrame`] for anything that is not a whole frame of this version.
    pub fn read(frame: &[u8]) -> Result<(Self, &[u8]), NoFrame> {
        let (&[s, major, kind, flags], rest) = frame.split_first_chunk().ok_or(NoFrame::Foreign)?;
        let (source, rest) = rest.split_first_chunk().ok_or(NoFrame::Foreign)?;
        if s != b's' || !major.is_ascii_digit() {
            return Err(NoFrame::Foreign);
        }
        let source = NodeId::new(u64::from_le_bytes(*source));
        if major != MAJOR {
            return Err(NoFrame::Major { major, node: source });
        }
        let (lane, rest) = rest.split_first_chunk().ok_or(NoFrame::Foreign)?;
        let (number, mut body) = rest.split_first_chunk().ok_or(NoFrame::Foreign)?;
        let flags = Flags(flags);
        if flags.has(Flags::SIGNED) {
            (body, _) = body.split_last_chunk::<SIGNATURE_LEN>().ok_or(NoFrame::Foreign)?;
        }
        let header = Self {
            kind: Kind::from_code(kind),
            flags,
            source,
            lane: u32::from_le_bytes(*lane),
            number: u64::from_le_bytes(*number),
        };
        Ok((header, body))
    }

    /// Puts lane and number into a frame that has been begun: they are known last.
    ///
    /// # Panics
    ///
    /// If the frame has no whole header.
    pub fn place(frame: &mut [u8], lane: u32, number: u64) {
        frame[12..16].copy_from_slice(&lane.to_le_bytes());
        frame[16..24].copy_from_slice(&number.to_le_bytes());
    }

    /// Puts in before which frame to everybody a frame was sent that was begun, into the [`BEFORE_LEN`] bytes behind the
    /// header: those in lanes to rooms have them in front of their bodies.
    pub fn place_before(frame: &mut [u8], number: u64) {
        frame[HEADER_LEN..HEADER_LEN + BEFORE_LEN].copy_from_slice(&number.to_le_bytes());
    }

    /// Returns the flags of a frame.
    ///
    /// # Panics
    ///
    /// If the frame has no whole header.
    pub(super) fn flags_of(frame: &[u8]) -> Flags {
        Flags(frame[3])
    }

    /// Adds flags to a frame that has been begun.
    ///
    /// # Panics
    ///
    /// If the frame has no whole header.
    pub fn mark(frame: &mut [u8], flags: Flags) {
        frame[3] |= flags.0;
    }
}

impl Kind {
    /// Returns the byte in the header.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Hello => 1,
            Self::Alive => 2,
            Self::Bye => 3,
            Self::Broadcast => 4,
            Self::Ask => 5,
            Self::Asked => 6,
            Self::Answers => 7,
            Self::Cancel => 8,
            Self::Change => 9,
            Self::Request => 10,
            Self::Page => 11,
            Self::ServerEvent => 12,
            Self::Claim => 13,
            Self::Handed => 14,
            Self::Bundle => 15,
            Self::Mark => 16,
            Self::Unknown(code) => code,
        }
    }

    /// Returns the kind that has this byte.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Hello,
            2 => Self::Alive,
            3 => Self::Bye,
            4 => Self::Broadcast,
            5 => Self::Ask,
            6 => Self::Asked,
            7 => Self::Answers,
            8 => Self::Cancel,
            9 => Self::Change,
            10 => Self::Request,
            11 => Self::Page,
            12 => Self::ServerEvent,
            13 => Self::Claim,
            14 => Self::Handed,
            15 => Self::Bundle,
            16 => Self::Mark,
            other => Self::Unknown(other),
        }
    }

    /// Returns whether frames of this kind take a number of their lane. Those that only tell of the node itself do not;
    /// all kinds of later versions do.
    #[must_use]
    pub const fn is_numbered(self) -> bool {
        !matches!(self, Self::Hello | Self::Alive | Self::Bye | Self::Mark)
    }
}

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// It may be lost.
    pub const VOLATILE: Self = Self(1);
    /// The message or polling answer that brings it is not compressed.
    pub const PLAIN: Self = Self(2);
    /// It comes from a process that only emits and is no member.
    pub const EMITTER: Self = Self(4);
    /// The body begins with the event's offset.
    pub const OFFSET: Self = Self(8);
    /// It was made while its sender had no broker, and held.
    pub const LATE: Self = Self(16);
    /// It ends with a signature.
    pub const SIGNED: Self = Self(32);
    /// A node that the socket has left passes it on.
    pub const PASSED: Self = Self(64);

    /// Returns whether all of these flags are set.
    #[must_use]
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Returns these flags if `condition` holds, otherwise none.
    #[must_use]
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#b})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        for code in 0..=u8::MAX {
            assert_eq!(Kind::from_code(code).code(), code);
            assert_eq!(Kind::from_code(code).is_numbered(), !matches!(code, 1..=3 | 16));
        }
    }

    #[test]
    fn a_part_of_a_header_is_no_frame() {
        let header =
            Header { kind: Kind::Change, flags: Flags::LATE, source: NodeId::new(1), lane: 2, number: 3 };
        let frame = header.begin(0);
        for len in 0..HEADER_LEN {
            assert_eq!(Header::read(&frame[..len]), Err(NoFrame::Foreign), "{len}");
        }
        assert_eq!(Header::read(&frame), Ok((header, &[][..])));
    }

    #[test]
    fn another_major_version_is_told_with_its_sender() {
        let header =
            Header { kind: Kind::Hello, flags: Flags::NONE, source: NodeId::new(9), lane: 0, number: 0 };
        let mut frame = header.begin(0);
        frame[1] = b'2';
        assert_eq!(Header::read(&frame), Err(NoFrame::Major { major: b'2', node: NodeId::new(9) }));
        frame[1] = b'x';
        assert_eq!(Header::read(&frame), Err(NoFrame::Foreign));
    }

    #[test]
    fn a_signature_is_no_part_of_the_body() {
        let header =
            Header { kind: Kind::Bye, flags: Flags::SIGNED, source: NodeId::new(9), lane: 0, number: 0 };
        let mut frame = header.begin(26);
        frame.extend_from_slice(b"{}stamp...0123456789abcdef");
        assert_eq!(Header::read(&frame).unwrap().1, b"{}");
        assert_eq!(Header::read(&frame[..HEADER_LEN + 23]), Err(NoFrame::Foreign));
    }

    #[test]
    fn place_and_flags_are_put_into_a_frame_that_was_begun() {
        let mut header =
            Header { kind: Kind::Change, flags: Flags::VOLATILE, source: NodeId::new(9), lane: 0, number: 0 };
        let mut frame = header.begin(0);
        Header::place(&mut frame, 7, u64::MAX);
        Header::mark(&mut frame, Flags::LATE);
        header.lane = 7;
        header.number = u64::MAX;
        header.flags |= Flags::LATE;
        assert_eq!(Header::read(&frame).unwrap().0, header);
    }
}
