//! Doors to what is private and reads the bytes of strangers, for the fuzzers in `sio-core/fuzz`. No part of the
//! interface: it changes with what is behind it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hyper::HeaderMap;
use tokio::io::{AsyncRead, ReadBuf};

use crate::http::site::Site;
use crate::http::{AllowedOrigins, Forwarded, origin};
use crate::peer::Peer;
use crate::transport::frames::{FrameReader, ReadError, Rules, Scratch};
use crate::turn;

/// A frame that a client has sent, unmasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The last frame of its message.
    pub fin: bool,
    /// The kind, as it stands in the first byte.
    pub opcode: u8,
    /// It begins a message that is compressed.
    pub is_deflated: bool,
    /// The bytes in it.
    pub payload: Vec<u8>,
}

/// Why no more frames come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The bytes are at their end, which may be in the middle of a frame.
    Ended,
    /// A frame that no client may send.
    Protocol,
    /// A frame longer than the limit.
    TooLarge,
}

/// Reads frames as they come from a connection that delivers so many bytes at a time, one length after the other and
/// then from the first again. A length of 0 is a pause, after which the connection is polled again.
pub fn frames(bytes: &[u8], portions: &[usize], max_payload: usize, may_deflate: bool) -> (Vec<Frame>, End) {
    let mut link = Portions { bytes, portions, next: 0 };
    let (mut reader, mut scratch) = (FrameReader::default(), Scratch::borrow());
    let rules = Rules { max_payload, may_deflate };
    let mut cx = Context::from_waker(Waker::noop());
    let mut frames = Vec::new();
    let end = loop {
        turn::begin();
        match reader.poll_frame(&mut cx, &mut link, &mut scratch, rules) {
            Poll::Ready(Ok(Some(frame))) => frames.push(Frame {
                fin: frame.fin,
                opcode: frame.opcode as u8,
                is_deflated: frame.is_deflated,
                payload: frame.payload.into(),
            }),
            Poll::Ready(Ok(None)) => {}
            Poll::Ready(Err(error)) => break end(&error),
            Poll::Pending => reader.keep(&mut scratch),
        }
    };
    scratch.give_back();
    (frames, end)
}

fn end(error: &ReadError) -> End {
    match error {
        ReadError::Ended | ReadError::Io(_) => End::Ended,
        ReadError::Protocol(_) | ReadError::NotDeflated | ReadError::InvalidUtf8 => End::Protocol,
        ReadError::TooLarge => End::TooLarge,
    }
}

/// A connection that delivers its bytes in portions.
struct Portions<'a> {
    bytes: &'a [u8],
    portions: &'a [usize],
    next: usize,
}

impl AsyncRead for Portions<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let all = [usize::MAX];
        let portions = if self.portions.is_empty() { &all } else { self.portions };
        let portion = portions[self.next % portions.len()];
        self.next += 1;
        // Where every portion is a pause, the second time is none.
        if portion == 0 && self.next <= portions.len() {
            return Poll::Pending;
        }
        let count = portion.max(1).min(self.bytes.len()).min(buf.remaining());
        let (now, later) = self.bytes.split_at(count);
        buf.put_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(()))
    }
}

/// The client of a request with these headers, and whether its connection is encrypted.
#[must_use]
pub fn client(forwarded: &Forwarded, headers: &HeaderMap, peer: SocketAddr) -> (Option<SocketAddr>, bool) {
    let client = forwarded.client(headers, Peer::new(peer, false));
    (client.address, client.is_secure)
}

/// The host and the port that proxies say the client has asked for.
#[must_use]
pub fn authority(forwarded: &Forwarded, headers: &HeaderMap) -> Option<(String, Option<u16>)> {
    forwarded.authority(headers).map(|authority| (authority.host, authority.port))
}

/// Scheme, host and port of an origin, and what stands behind them.
#[must_use]
pub fn site(text: &str) -> Option<(String, String, Option<u16>, &str)> {
    Site::parse(text).map(|(site, rest)| (site.scheme, site.host, site.port, rest))
}

/// Returns whether a request with these headers comes from a page that is allowed, where the server itself is known by
/// no name.
#[must_use]
pub fn is_allowed(origins: &AllowedOrigins, headers: &HeaderMap) -> bool {
    use origin::Verdict;
    !matches!(origins.judge(headers, || None), Verdict::Foreign(_))
}
