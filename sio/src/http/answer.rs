//! HTTP responses that are the same for every transport.

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use sio_core::v3::payload::Body;

use super::body::ResponseBody;
use super::refused::Refusal;
use super::upgrade;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// In seconds: about as long as another server needs to take the place of this one.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(crate) type Answer = Response<ResponseBody>;

/// `200` with text, not to be cached.
pub(crate) fn text(body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(ResponseBody::from(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, TEXT);
    answer.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    answer
}

/// `200` with packets, not to be cached.
pub(crate) fn packets(body: Body) -> Answer {
    let mut answer = text(body.bytes);
    if body.is_binary {
        answer.headers_mut().insert(header::CONTENT_TYPE, BINARY);
    }
    answer
}

/// An answer with a status and no body.
pub(crate) fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(ResponseBody::empty());
    *answer.status_mut() = status;
    answer
}

/// An answer with a status and a sentence, not to be cached.
pub(crate) fn plain(status: StatusCode, sentence: &'static str) -> Answer {
    let mut answer = text(Bytes::from_static(sentence.as_bytes()));
    *answer.status_mut() = status;
    answer
}

/// A refusal as the reference server words it.
pub(crate) fn refusal(refusal: &Refusal) -> Answer {
    #[derive(Serialize)]
    struct Refused<'a> {
        code: u8,
        message: &'a str,
    }

    let error = refusal.error();
    let body = match refusal.message() {
        None => ResponseBody::from(error.body()),
        Some(message) => {
            let body = serde_json::to_vec(&Refused { code: error.code(), message });
            ResponseBody::from(body.expect("a number and a string always serialize"))
        }
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = refusal.status();
    answer.headers_mut().insert(header::CONTENT_TYPE, JSON);
    upgrade::say_how(refusal.status(), answer.headers_mut());
    if refusal.is_temporary() {
        answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    answer
}
