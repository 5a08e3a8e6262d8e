//! The page that shows a contract to developers, and lets them try it.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{self, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::Contract;
use super::typescript::Names;

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPTS: [(&str, &str); 2] =
    [("page.js", include_str!("page/page.js")), ("values.js", include_str!("page/values.js"))];

/// Everything comes from the server itself.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
];

/// A file of the page: see [`Contract::page`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PageFile {
    /// The path at which it has to be served.
    pub path: String,
    /// The media type.
    pub content_type: &'static str,
    /// The contents.
    pub body: Bytes,
}

impl PageFile {
    /// Returns the answer to a request for the file, with the headers that keep the page to itself.
    #[must_use]
    pub fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(self.body.clone());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        response.headers_mut().extend(HEADERS);
        response
    }
}

impl Contract {
    /// Returns the files of the page for developers, to be served by a route of the program: behind a login, for
    /// example. [`Builder::docs`](crate::Builder::docs) serves them to everybody.
    ///
    /// `path` is where the page will be. `socket_io` is the path of Socket.IO, `/socket.io` by default, and `client` that of
    /// the browser client, which `Builder::client_files` serves: without it, the page shows events, and cannot try
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    /// let page = sio::contract::Contract::collect().page("/docs", "/socket.io", Some("/socket.io/socket.io.min.js"));
    /// let paths: Vec<_> = page.iter().map(|file| file.path.as_str()).collect();
    /// assert_eq!(paths, ["/docs", "/docs/page.css", "/docs/page.js", "/docs/values.js", "/docs/contract.json"]);
    /// ```
    #[must_use]
    pub fn page(&self, path: &str, socket_io: &str, client: Option<&str>) -> Vec<PageFile> {
        let base = path.trim_end_matches('/');
        let file = |name: &str, content_type, body: String| {
            let path = format!("{base}/{name}");
            PageFile { path, content_type, body: body.into() }
        };
        let escaped = base.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let mut html = file("", "text/html; charset=utf-8", HTML.replace("{base}", &escaped));
        if !base.is_empty() {
            base.clone_into(&mut html.path);
        }
        let style = file("page.css", "text/css; charset=utf-8", STYLE.to_owned());
        let scripts =
            SCRIPTS.map(|(name, text)| file(name, "text/javascript; charset=utf-8", text.to_owned()));
        let json = self.page_json(socket_io, client).to_string();
        let json = file("contract.json", "application/json", json);
        [html, style].into_iter().chain(scripts).chain([json]).collect()
    }

    /// The contract with all that only the page shows.
    fn page_json(&self, socket_io: &str, client: Option<&str>) -> Value {
        let names = Names::new(self);
        let mut json = self.to_json();
        for (path, namespace) in &self.namespaces {
            let sides = [("receives", &namespace.receives, true), ("sends", &namespace.sends, false)];
            for (side, events, from_client) in sides {
                for event in events {
                    let shown = &mut json["namespaces"][path][side][&event.name];
                    shown["signature"] = names.signature(event, from_client).into();
                    shown["limits"] = json!(event.limits);
                }
            }
        }
        let types: Map<_, _> = self
            .types
            .iter()
            .map(|(name, named)| (name.clone(), names.declaration(name, named).into()))
            .collect();
        json["page"] = json!({ "path": socket_io, "client": client, "types": types });
        json
    }
}
