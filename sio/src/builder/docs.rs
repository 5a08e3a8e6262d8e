//! The page for developers.

use super::Builder;
use super::checks::can_be_requested;
use crate::contract::Contract;
use crate::error::Problem;
use crate::http::Fixed;
use crate::namespaces::registration::Registration;
use crate::parser::Parser;

/// Documentation.
impl Builder {
    /// Serves a page for developers at a path: all events of the consumers with their types, and forms to try them.
    /// Default off.
    ///
    /// Everybody who reaches the server can read the page, and learns from it which events there are: leave it off in
    /// production, or serve [`Contract::page`] behind a login. The page can send events if the server has the browser
    /// client (`client_files`); they are sent as the person who uses the page, and the server handles them as any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let mut builder = Server::builder();
    /// if cfg!(debug_assertions) {
    ///     builder = builder.docs("/docs");
    /// }
    /// # let _ = builder;
    /// ```
    pub fn docs(mut self, path: impl Into<String>) -> Self {
        self.docs = Some(path.into());
        self
    }

    /// The files of the page.
    pub(super) fn page(&self, consumers: &[Registration], problems: &mut Vec<Problem>) -> Fixed {
        let Some(path) = &self.docs else { return Fixed::default() };
        if !path.starts_with('/') || !can_be_requested(path) {
            let reason = format!(
                "{path:?} is not a path that can be requested: it must begin with a slash and be percent-encoded"
            );
            problems.push(Problem::Option { name: "docs", reason });
            return Fixed::default();
        }
        let socket_io = self.http.path.trim_end_matches('/');
        let client = self.client().map(|name| format!("{socket_io}/{name}"));
        let files = Contract::of(consumers).page(path, &self.http.path, client.as_deref());
        let mut answers: Vec<_> = files.iter().map(|file| (file.path.clone(), file.response())).collect();
        // The page itself, with a slash at the end and without one.
        if let Some(html) = files.first() {
            answers.push((format!("{}/", path.trim_end_matches('/')), html.response()));
        }
        Fixed::new(answers)
    }

    /// The file of the browser client that speaks as the server does, if there is one.
    fn client(&self) -> Option<&'static str> {
        #[cfg(feature = "static-files")]
        {
            let name = match self.options.parser {
                Parser::Json => "socket.io.min.js",
                #[cfg(feature = "msgpack")]
                Parser::MessagePack => "socket.io.msgpack.min.js",
            };
            let directory = self.client_files.as_ref()?;
            // The one that is always there, if a directory has been put together by hand.
            let otherwise = matches!(self.options.parser, Parser::Json).then_some("socket.io.js");
            [Some(name), otherwise].into_iter().flatten().find(|name| directory.join(name).is_file())
        }
        #[cfg(not(feature = "static-files"))]
        {
            let _: Parser = self.options.parser;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Empty};
    use hyper::service::Service as _;
    use hyper::{Method, Request, Response};

    use crate::http::ResponseBody;
    use crate::{Builder, Server};

    async fn ask(builder: Builder, method: Method, path: &str, host: &str) -> Response<ResponseBody> {
        let service = builder.collect(false).build().expect("the options are valid").service();
        let request = Request::builder().method(method).uri(path).header("host", host);
        let request = request.body(Empty::<Bytes>::new()).expect("the request is valid");
        service.call(request).await.expect("a service never fails")
    }

    async fn get(builder: Builder, path: &str) -> Response<ResponseBody> {
        ask(builder, Method::GET, path, "localhost").await
    }

    fn docs() -> Builder {
        Server::builder().docs("/docs")
    }

    #[tokio::test]
    async fn the_page_is_there_only_when_it_is_asked_for() {
        assert_eq!(get(Server::builder(), "/docs").await.status(), 404);
        for path in
            ["/docs", "/docs/", "/docs/page.css", "/docs/page.js", "/docs/values.js", "/docs/contract.json"]
        {
            let answer = get(docs(), path).await;
            assert_eq!(answer.status(), 200, "{path}");
            let policy = answer.headers()["content-security-policy"].to_str().expect("a text");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        }
        assert_eq!(get(docs(), "/docs/else").await.status(), 404);
        assert_eq!(get(Server::builder().docs("/"), "/page.js").await.status(), 200);
    }

    #[tokio::test]
    async fn the_page_is_read_and_nothing_else() {
        assert_eq!(ask(docs(), Method::HEAD, "/docs", "localhost").await.status(), 200);
        let refused = ask(docs(), Method::POST, "/docs", "localhost").await;
        assert_eq!(
            (refused.status().as_u16(), refused.headers()["allow"].as_bytes()),
            (405, b"GET, HEAD".as_slice())
        );
    }

    #[tokio::test]
    async fn a_host_that_is_not_served_gets_no_page() {
        let builder = || docs().allowed_hosts(["example.com"]);
        assert_eq!(ask(builder(), Method::GET, "/docs", "example.com").await.status(), 200);
        assert_eq!(ask(builder(), Method::GET, "/docs", "elsewhere.example").await.status(), 403);
    }

    #[tokio::test]
    async fn the_page_knows_where_everything_is() {
        let html = get(Server::builder().docs("/a&b"), "/a&b").await.into_body().collect().await;
        let html = html.expect("a whole body").to_bytes();
        let html = std::str::from_utf8(&html).expect("a text");
        assert!(html.contains("data-contract=\"/a&amp;b/contract.json\""), "{html}");
        let json = get(docs().path("/live"), "/docs/contract.json").await.into_body().collect().await;
        let json: serde_json::Value =
            serde_json::from_slice(&json.expect("a whole body").to_bytes()).expect("it is JSON");
        assert_eq!(json["page"]["path"], "/live");
        assert!(json["page"]["client"].is_null());
    }

    #[test]
    fn a_path_that_nobody_can_ask_for_is_a_problem() {
        for path in ["docs", "", "/a b"] {
            let error = Server::builder().collect(false).docs(path).build().expect_err("it is no path");
            assert!(error.to_string().contains("docs"), "{error}");
        }
    }
}
