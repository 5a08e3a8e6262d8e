//! Requests that hyper refuses before anybody sees them: what is sent in place of its empty answers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

const BROKEN: &str =
    "The request is not valid HTTP: its target or one of its headers holds what may not stand there.\n";
const LONG_TARGET: &str = "The target of the request is too long.\n";
const LARGE_HEAD: &str = "The head of the request is too large: at most 100 headers and 16 KiB are read.\n";

/// An answer with a body, in place of one without.
#[derive(Debug)]
pub(crate) struct Substitute {
    answer: Vec<u8>,
    written: usize,
}

impl Substitute {
    /// The substitute of what hyper is about to write, if that is such an answer.
    pub(crate) fn of(answer: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(answer).ok()?;
        let (line, headers) = text.split_once("\r\n")?;
        let (version, status) = line.split_once(' ')?;
        let body = match status.split(' ').next()? {
            "400" => BROKEN,
            "414" => LONG_TARGET,
            "431" => LARGE_HEAD,
            _ => return None,
        };
        if !version.starts_with("HTTP/1.") || !headers.contains("content-length: 0\r\n") {
            return None;
        }
        let reason = body.trim_end();
        tracing::debug!(target: "sio::engine", status, reason, "refused a request that could not be read");
        let length = body.len();
        let answer = format!(
            "{version} {status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Some(Self { answer: answer.into_bytes(), written: 0 })
    }

    /// Writes it, and then says that as much as `length` has been written.
    pub(crate) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        while self.written < self.answer.len() {
            match ready!(Pin::new(&mut *stream).poll_write(cx, &self.answer[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        Poll::Ready(Ok(length))
    }
}
