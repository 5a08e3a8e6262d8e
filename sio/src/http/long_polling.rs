//! GET and POST of a session on polling (Engine.IO protocol v4, "HTTP long-polling").

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Buf};
use hyper::header::{self, HeaderMap};
use sio_core::engine::config::Revision;
use sio_core::engine::handshake::RequestError;
use sio_core::v3::payload::Body as Payload;
use tokio::sync::oneshot;

use super::answer::{self, Answer};
use crate::engine::mailbox::Mailbox;
use crate::engine::{CloseReason, Command, Config, PollAnswer, PollBody, PostAnswer};

/// Packets in one POST. Each takes some tens of bytes of memory however short it is, so that a body of one
/// byte each would need a multiple of its size.
const MAX_PACKETS: usize = 16 * 1024;

/// How much more than `max_payload` is still taken from a client whose body is refused, and how long it may pause.
const MAX_REST: usize = 1024 * 1024;
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// How long a client waits for nothing that is not to ask for it all the time. The reference server looks as often
/// whether a client in an upgrade polls.
const IDLE_PAUSE: Duration = Duration::from_millis(100);

/// Waits for packets, and returns them as a polling body.
pub(crate) async fn get(mailbox: &Mailbox) -> Result<PollBody, RequestError> {
    let (answer, waiting) = oneshot::channel();
    if !mailbox.inbox.command(Command::Poll(answer)) {
        return Err(RequestError::SessionUnknown);
    }
    match waiting.await {
        Ok(PollAnswer::Payload(body)) => Ok(body),
        Ok(PollAnswer::Idle(body)) => {
            tokio::time::sleep(IDLE_PAUSE).await;
            Ok(body)
        }
        Ok(PollAnswer::Refused) => Err(RequestError::BadRequest),
        // The session has ended before it saw the request.
        Err(_) => Err(RequestError::SessionUnknown),
    }
}

/// Takes packets in.
pub(crate) async fn post<B>(
    mailbox: &Mailbox,
    headers: &HeaderMap,
    body: B,
    config: &Config,
) -> Result<Answer, RequestError>
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: std::fmt::Display,
{
    // The body may take its time: two POSTs overlap from the moment at which the second one's head is there.
    let Some(_posting) = mailbox.inbox.begin_post() else {
        mailbox.inbox.command(Command::Violation(CloseReason::TransportError));
        return Err(RequestError::BadRequest);
    };
    let too_large = async {
        mailbox.inbox.command(Command::Violation(CloseReason::TransportError));
    };
    let bytes = match take(headers, body, config, too_large).await {
        Ok(bytes) => bytes,
        Err(Some(())) => return Ok(answer::status(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(None) => return Err(RequestError::BadRequest),
    };
    let wire = mailbox.wire();
    let is_binary = wire.revision() == Revision::V3 && is_binary(headers);
    let packets = match wire.packets(Payload { bytes, is_binary }, MAX_PACKETS) {
        Ok(packets) => packets,
        Err(error) => {
            tracing::debug!(target: "sio::engine", %error, "invalid polling body");
            mailbox.inbox.command(Command::Violation(CloseReason::ParseError));
            return Err(RequestError::BadRequest);
        }
    };
    let (answer, taken) = oneshot::channel();
    if !mailbox.inbox.command(Command::Post(packets, answer)) {
        return Err(RequestError::SessionUnknown);
    }
    match taken.await {
        Ok(PostAnswer::Taken) => Ok(answer::text(Bytes::from_static(b"ok"))),
        Ok(PostAnswer::Refused) => Err(RequestError::BadRequest),
        Err(_) => Err(RequestError::SessionUnknown),
    }
}

/// Reads a whole body. Of one that is too large, the error has the result of `too_large`; one that does not come to
/// its end has none.
pub(super) async fn take<B, T>(
    headers: &HeaderMap,
    body: B,
    config: &Config,
    too_large: impl Future<Output = T>,
) -> Result<Bytes, Option<T>>
where
    B: Body,
    B::Data: Buf,
    B::Error: std::fmt::Display,
{
    let patience = patience(config);
    let mut unread = pin!(body);
    let body = tokio::time::timeout(patience, read(unread.as_mut(), config.max_payload)).await;
    match body.unwrap_or(Err(BodyError::Broken)) {
        Ok(bytes) => Ok(bytes),
        Err(BodyError::TooLarge { begun }) => {
            let outcome = too_large.await;
            // Asked for, the rest would be sent: a client that waits for leave to send gets the answer instead.
            if begun || !waits_for_leave(headers) {
                let rest = config.max_payload.saturating_add(MAX_REST);
                let _ = tokio::time::timeout(patience, discard(unread, rest)).await;
            }
            Err(Some(outcome))
        }
        Err(BodyError::Broken) => Err(None),
    }
}

/// How long a body may take: a client that needs longer cannot answer a ping in time either.
pub(super) fn patience(config: &Config) -> Duration {
    config.ping_interval.saturating_add(config.ping_timeout)
}

/// Returns whether the headers mark the body as bytes, as only clients of revision 3 do.
fn is_binary(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/octet-stream")
}

/// Returns whether the client sends the body only when it is told to (RFC 9110 §10.1.1).
fn waits_for_leave(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

enum BodyError {
    TooLarge {
        /// True if the client has been asked for the body.
        begun: bool,
    },
    Broken,
}

async fn read<B>(body: B, max_payload: usize) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Data: Buf,
    B::Error: std::fmt::Display,
{
    // An announced length is believed: such a body is refused unread.
    if body.size_hint().lower() > max_payload as u64 {
        return Err(BodyError::TooLarge { begun: false });
    }
    let mut body = pin!(body);
    let mut read = Bytes::new();
    // Chunks are put together as they come. Kept apart, each would take its own tens of bytes, however short it is.
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            tracing::debug!(target: "sio::engine", %error, "the body of a POST could not be read");
            BodyError::Broken
        })?;
        // Trailers say nothing here.
        let Ok(mut data) = frame.into_data() else { continue };
        let length = data.remaining();
        if length > max_payload - read.len().max(joined.len()) {
            return Err(BodyError::TooLarge { begun: true });
        }
        if length == 0 {
            continue;
        }
        if read.is_empty() && joined.is_empty() {
            // Most bodies are a single chunk, which stays as it is.
            read = data.copy_to_bytes(length);
        } else {
            joined.extend_from_slice(&std::mem::take(&mut read));
            joined.put(data);
        }
    }
    Ok(if joined.is_empty() { read } else { joined.freeze() })
}

/// Throws away what a client sends of a body that is refused. The connection is closed with what is left unread,
/// which the kernel makes a reset of: the client would not see the answer.
async fn discard<B: Body>(mut body: Pin<&mut B>, limit: usize) {
    let mut left = limit;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(MAX_PAUSE, body.frame()).await {
        let length = frame.data_ref().map_or(0, Buf::remaining);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use futures_util::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    async fn read_chunks(
        chunks: impl Iterator<Item = Bytes>,
        max_payload: usize,
    ) -> Result<Bytes, BodyError> {
        let frames = chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
        read(StreamBody::new(stream::iter(frames)), max_payload).await
    }

    #[tokio::test]
    async fn a_body_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from(vec![7; 100]);
        let Ok(body) = read_chunks([chunk.clone(), Bytes::new()].into_iter(), 100).await else {
            panic!("it fits");
        };
        assert_eq!((body.as_ptr(), body.len()), (chunk.as_ptr(), 100));
    }

    #[tokio::test]
    async fn a_body_in_many_chunks_does_not_keep_them() {
        let memory = Arc::new([7; 1]);
        let most = std::cell::Cell::new(0);
        let chunks = (0..1000).map(|_| {
            most.set(most.get().max(Arc::strong_count(&memory)));
            Bytes::from_owner(Shared(Arc::clone(&memory)))
        });
        assert!(read_chunks(chunks, 1000).await.is_ok_and(|body| body == [7; 1000][..]));
        assert!(most.get() <= 2, "{} owners at once", most.get());
    }

    #[tokio::test]
    async fn chunks_count_together() {
        for length in [1, 3, 100, 101, 1000] {
            let chunks = || std::iter::repeat_n(Bytes::from(vec![7; length]), 1000 / length);
            let total = length * (1000 / length);
            assert!(read_chunks(chunks(), total).await.is_ok_and(|body| body.len() == total));
            assert!(matches!(read_chunks(chunks(), total - 1).await, Err(BodyError::TooLarge { .. })));
        }
    }

    /// Bytes whose owners can be counted.
    struct Shared(Arc<[u8; 1]>);

    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            &*self.0
        }
    }
}
