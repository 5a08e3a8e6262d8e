//! Limits on what a client may send: how much at once, and how often.
//!
//! How often is counted for a connection and a namespace, not for a socket: it survives leaving and joining again,
//! and a client that comes back with its state comes back with this too.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::consumer::{Event, EventInfo, Rate};
use crate::engine::session;
use crate::error::Error;
use crate::hub::limits::{Bucket, Limits};
use crate::namespaces::Door;

/// How many namespaces that a connection has left are remembered while there is anything to remember. Beyond it the one
/// that was joined first is forgotten: by then the client has had the rates of so many others.
const MAX_REMEMBERED: usize = 64;

/// How often one connection may do what it does, whatever it joins and leaves.
#[derive(Default)]
pub(super) struct Rates {
    connects: Option<Bucket>,
    /// By the paths of namespaces that have any rates, in the order in which they were joined.
    namespaces: Vec<(Box<str>, Arc<Limits>)>,
}

impl Rates {
    /// Counts a CONNECT; the error is how long it takes until there may be another.
    pub(super) fn connect(&mut self, rate: Rate) -> Result<(), Duration> {
        let now = session::now();
        self.connects.get_or_insert_with(|| Bucket::new(now)).take(rate, now)
    }

    /// Returns the counts for a namespace, or `None` if nothing is limited there.
    pub(super) fn of(&mut self, door: &Door) -> Option<Arc<Limits>> {
        if !door.has_rates {
            return None;
        }
        let path = door.path();
        if let Some((_, limits)) = self.namespaces.iter().find(|(known, _)| **known == *path) {
            return Some(Arc::clone(limits));
        }
        let limits = Arc::<Limits>::default();
        self.remember(path, Arc::clone(&limits));
        Some(limits)
    }

    /// Goes on with what was counted before the client came back. Counts of this connection itself are kept.
    pub(super) fn adopt(&mut self, path: &str, limits: &Arc<Limits>) {
        match self.namespaces.iter_mut().find(|(known, _)| **known == *path) {
            Some((_, own)) if Arc::ptr_eq(own, limits) => {}
            Some((_, own)) => {
                let own = mem::replace(own, Arc::clone(limits));
                limits.absorb(&own);
            }
            None => self.remember(path, Arc::clone(limits)),
        }
    }

    fn remember(&mut self, path: &str, limits: Arc<Limits>) {
        if self.namespaces.len() >= MAX_REMEMBERED {
            let now = session::now();
            let is_joined = |limits: &Arc<Limits>| Arc::strong_count(limits) > 1;
            self.namespaces.retain(|(_, limits)| is_joined(limits) || !limits.is_full(now));
            let first_left = self.namespaces.iter().position(|(_, limits)| !is_joined(limits));
            if let Some(index) = first_left.filter(|_| self.namespaces.len() >= MAX_REMEMBERED) {
                self.namespaces.remove(index);
            }
        }
        self.namespaces.push((path.into(), limits));
    }
}

/// Why an event does not reach its handler, if it does not. `general`: how many events one socket may send.
pub(super) fn refusal(
    event: &Event<'_>,
    info: Option<&'static EventInfo>,
    general: Option<Rate>,
) -> Option<Error> {
    let (size, rate) = info.map_or((None, None), |info| (info.max_size, info.rate));
    if let Some(limit) = size.filter(|limit| event.size() > *limit) {
        return Some(Error::too_large(limit));
    }
    if general.is_none() && rate.is_none() {
        return None;
    }
    let limits = event.socket().member.limits.as_ref()?;
    limits.count(general, info.zip(rate), session::now()).err().map(Error::rate_limited)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use std::sync::Arc;

    use super::{MAX_REMEMBERED, Rates};
    use crate::Value;
    use crate::consumer::Rate;
    use crate::engine::session;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

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

    #[derive(Default)]
    struct Room;

    #[consumer(namespace = "/tests/limited/{number}")]
    impl Room {
        #[event(rate = "1/m")]
        async fn event_rare() {}
    }

    async fn client(configure: impl FnOnce(crate::Builder) -> crate::Builder) -> PacketClient {
        let builder = Server::builder().collect(false).consumer::<Limited>();
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

    #[tokio::test(start_paused = true)]
    async fn leaving_and_joining_again_changes_no_rate() {
        let mut client = client(|builder| builder.events_per_second(3)).await;
        let rare = r#"2/tests/limited,1["rare"]"#;
        assert_eq!(client.send(&[rare; 2]).await, [DONE; 2]);
        for _ in 0..3 {
            let sent = client.send(&[rare, "1/tests/limited,", "0/tests/limited,", rare]).await;
            assert!(!sent.iter().any(|packet| packet == DONE), "{sent:?}");
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(client.send(&[rare; 2]).await, [DONE; 2]);
        client.send(&["1/tests/limited,"]).await;
        client.join("0/tests/limited,").await;
        assert!(client.send(&[rare]).await[0].contains("rate_limited"));
    }

    #[tokio::test(start_paused = true)]
    async fn joining_has_a_rate() {
        let mut client = client(|builder| builder.connects_per_second(5)).await;
        let (join, leave) = ("0/tests/limited,", "1/tests/limited,");
        for _ in 0..4 {
            client.send(&[leave]).await;
            client.join(join).await;
        }
        client.send(&[leave]).await;
        let text = r#"{"message":"Too many connection attempts","data":{"code":"rate_limited","retry_after_ms":200}}"#;
        assert_eq!(client.send(&[join]).await, [format!("4/tests/limited,{text}")]);
        // Also of a namespace that nobody serves, which costs a line of the log.
        assert_eq!(client.send(&["0/nowhere,"]).await, [format!("4/nowhere,{text}")]);
        tokio::time::advance(Duration::from_millis(200)).await;
        client.join(join).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_left_is_remembered_within_bounds() {
        let server = Server::builder().collect(false).consumer::<Room>().build().unwrap();
        let path = |number: usize| format!("/tests/limited/{number}");
        let mut rates = Rates::default();
        let door = |number| {
            server.inner.reception.namespaces.get_or_empty(&path(number)).expect("a consumer serves it")
        };
        let doors: Vec<_> = (0..200).map(door).collect();
        let rate = Rate { count: 1, per: Duration::from_secs(60) };
        let joined = rates.of(&doors[0]).expect("it has a rate");
        for door in &doors {
            let limits = rates.of(door).expect("it has a rate");
            let _ = limits.count(Some(rate), None, session::now());
        }
        assert_eq!(rates.namespaces.len(), MAX_REMEMBERED);
        assert!(Arc::ptr_eq(&joined, &rates.of(&doors[0]).expect("it has a rate")));
        assert!(rates.of(&doors[199]).is_some_and(|limits| !limits.is_full(session::now())));
        // Limits that are full again need no entry.
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(rates.of(&door(200)).is_some());
        assert_eq!(rates.namespaces.len(), 2);
    }
}
