//! The opening handshake of a WebSocket (RFC 6455 §4.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode};
use sha1::{Digest, Sha1};

use super::answer::{self, Answer};
use crate::log_limiter::{About, LogLimiter, limited};
use crate::transport::link::Link;
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;

/// RFC 6455 §1.3: proves that the answer was meant for this very request.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const VERSION: HeaderValue = HeaderValue::from_static("13");

/// True for a request that wants to become a WebSocket.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    has_token(headers, &header::UPGRADE, "websocket") && has_token(headers, &header::CONNECTION, "upgrade")
}

/// The answer and the WebSocket that begins when it has been written; or the status with which the request is
/// refused.
pub(crate) fn accept(request: &mut Parts, wire: Wire) -> Result<(Answer, WebSocket), StatusCode> {
    let headers = &request.headers;
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    // The key is 16 bytes in base64, nothing of which the server has to understand.
    let Some(key) = key.filter(|key| key.len() == 24 && request.method == Method::GET) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    // What `hyper::upgrade::on` does; it asks for a whole request.
    let Some(upgrade) = request.extensions.remove::<OnUpgrade>() else {
        limited!(
            ERROR, LogLimiter::of_process(), About::default(), target: "sio::engine", {},
            "the HTTP server cannot upgrade connections to WebSocket"
        );
        return Err(StatusCode::NOT_IMPLEMENTED);
    };
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    let accept = HeaderValue::from_str(&STANDARD.encode(digest)).expect("base64 is a valid header value");
    let mut answer = answer::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok((answer, WebSocket::new(Link::Upgrading(upgrade), wire)))
}

/// The answer to a request that is no valid opening handshake.
pub(crate) fn refuse(status: StatusCode) -> Answer {
    let mut refusal = answer::status(status);
    if status == StatusCode::UPGRADE_REQUIRED {
        refusal.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    }
    refusal
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(wanted))
}
