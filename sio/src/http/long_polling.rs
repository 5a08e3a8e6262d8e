//! GET and POST of a session on polling (Engine.IO protocol v4, "HTTP long-polling").

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
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

/// Waits for packets, which it gives as a polling body.
pub(crate) async fn get(mailbox: &Mailbox) -> Result<PollBody, RequestError> {
    let (answer, waiting) = oneshot::channel();
    if !mailbox.command(Command::Poll(answer)) {
        return Err(RequestError::SessionUnknown);
    }
    match waiting.await {
        Ok(PollAnswer::Payload(body)) => Ok(body),
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
    let Some(_posting) = mailbox.begin_post() else {
        mailbox.command(Command::Violation(CloseReason::TransportError));
        return Err(RequestError::BadRequest);
    };
    // A client that needs longer than this for a body cannot answer a ping in time either.
    let patience = config.ping_interval.saturating_add(config.ping_timeout);
    let mut unread = pin!(body);
    let body = tokio::time::timeout(patience, read(unread.as_mut(), config.max_payload)).await;
    let bytes = match body.unwrap_or(Err(BodyError::Broken)) {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => {
            mailbox.command(Command::Violation(CloseReason::TransportError));
            let rest = config.max_payload.saturating_add(MAX_REST);
            let _ = tokio::time::timeout(patience, discard(unread, rest)).await;
            return Ok(answer::status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(BodyError::Broken) => return Err(RequestError::BadRequest),
    };
    let wire = mailbox.wire();
    let is_binary = wire.revision() == Revision::V3 && is_binary(headers);
    let packets = match wire.packets(Payload { bytes, is_binary }, MAX_PACKETS) {
        Ok(packets) => packets,
        Err(error) => {
            tracing::debug!(target: "sio::engine", %error, "invalid polling body");
            mailbox.command(Command::Violation(CloseReason::ParseError));
            return Err(RequestError::BadRequest);
        }
    };
    let (answer, taken) = oneshot::channel();
    if !mailbox.command(Command::Post(packets, answer)) {
        return Err(RequestError::SessionUnknown);
    }
    match taken.await {
        Ok(PostAnswer::Taken) => Ok(answer::text(Bytes::from_static(b"ok"))),
        Ok(PostAnswer::Refused) => Err(RequestError::BadRequest),
        Err(_) => Err(RequestError::SessionUnknown),
    }
}

/// Whether the body says that it is bytes, as only clients of revision 3 do.
fn is_binary(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/octet-stream")
}

enum BodyError {
    TooLarge,
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
        return Err(BodyError::TooLarge);
    }
    let body = body.map_err(|error| Unreadable(error.to_string()));
    match Limited::new(body, max_payload).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Err(error) => {
            tracing::debug!(target: "sio::engine", %error, "the body of a POST could not be read");
            Err(BodyError::Broken)
        }
    }
}

/// Throws away what a client sends of a body that is refused. The connection is closed with what is left unread, which the
/// kernel makes a reset of: the client would not see the answer.
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

/// An error of a body, whatever its type was.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreadable(String);
