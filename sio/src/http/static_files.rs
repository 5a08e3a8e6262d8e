//! Files and directories served beside Socket.IO: pages, styles, and the browser client.
//!
//! Content types, ranges, `ETag`, `Last-Modified` and the refusal of paths that lead out of a directory are
//! tower-http's.

use std::io;
use std::path::{Component, Path, PathBuf};

use hyper::header::{self, HeaderMap};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, StatusCode, Uri};
use tower_http::services::{ServeDir, ServeFile};

use super::answer::{self, Answer};
use super::beneath::{Beneath, is_hidden};
use super::body::ResponseBody;
use super::client_bundle::ClientBundle;

use crate::log_limiter::{About, LogLimiter, hash_of, limited};
use crate::short::short;

/// A file or a directory that is [served](crate::Builder::static_files), with the options of a directory. A path
/// alone has the defaults.
///
/// # Examples
///
/// ```
/// use sio::options::Files;
/// use sio::prelude::*;
///
/// let files = Files::new("public").dot_files(true);
/// let builder = Server::builder().static_files("/", files);
/// # let _ = builder;
/// ```
#[derive(Debug, Clone)]
pub struct Files {
    target: PathBuf,
    dot_files: bool,
    links: bool,
}

impl Files {
    /// Serves a file, or a directory without its dot files and without what links lead to outside of it.
    pub fn new(target: impl Into<PathBuf>) -> Self {
        Self { target: target.into(), dot_files: false, links: false }
    }

    /// Sets whether to serve files and directories whose names begin with a dot: `.env` and `.git`, but also
    /// `.well-known`. Default false.
    #[must_use]
    pub fn dot_files(mut self, serve: bool) -> Self {
        self.dot_files = serve;
        self
    }

    /// Sets whether to follow links that lead out of the directory. Default false; links inside of it are always
    /// followed.
    #[must_use]
    pub fn links(mut self, follow: bool) -> Self {
        self.links = follow;
        self
    }

    /// Returns whether a path below the directory may be asked for, whatever is there.
    fn may_ask(&self, below: &Path) -> bool {
        // A path with `..`, a root or a prefix could lead out of the directory.
        below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
            && (self.dot_files || !is_hidden(below))
    }

    fn beneath(&self) -> Beneath {
        Beneath { root: self.target.as_path().into(), dot_files: self.dot_files, links: self.links }
    }
}

impl<T: Into<PathBuf>> From<T> for Files {
    fn from(target: T) -> Self {
        Self::new(target)
    }
}

/// Which path is answered by which file or directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct StaticFiles {
    /// The longest path comes first.
    routes: Vec<(String, Files)>,
    client: ClientBundle,
}

/// A path for a message: a relative one says little to those who started the program elsewhere than they thought.
pub(crate) fn whole(path: &Path) -> String {
    match std::path::absolute(path) {
        Ok(absolute) if path.is_relative() => format!("{} ({})", path.display(), absolute.display()),
        _ => path.display().to_string(),
    }
}

impl StaticFiles {
    /// Serves a file at exactly this path, or a directory at this path and below it.
    pub(crate) fn add(&mut self, path: &str, files: Files) {
        self.routes.push((path.trim_end_matches('/').to_owned(), files));
        self.routes.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    }

    /// Serves the browser client below Socket.IO's own path.
    pub(crate) fn add_client(&mut self, path: &str, directory: &Path) -> io::Result<()> {
        self.client = ClientBundle::read(path, directory)?;
        Ok(())
    }

    /// Returns the routes to files and directories that do not exist.
    pub(crate) fn missing(&self) -> impl Iterator<Item = String> {
        let missing = self.routes.iter().filter(|(_, files)| !files.target.exists());
        missing.map(|(path, files)| {
            format!("{path:?} is mapped to {}, which does not exist", whole(&files.target))
        })
    }

    /// The paths of all routes, without a slash at their ends.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|(path, _)| &**path)
    }

    /// Returns whether a request is for one of the files, Socket.IO's own path excluded.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.client.has(path) || self.route(path).is_some()
    }

    pub(crate) async fn serve(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Answer {
        if let Some(answer) = self.client.serve(method, uri.path(), headers) {
            return answer;
        }
        let Some((prefix, rest, files)) = self.route(uri.path()) else {
            return answer::status(StatusCode::NOT_FOUND);
        };
        let is_dir = files.target.is_dir();
        if is_dir && rest.is_empty() && !prefix.is_empty() {
            // The page's relative links are meant from within the directory.
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            return redirect(&format!("{prefix}/{query}"));
        }
        let rest = if rest.is_empty() { "/" } else { rest };
        let Ok(rest) = rest.parse::<PathAndQuery>() else { return answer::status(StatusCode::BAD_REQUEST) };
        if is_dir && !may_ask(files, rest.path()) {
            return answer::status(StatusCode::NOT_FOUND);
        }
        let mut request = Request::new(http_body_util::Empty::<bytes::Bytes>::new());
        *request.method_mut() = method.clone();
        *request.uri_mut() = Uri::from(rest);
        *request.headers_mut() = headers.clone();
        let served = if is_dir {
            let served = ServeDir::with_backend(&files.target, files.beneath());
            served.redirect_path_prefix(prefix).try_call(request).await
        } else {
            ServeFile::new(&files.target).try_call(request).await
        };
        match served {
            Ok(served) if served.status() == StatusCode::TEMPORARY_REDIRECT => {
                let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
                redirect(&format!("{}/{query}", uri.path()))
            }
            Ok(served) => served.map(ResponseBody::file),
            Err(error) if is_missing(&error) => answer::status(StatusCode::NOT_FOUND),
            Err(error) => {
                let about = About { other: hash_of(files.target.display()), ..About::default() };
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
    fn route<'a>(&self, path: &'a str) -> Option<(&str, &'a str, &Files)> {
        self.routes.iter().find_map(|(prefix, files)| {
            let rest = path.strip_prefix(prefix.as_str())?;
            // `/` is kept without its slash, as all paths are; a request always has it.
            let is_exact = rest.is_empty() || (prefix.is_empty() && rest == "/");
            let fits = is_exact || (rest.starts_with('/') && files.target.is_dir());
            fits.then_some((prefix.as_str(), rest, files))
        })
    }
}

/// Returns whether a percent-encoded path below a directory may be asked for.
fn may_ask(files: &Files, path: &str) -> bool {
    decoded(path.trim_start_matches('/')).is_some_and(|below| files.may_ask(Path::new(&below)))
}

/// A percent-encoded path as the file system has it. None for what no file is called: by a separator inside a name
/// one could write paths that look like others.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, others) = rest.split_at_checked(2)?;
        rest = others;
        let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if matches!(byte, b'/' | b'\\' | 0) {
            return None;
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

/// An answer that sends a client to a directory's path with its slash.
fn redirect(location: &str) -> Answer {
    // Two slashes at the beginning would name another host.
    let location = format!("/{}", location.trim_start_matches(['/', '\\']));
    let Ok(location) = location.parse() else { return answer::status(StatusCode::NOT_FOUND) };
    let mut answer = answer::status(StatusCode::PERMANENT_REDIRECT);
    answer.headers_mut().insert(header::LOCATION, location);
    answer
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
        files.add("/code", Path::new(env!("CARGO_MANIFEST_DIR")).join("src").into());
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
        files.add("/", Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").into());
        for (path, status) in [("/", StatusCode::OK), ("/x", StatusCode::NOT_FOUND)] {
            let uri = path.parse().expect("a path");
            let answer = files.serve(&Method::GET, &uri, &HeaderMap::new()).await;
            assert_eq!(answer.status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        let long = format!("/code/{}", "x".repeat(300));
        for path in ["/code/nowhere.rs", "/code/lib.rs/", "/code/lib.rs/x", "/elsewhere", &long] {
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
        assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(answer.headers()["location"], "/code/http/");
        for (path, location) in
            [("/code", "/code/"), ("/code?a=b", "/code/?a=b"), ("/code/http?a", "/code/http/?a")]
        {
            assert_eq!(get(path).await.headers()["location"], location, "{path}");
        }
        let mut files = StaticFiles::default();
        files.add("/", Path::new(env!("CARGO_MANIFEST_DIR")).into());
        let answer = files.serve(&Method::GET, &"//src".parse().expect("a path"), &HeaderMap::new()).await;
        assert_eq!(answer.headers()["location"], "/src/", "no other host is named");
    }
}
