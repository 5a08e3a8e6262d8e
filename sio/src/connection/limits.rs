//! What a client may send: how much at once, and how often.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::consumer::{Event, EventInfo, Rate};
use crate::engine::session;
use crate::error::Error;

/// When the events of one socket came, as far as anything is limited. Nothing is allocated otherwise.
#[derive(Default)]
pub(crate) struct Limits {
    buckets: OnceLock<Box<Mutex<Buckets>>>,
}

#[derive(Default)]
struct Buckets {
    /// Of all events together.
    all: Option<Bucket>,
    /// One for each entry of the consumer's table that has a rate: at most as many as the table has.
    events: Vec<(&'static str, Bucket)>,
}

/// When the last event would have come if all had come evenly; in a bucket of tokens, how empty it is.
#[derive(Clone, Copy)]
struct Bucket(Instant);

impl Bucket {
    /// Takes a token; the error is how long it takes until there is one.
    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let each = rate.per / rate.count;
        let due = self.0.max(now);
        let ahead = due - now;
        match ahead.checked_sub(rate.per - each) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.0 = due + each;
                Ok(())
            }
        }
    }
}

/// Why an event does not reach its handler, if it does not.
pub(super) fn refusal(event: &Event<'_>, info: Option<&'static EventInfo>) -> Option<Error> {
    let membership = &event.socket().membership;
    let general = membership.namespace.inner.event_rate;
    let (size, rate) = info.map_or((None, None), |info| (info.max_size, info.rate));
    if let Some(limit) = size.filter(|limit| event.size() > *limit) {
        return Some(Error::too_large(limit));
    }
    if general.is_none() && rate.is_none() {
        return None;
    }
    let now = session::now();
    let buckets = membership.limits.buckets.get_or_init(Box::default);
    let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    let general = general.map(|rate| buckets.all.get_or_insert(Bucket(now)).take(rate, now));
    let special = info.zip(rate).map(|(info, rate)| buckets.of(info, now).take(rate, now));
    drop(buckets);
    let wait = [general, special].into_iter().flatten().filter_map(Result::err).max()?;
    Some(Error::rate_limited(wait))
}

impl Buckets {
    fn of(&mut self, info: &'static EventInfo, now: Instant) -> &mut Bucket {
        // The fallback, under its empty name, is one entry for all events that it gets.
        let index = self.events.iter().position(|(name, _)| *name == info.name).unwrap_or_else(|| {
            self.events.push((info.name, Bucket(now)));
            self.events.len() - 1
        });
        &mut self.events[index].1
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Bucket;
    use crate::consumer::Rate;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_the_rate() {
        let rate = Rate { count: 4, per: Duration::from_secs(2) };
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut bucket = Bucket(start);
        for _ in 0..4 {
            assert_eq!(bucket.take(rate, start), Ok(()));
        }
        assert_eq!(bucket.take(rate, start), Err(Duration::from_millis(500)));
        assert_eq!(bucket.take(rate, at(400)), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(rate, at(500)), Ok(()));
        assert_eq!(bucket.take(rate, at(500)), Err(Duration::from_millis(500)));
        for _ in 0..4 {
            assert_eq!(bucket.take(rate, at(60_000)), Ok(()));
        }
        assert!(bucket.take(rate, at(60_000)).is_err());
    }

    #[derive(Default)]
    struct Limited {
        refused: Vec<String>,
    }

    #[consumer(namespace = "/tests/limited")]
    impl Limited {
        #[event("small", max_size = "20 B")]
        async fn small(_: Value) {}

        #[event("rare", rate = "2/s")]
        async fn rare() {}

        #[event("beside", concurrent, rate = "1/m")]
        async fn beside() {}

        async fn event_plain() {}

        async fn event_refused(&mut self) -> Vec<String> {
            std::mem::take(&mut self.refused)
        }

        async fn error(&mut self, error: sio::Error, name: EventName) {
            self.refused.push(format!("{name}: {}", error.code()));
        }
    }

    async fn client(configure: impl FnOnce(crate::Builder) -> crate::Builder) -> PacketClient {
        let builder = Server::builder().collected(false).consumer::<Limited>();
        let mut client = PacketClient::new(&configure(builder).build().unwrap());
        client.join("0/tests/limited,").await;
        client
    }

    const DONE: &str = "3/tests/limited,1[]";

    #[tokio::test]
    async fn an_event_can_be_too_large() {
        let mut client = client(|builder| builder).await;
        // 20 bytes of JSON, the name included.
        assert_eq!(client.send(&[r#"2/tests/limited,1["small",1234567890]"#]).await, [DONE]);
        let text =
            r#"{"status":"error","code":"payload_too_large","message":"The event is too large","limit":20}"#;
        let refused = format!("3/tests/limited,1[{text}]");
        assert_eq!(client.send(&[r#"2/tests/limited,1["small",12345678901]"#]).await, [refused]);
        client.send(&[r#"2/tests/limited,["small",12345678901]"#]).await;
        let hook = client.send(&[r#"2/tests/limited,1["refused"]"#]).await;
        assert_eq!(hook, [r#"3/tests/limited,1[["small: payload_too_large"]]"#]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_can_come_too_often() {
        let mut client = client(|builder| builder).await;
        assert_eq!(client.send(&[r#"2/tests/limited,1["rare"]"#; 2]).await, [DONE; 2]);
        let text =
            r#"{"status":"error","code":"rate_limited","message":"Too many events","retry_after_ms":500}"#;
        let refused = format!("3/tests/limited,1[{text}]");
        assert_eq!(client.send(&[r#"2/tests/limited,1["rare"]"#]).await, [refused]);
        // Others are not concerned, and neither are other sockets.
        assert_eq!(client.send(&[r#"2/tests/limited,1["plain"]"#; 3]).await, [DONE; 3]);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(client.send(&[r#"2/tests/limited,1["rare"]"#]).await, [DONE]);
        assert_eq!(client.send(&[r#"2/tests/limited,1["beside"]"#]).await, [DONE]);
        let refused = client.send(&[r#"2/tests/limited,1["beside"]"#]).await;
        assert!(refused[0].contains("rate_limited"), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn all_events_of_a_socket_can_be_too_many() {
        let mut client = client(|builder| builder.events_per_second(3)).await;
        let sent = client.send(&[r#"2/tests/limited,1["plain"]"#; 5]).await;
        assert_eq!(sent[..3], [DONE; 3]);
        assert!(sent[3].contains("rate_limited") && sent[4].contains("rate_limited"), "{sent:?}");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(client.send(&[r#"2/tests/limited,1["plain"]"#; 3]).await, [DONE; 3]);
    }
}
