//! The official browser client, kept in memory: it is what every page asks for.

use std::collections::HashMap;
use std::io;
use std::path::Path;
#[cfg(feature = "compression")]
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use sha1::{Digest, Sha1};

use super::answer::{self, Answer};
use super::body::ResponseBody;
#[cfg(feature = "compression")]
use super::compression;

/// The files of the official browser client, as its npm package has them in `dist`.
const FILES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const MAP: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// May be kept by everybody, and is asked for again each time: the next version has the same name.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=0");
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD");
#[cfg(feature = "compression")]
const VARY: HeaderValue = HeaderValue::from_static("accept-encoding");
#[cfg(feature = "compression")]
const GZIP: HeaderValue = HeaderValue::from_static("gzip");

#[derive(Debug, Clone, Default)]
pub(crate) struct ClientBundle {
    files: HashMap<String, ClientFile>,
}

#[derive(Debug, Clone)]
struct ClientFile {
    bytes: Bytes,
    content_type: HeaderValue,
    /// Weak: it is the same for the compressed form.
    etag: HeaderValue,
    /// Made when it is first asked for.
    #[cfg(feature = "compression")]
    gzip: OnceLock<Option<Bytes>>,
}

impl ClientBundle {
    /// Reads those of the files that are there, for requests below a path.
    pub(crate) fn read(path: &str, directory: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        for name in FILES {
            let file = directory.join(name);
            if file.is_file() {
                let bytes = std::fs::read(file)?;
                files.insert(
                    format!("{}/{name}", path.trim_end_matches('/')),
                    ClientFile::new(name, bytes.into()),
                );
            }
        }
        Ok(Self { files })
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The answer to a request for one of the files.
    pub(crate) fn serve(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Answer> {
        let file = self.files.get(path)?;
        if *method != Method::GET && *method != Method::HEAD {
            let mut answer = answer::status(StatusCode::METHOD_NOT_ALLOWED);
            answer.headers_mut().insert(header::ALLOW, ALLOWED);
            return Some(answer);
        }
        Some(file.answer(headers))
    }
}

impl ClientFile {
    fn new(name: &str, bytes: Bytes) -> Self {
        let etag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(Sha1::digest(&bytes)));
        let etag = HeaderValue::from_str(&etag).expect("base64 is a valid header value");
        let content_type = if name.ends_with(".map") { MAP } else { SCRIPT };
        Self {
            bytes,
            content_type,
            etag,
            #[cfg(feature = "compression")]
            gzip: OnceLock::new(),
        }
    }

    fn answer(&self, request: &HeaderMap) -> Answer {
        let mut answer = answer::status(StatusCode::OK);
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, CACHED);
        headers.insert(header::ETAG, self.etag.clone());
        #[cfg(feature = "compression")]
        headers.insert(header::VARY, VARY);
        if self.is_known(request) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        headers.insert(header::CONTENT_TYPE, self.content_type.clone());
        #[cfg(feature = "compression")]
        if compression::accepts_gzip(request) {
            let gzip = self.gzip.get_or_init(|| compression::gzip(&self.bytes));
            if let Some(gzip) = gzip {
                headers.insert(header::CONTENT_ENCODING, GZIP);
                *answer.body_mut() = ResponseBody::from(gzip.clone());
                return answer;
            }
        }
        *answer.body_mut() = ResponseBody::from(self.bytes.clone());
        answer
    }

    /// Returns whether the client has the file already (RFC 9110 §13.1.2, by weak comparison).
    fn is_known(&self, request: &HeaderMap) -> bool {
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = strong(self.etag.to_str().unwrap_or_default());
        let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || strong(tag) == own)
    }
}
