//! Files and directories served beside Socket.IO: pages, styles, and the browser client.
//!
//! Content types, ranges, `ETag`, `Last-Modified` and the refusal of paths that lead out of a directory are
//! tower-http's.

use std::io;
use std::path::{Path, PathBuf};

use hyper::header::HeaderMap;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, StatusCode, Uri};
use tower_http::services::{ServeDir, ServeFile};

use super::answer::{self, Answer};
use super::body::ResponseBody;

use crate::log_limiter::{About, LogLimiter, hash_of, limited};
use crate::short::short;

/// The files of the official browser client, as its npm package has them in `dist`.
const CLIENT_FILES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

/// Which path is answered by which file or directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct StaticFiles {
    /// The longest path comes first.
    routes: Vec<(String, PathBuf)>,
}

/// A path for a message: a relative one says little to those who started the program elsewhere than they thought.
pub(crate) fn whole(path: &Path) -> String {
    match std::path::absolute(path) {
        Ok(absolute) if path.is_relative() => format!("{} ({})", path.display(), absolute.display()),
        _ => path.display().to_string(),
    }
}

impl StaticFiles {
    /// Serves a file at exactly this path, or a directory at this path and below.
    pub(crate) fn add(&mut self, path: &str, target: PathBuf) {
        self.routes.push((path.trim_end_matches('/').to_owned(), target));
        self.routes.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    }

    /// Serves the browser client below Socket.IO's own path.
    pub(crate) fn add_client(&mut self, path: &str, directory: &Path) {
        for name in CLIENT_FILES {
            let file = directory.join(name);
            if file.is_file() {
                self.add(&format!("{}/{name}", path.trim_end_matches('/')), file);
            }
        }
    }

    /// What is routed to something that is not there.
    pub(crate) fn missing(&self) -> impl Iterator<Item = String> {
        let missing = self.routes.iter().filter(|(_, target)| !target.exists());
        missing.map(|(path, target)| format!("{path:?} is mapped to {}, which does not exist", whole(target)))
    }

    /// The paths of all routes, without a slash at their ends.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|(path, _)| &**path)
    }

    /// Whether a request is for one of the files, Socket.IO's own path left aside.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.route(path).is_some()
    }

    pub(crate) async fn serve(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Answer {
        let Some((prefix, rest, target)) = self.route(uri.path()) else {
            return answer::status(StatusCode::NOT_FOUND);
        };
        let rest = if rest.is_empty() { "/" } else { rest };
        let Ok(rest) = rest.parse::<PathAndQuery>() else { return answer::status(StatusCode::BAD_REQUEST) };
        let mut request = Request::new(http_body_util::Empty::<bytes::Bytes>::new());
        *request.method_mut() = method.clone();
        *request.uri_mut() = Uri::from(rest);
        *request.headers_mut() = headers.clone();
        let served = if target.is_dir() {
            ServeDir::new(target).redirect_path_prefix(prefix).try_call(request).await
        } else {
            ServeFile::new(target).try_call(request).await
        };
        match served {
            Ok(served) => served.map(ResponseBody::file),
            Err(error) if is_missing(&error) => answer::status(StatusCode::NOT_FOUND),
            Err(error) => {
                let about = About { other: hash_of(target.display()), ..About::default() };
                limited!(
                    ERROR, LogLimiter::of_process(), about, target: "sio::server",
                    { %error, path = &*short(uri.path()), },
                    "cannot serve a file"
                );
                answer::status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The route of a path, what of the path lies below it, and the route's target.
    fn route<'a>(&self, path: &'a str) -> Option<(&str, &'a str, &Path)> {
        self.routes.iter().find_map(|(prefix, target)| {
            let rest = path.strip_prefix(prefix.as_str())?;
            // `/` is kept without its slash, as all paths are; a request always has it.
            let is_exact = rest.is_empty() || (prefix.is_empty() && rest == "/");
            let fits = is_exact || (rest.starts_with('/') && target.is_dir());
            fits.then_some((prefix.as_str(), rest, target.as_path()))
        })
    }
}

/// True when a client asked for something that is not there, as opposed to something that cannot be read.
fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied | InvalidFilename)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer to a GET on this crate's own sources, which are served below `/code`.
    async fn get(path: &str) -> Answer {
        let mut files = StaticFiles::default();
        files.add("/code", Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let uri = path.parse().expect("a path");
        files.serve(&Method::GET, &uri, &HeaderMap::new()).await
    }

    #[tokio::test]
    async fn what_is_there_is_served() {
        let answer = get("/code/http/static_files.rs").await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_file_at_the_root_is_served_there_and_nowhere_else() {
        let mut files = StaticFiles::default();
        files.add("/", Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        for (path, status) in [("/", StatusCode::OK), ("/x", StatusCode::NOT_FOUND)] {
            let uri = path.parse().expect("a path");
            let answer = files.serve(&Method::GET, &uri, &HeaderMap::new()).await;
            assert_eq!(answer.status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        let long = format!("/code/{}", "x".repeat(300));
        for path in ["/code/missing.rs", "/code/lib.rs/", "/code/lib.rs/x", "/elsewhere", &long] {
            assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn nothing_outside_the_directory_is_served() {
        for path in
            ["/code/../Cargo.toml", "/code/..%2fCargo.toml", "/code/%2e%2e/Cargo.toml", "/code//etc/passwd"]
        {
            assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn a_directory_without_its_slash_is_found_with_it() {
        let answer = get("/code/http").await;
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.headers()["location"], "/code/http/");
    }
}
