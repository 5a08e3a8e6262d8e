//! The answers to supervisors, load balancers, and those who collect metrics.

use std::fmt;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::answer::{self, Answer};

/// The paths at which the server says how it is.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    pub(crate) live: String,
    pub(crate) ready: String,
}

impl Health {
    pub(crate) fn has(&self, path: &str) -> bool {
        path == self.live || path == self.ready
    }

    /// The answer at one of the paths.
    pub(crate) fn answer(&self, path: &str, is_ready: bool) -> Answer {
        if path == self.live || is_ready {
            answer::plain(StatusCode::OK, "ok\n")
        } else {
            answer::plain(StatusCode::SERVICE_UNAVAILABLE, "closing\n")
        }
    }
}

/// The content type of the text format of OpenMetrics.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The path at which metrics are read.
pub(crate) struct MetricsPage {
    pub(crate) path: String,
    pub(crate) text: Box<dyn Fn() -> String + Send + Sync>,
}

impl MetricsPage {
    pub(crate) fn answer(&self) -> Answer {
        let mut answer = answer::text((self.text)());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
        answer
    }
}

impl fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsPage").field("path", &self.path).finish_non_exhaustive()
    }
}
