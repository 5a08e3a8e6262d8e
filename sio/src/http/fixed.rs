//! Files of the server itself, which are the same for everybody.

use std::collections::HashMap;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};

use super::answer::{self, Answer};
use super::body::ResponseBody;

/// Answers by path.
#[derive(Debug, Default)]
pub(crate) struct Fixed(HashMap<String, Response<Bytes>>);

impl Fixed {
    pub(crate) fn new(answers: impl IntoIterator<Item = (String, Response<Bytes>)>) -> Self {
        Self(answers.into_iter().collect())
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The answer to a request for one of the paths.
    pub(crate) fn answer(&self, method: &Method, path: &str) -> Answer {
        let Some(answer) = self.0.get(path) else { return answer::status(StatusCode::NOT_FOUND) };
        if *method != Method::GET && *method != Method::HEAD {
            let mut answer = answer::status(StatusCode::METHOD_NOT_ALLOWED);
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        answer.clone().map(ResponseBody::from)
    }
}
