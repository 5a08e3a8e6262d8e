//! The opening handshake of a WebSocket (RFC 6455 §4.2, and RFC 8441 over HTTP/2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode, Version};
use sha1::{Digest, Sha1};

use super::answer::{self, Answer};
use super::extensions;
use super::refused::{Refusal, RefusedReason};
use crate::log_limiter::{About, LogLimiter, limited};
use crate::transport::link::Link;
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;

/// RFC 6455 §1.3: proves that the answer was meant for this very request.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Sent by nginx by default.
const OLD_HTTP: &str = "a WebSocket needs HTTP/1.1, and this request came with HTTP/1.0: with nginx, set `proxy_http_version 1.1` \
    and pass the headers `Upgrade` and `Connection` on";
const WRONG_VERSION: &str = "the opening handshake of a WebSocket needs `Sec-WebSocket-Version: 13`";
const NO_KEY: &str =
    "the opening handshake of a WebSocket needs one `Sec-WebSocket-Key` of 16 bytes in base64";
const NO_UPGRADES: &str = "this server cannot upgrade connections to WebSocket";

/// True for a request that wants to become a WebSocket.
pub(crate) fn is_wanted(request: &Parts) -> bool {
    let headers = &request.headers;
    is_extended_connect(request)
        || (has_token(headers, &header::UPGRADE, "websocket")
            && has_token(headers, &header::CONNECTION, "upgrade"))
}

/// True for a WebSocket over HTTP/2 (RFC 8441). A plain CONNECT has no path, so what comes here is the extended one,
/// which servers take only when they were told to.
pub(crate) fn is_extended_connect(request: &Parts) -> bool {
    request.method == Method::CONNECT && request.version >= Version::HTTP_2
}

/// The subprotocols that a request asks for, in its order.
pub(crate) fn subprotocols(headers: &HeaderMap) -> Vec<&str> {
    let values =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| is_token(name)).collect()
}

/// The answer, which agrees to this subprotocol and, where `may_deflate`, to compressed messages, and the WebSocket that
/// begins when it has been written.
///
/// # Errors
///
/// With the answer to a request that is not a valid opening handshake.
pub(crate) fn accept(
    request: &mut Parts,
    wire: Wire,
    subprotocol: Option<&str>,
    may_deflate: bool,
) -> Result<(Answer, WebSocket), Refusal> {
    let headers = &request.headers;
    let bad = |status, message| Err(Refusal::with_status(RefusedReason::BadWebSocket, status, message));
    refuse_old_http(request)?;
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return bad(StatusCode::UPGRADE_REQUIRED, WRONG_VERSION);
    }
    let mut answer = if is_extended_connect(request) {
        answer::status(StatusCode::OK)
    } else {
        // The key is 16 bytes in base64, nothing of which the server has to understand.
        let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
        let (key, second) = (keys.next(), keys.next());
        let is_good =
            |key: &&HeaderValue| key.len() == 24 && second.is_none() && request.method == Method::GET;
        let Some(key) = key.filter(is_good) else {
            return bad(StatusCode::BAD_REQUEST, NO_KEY);
        };
        switching(key)
    };
    let agreed = may_deflate.then(|| extensions::agree(&request.headers)).flatten();
    let upgrade = take(request)?;
    if let Some(name) = subprotocol.and_then(|name| HeaderValue::from_str(name).ok()) {
        answer.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    let mut websocket = WebSocket::new(Link::Upgrading(upgrade), wire);
    if let Some(agreed) = agreed {
        answer.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, agreed);
        websocket.set_deflates();
    }
    Ok((answer, websocket))
}

/// Takes the connection of a request out of it.
pub(super) fn take(request: &mut Parts) -> Result<OnUpgrade, Refusal> {
    // The same as `hyper::upgrade::on`, which needs a whole request.
    request.extensions.remove::<OnUpgrade>().ok_or_else(|| {
        limited!(
            ERROR, LogLimiter::of_process(), About::default(), target: "sio::engine", {},
            "the HTTP server cannot upgrade connections to WebSocket"
        );
        Refusal::with_status(RefusedReason::BadWebSocket, StatusCode::NOT_IMPLEMENTED, NO_UPGRADES)
    })
}

/// Refuses a WebSocket over HTTP/1.0, whatever the headers say: hyper does not upgrade such a connection, and proxies
/// that speak HTTP/1.0 leave the headers out which ask for it.
pub(crate) fn refuse_old_http(request: &Parts) -> Result<(), Refusal> {
    if request.version >= Version::HTTP_11 {
        return Ok(());
    }
    limited!(
        WARN, LogLimiter::of_process(), About::default(), target: "sio::engine", {},
        "refused an upgrade over HTTP/1.0: a WebSocket needs HTTP/1.1 (with nginx, `proxy_http_version 1.1`)"
    );
    Err(Refusal::with_status(RefusedReason::BadWebSocket, StatusCode::BAD_REQUEST, OLD_HTTP))
}

/// The answer that turns a connection of HTTP/1.1 into a WebSocket.
fn switching(key: &HeaderValue) -> Answer {
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    let mut accept = [0; 28];
    STANDARD.encode_slice(digest, &mut accept).expect("20 bytes are 28 letters");
    let accept = HeaderValue::from_bytes(&accept).expect("base64 is a valid header value");
    let mut answer = answer::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    answer
}

/// Adds what an answer with this status has to say besides its body (RFC 9110 §15.5.22, RFC 6455 §4.4).
pub(crate) fn say_how(status: StatusCode, headers: &mut HeaderMap) {
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    }
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(wanted))
}
