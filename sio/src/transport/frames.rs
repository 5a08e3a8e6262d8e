//! Frames out of a stream's bytes: fastwebsockets decodes them, one buffer of each thread holds them.
//!
//! fastwebsockets' own reader keeps a buffer for as long as it lives and cannot be interrupted in the
//! middle of a frame. Both are avoided by giving it only whole frames: bytes are read into a buffer that
//! belongs to the thread, the length of the next frame is looked up in its header, and the reader (the
//! thread's as well) is fed when all of it is there. A connection keeps only the beginning of a frame that
//! has not arrived yet, so an idle one keeps nothing.
//!
//! A large frame takes another way, on which its payload is not copied: once a part of it is there, the rest is read
//! into a buffer as long as the frame, where fastwebsockets unmasks it.

mod feed;
mod large;

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::{BufMut, Bytes, BytesMut};
use fastwebsockets::{OpCode, Payload, WebSocketRead};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use self::feed::{Feed, reader};
use self::large::Kept;
use super::deflate::RSV1;
use crate::turn;

/// The most that one read may take in. Large enough that a burst of small events needs one system call, small enough
/// to stay in the processor's cache.
const READ_SIZE: usize = 64 * 1024;

/// A frame larger than this does not go through the thread's reader, which so stays small.
pub(crate) const SHARED_READER_LIMIT: usize = 32 * 1024;

/// The part of a large frame that has to be there before a buffer is made for the whole: it is the client who says how
/// long a frame will be, and memory should cost it something.
const PART: usize = 16;

thread_local! {
    static SPARE: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// One frame as it came, unmasked. Text has not been checked.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    pub(crate) opcode: OpCode,
    /// It begins a message that is compressed.
    pub(crate) is_deflated: bool,
    pub(crate) payload: Bytes,
}

/// The rules for the frames of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The most bytes that a frame may have.
    pub(crate) max_payload: usize,
    /// True if its messages may be compressed.
    pub(crate) may_deflate: bool,
}

/// Why a stream gives no more frames.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer closed the stream.
    Ended,
    /// The stream failed.
    Io(io::Error),
    /// Not a frame that a client may send (RFC 6455 §5).
    Protocol(&'static str),
    /// Text that is not UTF-8 (RFC 6455 §8.1).
    InvalidUtf8,
    /// A compressed message that cannot be inflated (RFC 7692 §7.2.2).
    NotDeflated,
    /// The message would be larger than `max_payload`.
    TooLarge,
}

const RESERVED_BITS: ReadError = ReadError::Protocol("reserved bits are set");
const UNKNOWN_OPCODE: ReadError = ReadError::Protocol("unknown opcode");

/// The thread's read buffer and frame reader, borrowed by one session while it is being polled.
pub(crate) struct Scratch {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    reader: WebSocketRead<Feed>,
    feed: Feed,
    large: Kept,
}

impl Scratch {
    /// Takes the thread's buffer, or makes one when it is lent out already.
    pub(crate) fn borrow() -> Box<Self> {
        SPARE.take().unwrap_or_else(|| {
            let feed = Feed::default();
            Box::new(Self {
                buffer: vec![0; READ_SIZE].into_boxed_slice(),
                start: 0,
                end: 0,
                reader: reader(feed.clone()),
                feed,
                large: Kept::default(),
            })
        })
    }

    /// Gives the buffer back to the thread.
    pub(crate) fn give_back(mut self: Box<Self>) {
        (self.start, self.end) = (0, 0);
        self.large.end_turn();
        SPARE.set(Some(self));
    }

    /// Reads a link to its end without looking at what comes.
    pub(crate) fn poll_discard(
        &mut self,
        cx: &mut Context<'_>,
        link: &mut (impl AsyncRead + Unpin),
    ) -> Poll<()> {
        loop {
            match poll_fill(cx, link, self) {
                Poll::Ready(Ok(())) => (self.start, self.end) = (0, 0),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
            if turn::is_over() {
                turn::put_off();
                return Poll::Pending;
            }
        }
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

/// The receiving half of one WebSocket.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    /// The beginning of a frame that has not arrived whole, or whole frames that had to wait.
    stored: BytesMut,
}

impl FrameReader {
    /// Starts with bytes that were read ahead by somebody else.
    pub(crate) fn with_early(early: &Bytes) -> Self {
        Self { stored: BytesMut::from(&early[..]) }
    }

    /// The next whole frame. Without one, reads from the link; `None` when the turn is over before the frame is whole.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
        link: &mut (impl AsyncRead + Unpin),
        scratch: &mut Scratch,
        rules: Rules,
    ) -> Poll<Result<Option<Frame>, ReadError>> {
        let Rules { max_payload, .. } = rules;
        loop {
            // So much is missing of a large frame that has begun.
            let mut large = None;
            if self.stored.is_empty() {
                let unread = scratch.unread().len();
                if let Some(length) = frame_length(scratch.unread(), max_payload)? {
                    if unread >= length {
                        let at = scratch.start;
                        scratch.start += length;
                        return Poll::Ready(scratch.decode(at, length, rules).map(Some));
                    }
                    if length > SHARED_READER_LIMIT && unread >= length / PART {
                        self.stored = scratch.large.take(length).unwrap_or_default();
                    }
                }
                self.stored.extend_from_slice(scratch.unread());
                (scratch.start, scratch.end) = (0, 0);
            } else if let Some(length) = frame_length(&self.stored, max_payload)? {
                let rest = length.saturating_sub(self.stored.len());
                if rest == 0 {
                    return Poll::Ready(self.take_stored(length, scratch, rules).map(Some));
                }
                if length > SHARED_READER_LIMIT && self.stored.len() >= rest / PART {
                    large = Some((length, rest));
                }
            }
            if turn::is_over() {
                return Poll::Ready(Ok(None));
            }
            if let Some((length, rest)) = large {
                if self.stored.capacity() < length {
                    self.make_room(length, scratch);
                }
                ready!(self.poll_rest(cx, link, rest))?;
                continue;
            }
            match poll_fill(cx, link, scratch) {
                Poll::Ready(Ok(())) => {
                    // Once something is stored, what arrives has to follow it there.
                    if !self.stored.is_empty() {
                        self.keep(scratch);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn take_stored(
        &mut self,
        length: usize,
        scratch: &mut Scratch,
        rules: Rules,
    ) -> Result<Frame, ReadError> {
        let frame = self.stored.split_to(length);
        if self.stored.is_empty() {
            self.stored = BytesMut::new();
        }
        if length > SHARED_READER_LIMIT {
            scratch.keep_large(frame, rules)
        } else {
            scratch.feed.put(&frame);
            scratch.read(rules)
        }
    }

    /// Makes room for a large frame of this length, a part of which is stored.
    fn make_room(&mut self, length: usize, scratch: &mut Scratch) {
        match scratch.large.take(length) {
            Some(mut memory) => {
                memory.extend_from_slice(&self.stored);
                self.stored = memory;
            }
            None => self.stored.reserve(length - self.stored.len()),
        }
    }

    /// Reads more of a large frame to where it is stored, and nothing of what comes after it, which would keep the
    /// whole buffer.
    fn poll_rest(
        &mut self,
        cx: &mut Context<'_>,
        link: &mut (impl AsyncRead + Unpin),
        rest: usize,
    ) -> Poll<Result<(), ReadError>> {
        let mut buffer = (&mut self.stored).limit(rest.min(READ_SIZE));
        match ready!(pin!(link.read_buf(&mut buffer)).poll(cx)) {
            Ok(0) => Poll::Ready(Err(ReadError::Ended)),
            Ok(read) => {
                turn::received(read);
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(ReadError::Io(error))),
        }
    }

    /// Keeps what was read and not yet taken, before the thread's buffer is given back.
    pub(crate) fn keep(&mut self, scratch: &mut Scratch) {
        self.stored.extend_from_slice(scratch.unread());
        (scratch.start, scratch.end) = (0, 0);
    }
}

fn poll_fill(
    cx: &mut Context<'_>,
    link: &mut (impl AsyncRead + Unpin),
    scratch: &mut Scratch,
) -> Poll<Result<(), ReadError>> {
    let mut buffer = ReadBuf::new(&mut scratch.buffer);
    match Pin::new(link).poll_read(cx, &mut buffer) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Err(error)) => Poll::Ready(Err(ReadError::Io(error))),
        Poll::Ready(Ok(())) => {
            let read = buffer.filled().len();
            if read == 0 {
                return Poll::Ready(Err(ReadError::Ended));
            }
            (scratch.start, scratch.end) = (0, read);
            turn::received(read);
            Poll::Ready(Ok(()))
        }
    }
}

/// The length of the frame that begins here, header included (RFC 6455 §5.2), once its header is there.
///
/// The size is judged before the payload arrives: a peer that announces too much is not listened to.
fn frame_length(bytes: &[u8], max_payload: usize) -> Result<Option<usize>, ReadError> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if second & 0x80 == 0 {
        return Err(ReadError::Protocol("a client must mask its frames"));
    }
    let (extended, payload) = match second & 0x7f {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (2, u64::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (8, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        length => (0, u64::from(length)),
    };
    let is_control = first & 0x08 != 0;
    if is_control && payload > 125 {
        return Err(ReadError::Protocol("a control frame is too long"));
    }
    let payload = usize::try_from(payload).ok().filter(|length| is_control || *length <= max_payload);
    let Some(payload) = payload else { return Err(ReadError::TooLarge) };
    Ok(Some(2 + extended + 4 + payload))
}

impl Scratch {
    /// Decodes a whole frame out of the thread's buffer.
    fn decode(&mut self, at: usize, length: usize, rules: Rules) -> Result<Frame, ReadError> {
        let bytes = &self.buffer[at..at + length];
        if length > SHARED_READER_LIMIT {
            let mut memory = self.large.take(length).unwrap_or_default();
            memory.extend_from_slice(bytes);
            return self.keep_large(memory, rules);
        }
        self.feed.put(bytes);
        self.read(rules)
    }

    /// Decodes a large frame where it is, and keeps its memory for the next.
    fn keep_large(&mut self, frame: BytesMut, rules: Rules) -> Result<Frame, ReadError> {
        let frame = large::decode(frame, rules)?;
        self.large.keep(&frame);
        Ok(frame)
    }

    /// Decodes the frame with which the reader has been fed.
    fn read(&mut self, rules: Rules) -> Result<Frame, ReadError> {
        let kind = self.feed.take_kind(rules.may_deflate);
        let mut frame = read_one(&mut self.reader);
        if let (Some(kind), Ok(frame)) = (kind, &mut frame) {
            (frame.opcode, frame.is_deflated) = (kind.opcode, kind.is_deflated);
        }
        if frame.is_err() {
            // Bytes left in a failed reader would be taken for the next connection's.
            self.feed = Feed::default();
            self.reader = reader(self.feed.clone());
        }
        frame
    }
}

/// Returns the kind of message that is compressed and begins with such a byte, if one does. The other frames of a message
/// are not marked, and control frames are never compressed (RFC 7692 §6).
fn deflated(first: u8) -> Option<OpCode> {
    let opcode = if first & RSV1 == 0 { None } else { OpCode::try_from(first & 0x0f).ok() };
    opcode.filter(|opcode| matches!(opcode, OpCode::Text | OpCode::Binary))
}

/// Reads the one whole frame that the reader has been fed with.
fn read_one(reader: &mut WebSocketRead<Feed>) -> Result<Frame, ReadError> {
    use fastwebsockets::WebSocketError as E;
    let mut no_reply = |_| std::future::ready(Ok::<(), io::Error>(()));
    let read = pin!(reader.read_frame(&mut no_reply));
    let Poll::Ready(result) = read.poll(&mut Context::from_waker(Waker::noop())) else {
        return Err(ReadError::Protocol("the frame's length does not fit its header"));
    };
    let frame = result.map_err(|error| match error {
        E::ReservedBitsNotZero => RESERVED_BITS,
        E::ControlFrameFragmented => ReadError::Protocol("a control frame is fragmented"),
        E::InvalidValue => UNKNOWN_OPCODE,
        _ => ReadError::Protocol("invalid frame"),
    })?;
    Ok(taken(frame))
}

fn taken(frame: fastwebsockets::Frame<'_>) -> Frame {
    let payload = match frame.payload {
        Payload::Bytes(bytes) => bytes.freeze(),
        other => Bytes::from(Vec::from(other)),
    };
    Frame { fin: frame.fin, opcode: frame.opcode, is_deflated: false, payload }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::transport::link::Link;

    /// Otherwise a client that has sent a byte too much would keep the room of a large frame for as long as it likes.
    #[tokio::test]
    async fn nothing_that_follows_a_large_frame_is_stored_with_it() {
        const LENGTH: usize = 500_000;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut link = Link::Tcp(listener.accept().await.unwrap().0);
        // Masked with zeros; behind it the beginning of another.
        let mut bytes = vec![0x82, 0xff];
        bytes.extend((LENGTH as u64).to_be_bytes());
        bytes.resize(bytes.len() + 4 + LENGTH, 0);
        bytes.extend([0x82, 0xfe]);
        let writing = tokio::spawn(async move {
            client.write_all(&bytes).await.unwrap();
            client
        });
        let (mut reader, mut scratch) = (FrameReader::default(), Scratch::borrow());
        let frame = poll_fn(|cx| {
            turn::begin();
            let rules = Rules { max_payload: LENGTH, may_deflate: false };
            let read = ready!(reader.poll_frame(cx, &mut link, &mut scratch, rules));
            let Some(frame) = read.expect("the frame is valid") else {
                // Its turn is over.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            Poll::Ready(frame)
        });
        assert_eq!(frame.await.payload.len(), LENGTH);
        assert_eq!((reader.stored.len(), scratch.unread().len()), (0, 0));
        scratch.give_back();
        drop(writing.await);
    }
}
