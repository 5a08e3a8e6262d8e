//! The body of an answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
#[cfg(feature = "static-files")]
use tower_http::services::fs::ServeFileSystemResponseBody as FileBody;

/// The body of an answer of the server.
#[derive(Default)]
pub struct ResponseBody(Kind);

enum Kind {
    Whole(Full<Bytes>),
    #[cfg(feature = "static-files")]
    File(FileBody),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl ResponseBody {
    /// Makes an empty body.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    #[cfg(feature = "static-files")]
    pub(crate) fn file(body: FileBody) -> Self {
        Self(Kind::File(body))
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("size", &self.size_hint()).finish()
    }
}

impl<T: Into<Bytes>> From<T> for ResponseBody {
    fn from(bytes: T) -> Self {
        Self(Kind::Whole(Full::new(bytes.into())))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Kind::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            #[cfg(feature = "static-files")]
            Kind::File(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(body) => body.is_end_stream(),
            #[cfg(feature = "static-files")]
            Kind::File(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(body) => body.size_hint(),
            #[cfg(feature = "static-files")]
            Kind::File(body) => body.size_hint(),
        }
    }
}
