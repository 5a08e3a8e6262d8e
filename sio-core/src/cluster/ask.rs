//! Events that sockets acknowledge: [`Ask`], [`Asked`] and [`Answers`].
//!
//! ```text
//! asking node                      node with members
//!   ASK  id, limit, event   ────►  each gets the event, with an ack id of that node
//!                           ◄────  ASKED    id, their sids in pages
//!                           ◄────  ANSWERS  id, some of them and what each said
//!   CANCEL  id              ────►  forgets it
//! ```

use bytes::Bytes;

use super::broadcast::Broadcast;
use super::wire::{Reader, write_bytes, write_number, write_sid};
use crate::id::Sid;

/// Attachments that one answer may have.
const MAX_ATTACHMENTS: usize = 1024;

/// An event that sockets are to acknowledge.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Names the question among those of the node that asks.
    pub id: u64,
    /// The time to wait for an answer, in milliseconds.
    pub limit: u64,
    /// The event, its run without an ack id: every node puts in one of its own.
    pub event: Broadcast<'a>,
}

/// Which sockets of a node are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The id of the [`Ask`].
    pub id: u64,
    /// The number of this part of the list, from 0.
    pub page: u64,
    /// True if no others follow.
    pub is_last: bool,
    /// The sockets.
    pub sids: Vec<Sid>,
}

/// Answers of some of the sockets that were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The id of the [`Ask`].
    pub id: u64,
    /// Every socket with its answer.
    pub answers: Vec<(Sid, Outcome)>,
}

/// The result of the question to one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answer {
        /// The arguments: a JSON array with placeholders for attachments.
        json: String,
        /// The attachments.
        attachments: Vec<Bytes>,
    },
    /// It was not answered in time.
    Timeout,
    /// The socket has gone.
    Disconnected,
    /// The socket could not be asked: too many answers of it are awaited already, or it is a kind of failure of a later
    /// version.
    Refused,
}

impl<'a> Ask<'a> {
    /// Returns about how many bytes [`Ask::write`] writes; never fewer.
    #[must_use]
    pub fn len_hint(&self) -> usize {
        20 + self.event.size()
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_number(out, self.id);
        write_number(out, self.limit);
        self.event.write(out);
    }

    /// Reads a body, `has_offset` as the frame's flags say; `None` if it is malformed.
    #[must_use]
    pub fn read(body: &'a Bytes, has_offset: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        let (id, limit) = (reader.number()?, reader.number()?);
        Some(Self { id, limit, event: Broadcast::read_rest(reader, body, has_offset)? })
    }
}

impl Asked {
    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_number(out, self.id);
        write_number(out, self.page);
        out.push(u8::from(self.is_last));
        write_number(out, self.sids.len() as u64);
        self.sids.iter().for_each(|sid| write_sid(out, sid));
    }

    /// Reads a body; `None` if it is malformed.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let (id, page, is_last) = (reader.number()?, reader.number()?, reader.byte()? != 0);
        let count = reader.count(Sid::LEN)?;
        let sids = (0..count).map(|_| reader.sid()).collect::<Option<_>>()?;
        Some(Self { id, page, is_last, sids })
    }
}

impl Answers {
    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_number(out, self.id);
        write_number(out, self.answers.len() as u64);
        for (sid, outcome) in &self.answers {
            write_sid(out, sid);
            outcome.write(out);
        }
    }

    /// Reads a body, of which attachments are slices; `None` if it is malformed.
    #[must_use]
    pub fn read(body: &Bytes) -> Option<Self> {
        let mut reader = Reader::new(body);
        let id = reader.number()?;
        let count = reader.count(Sid::LEN + 1)?;
        let mut answers = Vec::with_capacity(count);
        for _ in 0..count {
            answers.push((reader.sid()?, Outcome::read(&mut reader, body)?));
        }
        Some(Self { id, answers })
    }
}

impl Outcome {
    /// Returns about how many bytes it takes in the body of [`Answers`], with the id of its socket; never fewer.
    #[must_use]
    pub fn len_hint(&self) -> usize {
        let content = match self {
            Self::Answer { json, attachments } => {
                json.len() + attachments.iter().map(|attachment| attachment.len() + 10).sum::<usize>() + 20
            }
            Self::Timeout | Self::Disconnected | Self::Refused => 0,
        };
        Sid::LEN + 1 + content
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Answer { json, attachments } => {
                out.push(0);
                write_bytes(out, json.as_bytes());
                write_number(out, attachments.len() as u64);
                attachments.iter().for_each(|attachment| write_bytes(out, attachment));
            }
            Self::Timeout => out.push(1),
            Self::Disconnected => out.push(2),
            Self::Refused => out.push(3),
        }
    }

    fn read(reader: &mut Reader<'_>, body: &Bytes) -> Option<Self> {
        Some(match reader.byte()? {
            0 => {
                let json = reader.text()?.to_owned();
                let count = reader.count(1).filter(|count| *count <= MAX_ATTACHMENTS)?;
                let attachments = (0..count)
                    .map(|_| reader.bytes().map(|bytes| body.slice_ref(bytes)))
                    .collect::<Option<_>>()?;
                Self::Answer { json, attachments }
            }
            1 => Self::Timeout,
            2 => Self::Disconnected,
            _ => Self::Refused,
        })
    }
}
