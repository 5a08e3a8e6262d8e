//! The broker that a URL names.

use crate::error::BusError;
use crate::options::Options;

impl Options {
    /// Makes the default options over the broker of a URL, which its scheme tells:
    ///
    /// | scheme | broker | feature |
    /// |---|---|---|
    /// | `redis`, `unix`, `redis+sentinel`, `redis+cluster` | Redis or Valkey | `redis` |
    /// | `rediss`, `rediss+sentinel`, `rediss+cluster` | the same by TLS | `redis-tls` |
    /// | `amqp`, `amqps` | RabbitMQ | `amqp`, `amqp-tls` |
    /// | `nats`, `tls` | NATS | `nats`, `nats-tls` |
    /// | `postgres`, `postgresql` | PostgreSQL | `postgres` |
    ///
    /// # Errors
    ///
    /// When it is no such URL, or the feature is switched off, which the error names. The message does not contain the
    /// URL, since there may be a password in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_cluster::Options;
    ///
    /// let error = Options::url("ftp://10.0.0.5").unwrap_err();
    /// assert!(error.to_string().starts_with("`ftp://` is no broker's"));
    /// ```
    pub fn url(url: &str) -> Result<Self, BusError> {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        match scheme {
            "redis" | "rediss" | "unix" | "redis+unix" | "redis+sentinel" | "rediss+sentinel"
            | "redis+cluster" | "rediss+cluster" => {
                #[cfg(feature = "redis")]
                return crate::redis::RedisBus::new(url).map(Self::new);
                #[cfg(not(feature = "redis"))]
                return Err(switched_off(
                    scheme,
                    if scheme.starts_with("rediss") { "redis-tls" } else { "redis" },
                ));
            }
            "amqp" | "amqps" => {
                #[cfg(feature = "amqp")]
                return crate::amqp::AmqpBus::new(url).map(Self::new);
                #[cfg(not(feature = "amqp"))]
                return Err(switched_off(scheme, if scheme == "amqps" { "amqp-tls" } else { "amqp" }));
            }
            "nats" | "tls" => {
                #[cfg(feature = "nats")]
                return crate::nats::NatsBus::new(url).map(Self::new);
                #[cfg(not(feature = "nats"))]
                return Err(switched_off(scheme, if scheme == "tls" { "nats-tls" } else { "nats" }));
            }
            "postgres" | "postgresql" => {
                #[cfg(feature = "postgres")]
                return crate::postgres::PostgresBus::new(url).map(Self::new);
                #[cfg(not(feature = "postgres"))]
                return Err(switched_off(scheme, "postgres"));
            }
            "" => Err(BusError::new("not a URL of a broker, such as redis://10.0.0.5")),
            // Nothing but the scheme: a password in front of it would be no URL.
            _ => Err(BusError::new(format!(
                "`{}://` is no broker's: there are redis, amqp, nats and postgres",
                scheme.chars().take(20).collect::<String>()
            ))),
        }
    }
}

#[cfg(not(all(feature = "redis", feature = "amqp", feature = "nats", feature = "postgres")))]
fn switched_off(scheme: &str, feature: &str) -> BusError {
    BusError::new(format!("for `{scheme}://` the feature `{feature}` must be switched on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_tells_the_broker_or_the_feature_that_is_missing() {
        for (url, feature, is_on) in [
            ("redis://a", "redis", cfg!(feature = "redis")),
            ("redis+sentinel://a/b", "redis", cfg!(feature = "redis")),
            ("redis+cluster://a,b", "redis", cfg!(feature = "redis")),
            ("rediss://a", "redis-tls", cfg!(feature = "redis-tls")),
            ("amqp://a", "amqp", cfg!(feature = "amqp")),
            ("amqps://a", "amqp-tls", cfg!(feature = "amqp-tls")),
            ("nats://a", "nats", cfg!(feature = "nats")),
            ("tls://a", "nats-tls", cfg!(feature = "nats-tls")),
            ("postgres://a", "postgres", cfg!(feature = "postgres")),
            ("postgresql://a", "postgres", cfg!(feature = "postgres")),
        ] {
            match Options::url(url) {
                Ok(options) => assert!(is_on && options.bus_name().contains("://"), "{url}"),
                Err(error) => {
                    assert!(!is_on && error.to_string().contains(&format!("`{feature}`")), "{url}: {error}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_url_of_a_broker_is_refused_without_being_repeated() {
        for url in
            ["", "localhost", ":secret@localhost", "http://:secret@localhost", "redis:secret@localhost"]
        {
            let error = Options::url(url).unwrap_err().to_string();
            assert!(!error.contains("secret") && error.contains("redis"), "{error}");
        }
    }

    #[cfg(any(feature = "amqp", feature = "nats", feature = "postgres", feature = "redis"))]
    #[tokio::test]
    async fn a_server_that_is_no_broker_is_told_in_one_line() {
        use sio_core::cluster::node::NodeId;
        use tokio::io::AsyncWriteExt as _;
        use tokio::net::TcpListener;

        use crate::bus::Names;
        use crate::sink::Queue;

        for (scheme, is_on, part) in [
            ("redis", cfg!(feature = "redis"), ""),
            ("amqp", cfg!(feature = "amqp"), ""),
            ("nats", cfg!(feature = "nats"), "`HTTP/1.1 400 Bad Request`"),
            ("postgres", cfg!(feature = "postgres"), ""),
        ] {
            if !is_on {
                continue;
            }
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("{scheme}://user:secret@{}", listener.local_addr().unwrap());
            let bus = Options::url(&url).unwrap().bus;
            let answering = tokio::spawn(async move {
                let (mut client, _) = listener.accept().await.unwrap();
                client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
                client.shutdown().await.unwrap();
                client
            });
            let (queue, _) = Queue::new(NodeId::new(1), None);
            let connecting = bus.connect(Names::new("sio").unwrap(), queue.sink()).await;
            let Err(error) = connecting else { panic!("{scheme}: it is none") };
            let error = error.to_string();
            assert_eq!(error.lines().count(), 1, "{scheme}: {error}");
            assert!(error.contains(part) && !error.contains("secret"), "{scheme}: {error}");
            answering.await.unwrap();
        }
    }
}
