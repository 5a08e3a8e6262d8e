//! The byte stream of a WebSocket: still in the hands of the HTTP server, or ours, or one that only looks like it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sio_core::engine::config::TransportKind;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::timed::Timed;
#[cfg(feature = "webtransport")]
use super::webtransport::Stream;
use crate::places::ConnectionPlace;

/// A stream that becomes ready when hyper has written the answer to the upgrade request.
///
/// A plain TCP connection is taken out of hyper's hands whole, which frees hyper's buffers; any other
/// stream (TLS, a stream of a server that embeds us) is used through hyper's wrapper.
#[derive(Debug)]
pub(crate) enum Link {
    Upgrading(OnUpgrade),
    Tcp(TcpStream),
    /// The same where connections are limited. In a box: a WebSocket is not to be larger where they are not.
    Limited(Box<Limited>),
    Wrapped(Box<TokioIo<Upgraded>>),
    /// Not a WebSocket: it translates the frames of one.
    #[cfg(feature = "webtransport")]
    WebTransport(Box<Stream>),
}

/// A connection that takes a place among those of the server.
#[derive(Debug)]
pub(crate) struct Limited {
    tcp: TcpStream,
    _place: ConnectionPlace,
}

impl Link {
    /// Returns the transport that is spoken over it.
    pub(crate) const fn kind(&self) -> TransportKind {
        match self {
            #[cfg(feature = "webtransport")]
            Self::WebTransport(_) => TransportKind::WebTransport,
            _ => TransportKind::WebSocket,
        }
    }

    /// Waits for the upgrade to complete; returns the bytes that the client sent ahead of the answer.
    pub(crate) fn poll_upgraded(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, hyper::Error>> {
        let Self::Upgrading(upgrade) = self else {
            return Poll::Ready(Ok(Bytes::new()));
        };
        let upgraded = ready!(Pin::new(upgrade).poll(cx))?;
        // Of our own listener.
        let upgraded = match upgraded.downcast::<TokioIo<Timed<TcpStream>>>() {
            Ok(parts) => {
                *self = match parts.io.into_inner().into_parts() {
                    (tcp, None) => Self::Tcp(tcp),
                    (tcp, Some(place)) => Self::Limited(Box::new(Limited { tcp, _place: place })),
                };
                return Poll::Ready(Ok(parts.read_buf));
            }
            Err(upgraded) => upgraded,
        };
        // Of another hyper server.
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => {
                *self = Self::Tcp(parts.io.into_inner());
                Poll::Ready(Ok(parts.read_buf))
            }
            Err(upgraded) => {
                *self = Self::Wrapped(Box::new(TokioIo::new(upgraded)));
                Poll::Ready(Ok(Bytes::new()))
            }
        }
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Upgrading(_) => Poll::Pending,
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, data),
            Self::Limited(limited) => Pin::new(&mut limited.tcp).poll_write(cx, data),
            Self::Wrapped(stream) => Pin::new(stream).poll_write(cx, data),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(stream) => stream.poll_write(cx, data),
        }
    }

    pub(crate) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Upgrading(_) => Poll::Pending,
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Limited(limited) => Pin::new(&mut limited.tcp).poll_write_vectored(cx, slices),
            Self::Wrapped(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(stream) => {
                stream.poll_write(cx, slices.first().map(|slice| &**slice).unwrap_or_default())
            }
        }
    }

    /// Pushes out what a wrapping stream (TLS) holds back; a plain TCP stream holds nothing.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Upgrading(_) | Self::Tcp(_) | Self::Limited(_) => Poll::Ready(Ok(())),
            Self::Wrapped(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(stream) => stream.poll_flush(cx),
        }
    }

    /// Returns whether dropping the stream is enough to close it. A wrapping stream (TLS) has a last message to send.
    pub(crate) const fn closes_when_dropped(&self) -> bool {
        matches!(self, Self::Tcp(_) | Self::Limited(_))
    }

    /// Closes our half.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Upgrading(_) => Poll::Ready(Ok(())),
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Limited(limited) => Pin::new(&mut limited.tcp).poll_shutdown(cx),
            Self::Wrapped(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(stream) => stream.poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Upgrading(_) => Poll::Pending,
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Limited(limited) => Pin::new(&mut limited.tcp).poll_read(cx, buf),
            Self::Wrapped(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "webtransport")]
            Self::WebTransport(stream) => stream.poll_read(cx, buf),
        }
    }
}
