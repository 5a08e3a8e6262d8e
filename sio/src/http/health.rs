//! The answers to health checks of supervisors and load balancers.

use hyper::StatusCode;

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
