//! The checks of options before a server starts.

use std::time::Duration;

use super::Builder;
use crate::error::Problem;
use crate::http::{Cookie, Forwarded};
use crate::recovery::Recovery;

impl Builder {
    /// Values with which no server could work.
    pub(super) fn invalid_options(&self) -> Vec<Problem> {
        let (engine, http, options) = (&self.engine, &self.http, &self.options);
        let path_is_valid = http.path.starts_with('/') && can_be_requested(&http.path);
        let per_address = engine.max_connections_per_address > 0;
        let (times, serving) = (options.handler_times, &options.serving);
        let rules = [
            ("path", path_is_valid, "must begin with a slash, be percent-encoded and have no query"),
            ("transports", !http.transports.is_empty(), "must name at least one transport"),
            ("ping_interval", !engine.ping_interval.is_zero(), "must be longer than zero"),
            ("ping_timeout", !engine.ping_timeout.is_zero(), "must be longer than zero"),
            ("connect_timeout", !options.connect_timeout.is_zero(), "must be longer than zero"),
            ("ack_timeout", !options.ack_timeout.is_zero(), "must be longer than zero"),
            ("keep_alive_timeout", !serving.keep_alive_timeout.is_zero(), "must be longer than zero"),
            ("response_timeout", !serving.response_timeout.is_zero(), "must be longer than zero"),
            (
                "health",
                self.health.as_ref().is_none_or(|health| {
                    [&health.live, &health.ready]
                        .iter()
                        .all(|path| path.starts_with('/') && can_be_requested(path))
                }),
                "must be paths that begin with a slash and are percent-encoded",
            ),
            (
                "metrics_path",
                self.metrics_path.as_ref().is_none_or(|path| path.starts_with('/') && can_be_requested(path)),
                "must begin with a slash and be percent-encoded",
            ),
            ("presence", self.presence != Some(Duration::ZERO), "must be longer than zero"),
            ("max_users", self.max_users > 0, "must be at least one"),
            ("share", !self.shared.has_twins(), "must give each type a name of its own"),
            ("max_payload", engine.max_payload > 0, "must be at least one byte"),
            ("polling_packets", engine.polling_packets != Some(0), "must be at least one"),
            ("outgoing_queue_bytes", engine.outgoing_queue_bytes > 0, "must be at least one"),
            ("outgoing_queue_packets", engine.outgoing_queue_packets > 0, "must be at least one"),
            ("slow_client_grace", !engine.slow_client_grace.is_zero(), "must be longer than zero"),
            ("incoming_events", options.incoming_events > 0, "must be at least one"),
            ("incoming_bytes", options.incoming_bytes != Some(0), "must be at least one"),
            ("handler_timeout", times.timeout != Some(Duration::ZERO), "must be longer than zero"),
            ("slow_handler_warning", times.slow != Some(Duration::ZERO), "must be longer than zero"),
            ("blocking_handler_warning", times.blocking != Some(Duration::ZERO), "must be longer than zero"),
            ("events_per_second", options.events_per_second != Some(0), "must be at least one"),
            ("connects_per_second", options.connects_per_second > 0, "must be at least one"),
            ("max_namespaces", options.max_namespaces > 0, "must be at least one"),
            ("max_dynamic_namespaces", options.max_dynamic_namespaces > 0, "must be at least one"),
            (
                "max_dynamic_namespaces_per_address",
                options.max_dynamic_namespaces_per_address > 0,
                "must be at least one",
            ),
            ("max_connections", engine.max_connections > 0, "must be at least one"),
            ("max_connections_per_address", per_address, "must be at least one"),
            (
                "forwarded",
                http.forwarded.as_ref().is_none_or(Forwarded::is_valid),
                "must name at least one hop, and a header that can be",
            ),
            ("cookie", http.cookie.as_ref().is_none_or(Cookie::is_valid), "must have a plain name and path"),
            (
                "cookie",
                http.cookie.as_ref().is_none_or(Cookie::is_kept),
                "must be `secure` with `SameSite::None`: browsers drop it otherwise",
            ),
        ];
        let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
        broken
            .map(|(name, _, rule)| Problem::Option { name, reason: rule.to_owned() })
            .chain(
                http.allowed_origins
                    .problems()
                    .map(|reason| Problem::Option { name: "allowed_origins", reason }),
            )
            .chain(
                http.allowed_hosts.problems().map(|reason| Problem::Option { name: "allowed_hosts", reason }),
            )
            .chain(
                serving
                    .proxies
                    .iter()
                    .flat_map(|proxies| proxies.problems())
                    .map(|reason| Problem::Option { name: "proxy_protocol", reason }),
            )
            .chain(options.recovery.as_ref().and_then(Recovery::problem))
            .chain(options.parser.problem(http.allow_eio3))
            .collect()
    }
}

/// Returns whether this can be the path of a request: clients percent-encode all but plain ASCII, and split off the
/// query.
pub(super) fn can_be_requested(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::error::Problem;
    use crate::http::cookie::{Cookie, SameSite};
    use crate::{Builder, Server};

    /// Builds a server with one invalid option, and returns the error's text.
    fn problem(configure: impl FnOnce(Builder) -> Builder) -> String {
        let error = configure(Server::builder().collect(false)).build().expect_err("the option is refused");
        assert!(matches!(error.problems(), [Problem::Option { .. }]), "{error}");
        error.to_string()
    }

    #[test]
    fn a_listed_origin_that_is_none_keeps_the_server_from_starting() {
        let any = problem(|builder| builder.allowed_origins("*"));
        assert!(
            any.starts_with("`allowed_origins`: \"*\"") && any.contains("AllowedOrigins::any()"),
            "{any}"
        );
        let plain = problem(|builder| builder.allowed_origins(["https://example.com", "example.com"]));
        assert!(plain.starts_with("`allowed_origins`: \"example.com\" is not an origin"), "{plain}");
        let path = problem(|builder| builder.allowed_origins(vec!["https://example.com/app"]));
        assert!(path.contains("\"https://example.com/app\""), "{path}");
    }

    #[test]
    fn a_value_with_which_nothing_would_work_keeps_the_server_from_starting() {
        let zero = Duration::ZERO;
        for (name, found) in [
            ("max_connections", problem(|builder| builder.max_connections(0))),
            ("connects_per_second", problem(|builder| builder.connects_per_second(0))),
            (
                "max_dynamic_namespaces_per_address",
                problem(|builder| builder.max_dynamic_namespaces_per_address(0)),
            ),
            ("max_dynamic_namespaces", problem(|builder| builder.max_dynamic_namespaces(0))),
            ("ack_timeout", problem(|builder| builder.ack_timeout(zero))),
            ("handler_timeout", problem(|builder| builder.handler_timeout(zero))),
            ("slow_handler_warning", problem(|builder| builder.slow_handler_warning(zero))),
            ("blocking_handler_warning", problem(|builder| builder.blocking_handler_warning(zero))),
            ("connect_timeout", problem(|builder| builder.connect_timeout(zero))),
            ("path", problem(|builder| builder.path("chat"))),
            ("path", problem(|builder| builder.path("/our chat"))),
            ("path", problem(|builder| builder.path("/größe"))),
        ] {
            assert!(found.starts_with(&format!("`{name}` must ")), "{name}: {found}");
        }
        let plain = |builder: Builder| builder.max_connections(1).path("/gr%C3%B6%C3%9Fe/");
        assert!(plain(Server::builder().collect(false)).build().is_ok());
    }

    #[test]
    fn a_cookie_that_browsers_drop_keeps_the_server_from_starting() {
        let cookie = Cookie::new("io").same_site(SameSite::None);
        let found = problem(|builder| builder.cookie(cookie.clone()));
        assert!(found.starts_with("`cookie` ") && found.contains("`secure`"), "{found}");
        let builder = Server::builder().collect(false).cookie(cookie.secure(true));
        assert!(builder.build().is_ok());
    }

    #[cfg(feature = "static-files")]
    #[test]
    fn static_files_at_a_path_that_nobody_can_ask_for_keep_the_server_from_starting() {
        let target = env!("CARGO_MANIFEST_DIR");
        for path in ["app", "/our app", "/app?x"] {
            let found = problem(|builder| builder.static_files(path, target));
            assert!(found.starts_with(&format!("`static_files`: {path:?} ")), "{found}");
        }
        let builder = Server::builder().collect(false).static_files("/app/", target);
        assert!(builder.static_files("/", target).build().is_ok());
    }
}
