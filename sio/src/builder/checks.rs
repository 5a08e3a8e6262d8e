//! The checks of options before a server starts.

use super::Builder;
use crate::error::Problem;
use crate::http::Cookie;
use crate::recovery::Recovery;

impl Builder {
    /// Values with which no server could work.
    pub(super) fn invalid_options(&self) -> Vec<Problem> {
        let (engine, options) = (&self.engine, &self.options);
        let path_is_valid = engine.path.starts_with('/') && !engine.path.contains(['?', '#']);
        let per_address = engine.max_connections_per_address > 0;
        let rules = [
            ("path", path_is_valid, "begins with a slash and has no query"),
            ("transports", !engine.transports.is_empty(), "names at least one transport"),
            ("ping_interval", !engine.ping_interval.is_zero(), "is longer than zero"),
            ("ping_timeout", !engine.ping_timeout.is_zero(), "is longer than zero"),
            ("max_payload", engine.max_payload > 0, "is at least one byte"),
            ("polling_packets", engine.polling_packets > 0, "is at least one"),
            ("outgoing_queue_bytes", engine.outgoing_queue_bytes > 0, "is at least one"),
            ("outgoing_queue_packets", engine.outgoing_queue_packets > 0, "is at least one"),
            ("incoming_events", options.incoming_events > 0, "is at least one"),
            ("events_per_second", options.events_per_second != Some(0), "is at least one"),
            ("max_namespaces", options.max_namespaces > 0, "is at least one"),
            ("max_connections_per_address", per_address, "is at least one"),
            (
                "forwarded",
                engine.forwarded.is_none_or(|headers| headers.is_valid()),
                "names at least one hop",
            ),
            ("cookie", engine.cookie.as_ref().is_none_or(Cookie::is_valid), "has a plain name and path"),
        ];
        let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
        broken
            .map(|(name, _, rule)| Problem::Option { name, reason: format!("an option that {rule}") })
            .chain(
                engine
                    .allowed_origins
                    .problems()
                    .map(|reason| Problem::Option { name: "allowed_origins", reason }),
            )
            .chain(options.recovery.as_ref().and_then(Recovery::problem))
            .chain(options.parser.problem(engine.allow_eio3))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Problem;
    use crate::{Builder, Server};

    /// What is wrong with the one option that is.
    fn problem(configure: impl FnOnce(Builder) -> Builder) -> String {
        let error = configure(Server::builder().collected(false)).build().expect_err("the option is refused");
        assert!(matches!(error.problems(), [Problem::Option { .. }]), "{error}");
        error.to_string()
    }

    #[test]
    fn a_listed_origin_that_is_none_keeps_the_server_from_starting() {
        let any = problem(|builder| builder.allowed_origins("*"));
        assert!(any.starts_with("allowed_origins: \"*\"") && any.contains("AllowedOrigins::any()"), "{any}");
        let plain = problem(|builder| builder.allowed_origins(["https://example.com", "example.com"]));
        assert!(plain.starts_with("allowed_origins: \"example.com\" is not an origin"), "{plain}");
        let path = problem(|builder| builder.allowed_origins(vec!["https://example.com/app"]));
        assert!(path.contains("\"https://example.com/app\""), "{path}");
    }
}
