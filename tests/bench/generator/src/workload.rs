//! The workloads.

use std::str::FromStr;
use std::time::Duration;

/// Something that clients do, and how many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) clients: usize,
}

/// The behaviour of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An event that is acknowledged, so many in flight for each client.
    Echo { window: usize },
    /// An event that is answered with another.
    NoAck,
    /// An event to a room, so many at a time.
    Broadcast { window: u64, bytes: usize },
    /// Connect and leave.
    Connect,
    /// As `Echo`, over long-polling.
    Poll,
    /// Nothing but heartbeats.
    Idle,
    /// Nothing but heartbeats, and one client that sends so many events a second.
    Crowd { per_second: u32 },
    /// So many events a second to a room.
    Room { per_second: u32, bytes: usize },
    /// So many a second connect and leave.
    Arrivals { per_second: u32 },
}

/// Name, what is done, how many clients, the same in a few words, and what one operation is, with CLIENTS for their
/// number.
const ALL: [(&str, Kind, usize, &str, &str); 9] = [
    (
        "echo1",
        Kind::Echo { window: 1 },
        100,
        "event and ack",
        "event and acknowledgement, one in flight for each of CLIENTS clients",
    ),
    (
        "echo16",
        Kind::Echo { window: 16 },
        100,
        "event and ack, 16 in flight",
        "event and acknowledgement, 16 in flight for each of CLIENTS clients",
    ),
    (
        "noack",
        Kind::NoAck,
        100,
        "event and event back",
        "event, answered with an event, one in flight for each of CLIENTS clients",
    ),
    (
        "bc1",
        Kind::Broadcast { window: 1, bytes: 1 },
        1000,
        "broadcast of 1 byte",
        "delivery of 1 byte to one of CLIENTS members, one event at a time",
    ),
    (
        "bc128",
        Kind::Broadcast { window: 4, bytes: 128 },
        1000,
        "broadcast of 128 bytes",
        "delivery of 128 bytes to one of CLIENTS members, four events at a time",
    ),
    (
        "bc4k",
        Kind::Broadcast { window: 4, bytes: 4096 },
        1000,
        "broadcast of 4 KiB",
        "delivery of 4 KiB to one of CLIENTS members, four events at a time",
    ),
    (
        "connect",
        Kind::Connect,
        64,
        "connect and close",
        "WebSocket, namespace, close; CLIENTS clients at a time",
    ),
    (
        "poll",
        Kind::Poll,
        100,
        "event and ack, long-polling",
        "event and acknowledgement over long-polling, one in flight for each of CLIENTS clients",
    ),
    (
        "idle",
        Kind::Idle,
        10_000,
        "idle connection",
        "CLIENTS clients that only answer heartbeats: private bytes for each",
    ),
];

/// Those that a server holds for long, and how long. Of the clients that arrive, CLIENTS may be there at a time.
const HELD: [(&str, Kind, usize, &str, u64); 3] = [
    (
        "crowd",
        Kind::Crowd { per_second: 100 },
        20_000,
        "CLIENTS connections, one of which asks 100 times a second",
        120,
    ),
    (
        "room",
        Kind::Room { per_second: 10, bytes: 128 },
        10_000,
        "a room of CLIENTS members, 10 broadcasts of 128 bytes a second",
        600,
    ),
    (
        "arrivals",
        Kind::Arrivals { per_second: 2000 },
        4000,
        "2,000 clients a second that connect and leave",
        60,
    ),
];

impl Workload {
    pub(crate) fn all() -> Vec<Self> {
        let workload =
            |(name, kind, clients, ..): (&str, _, _, _, _)| Self { name: name.to_owned(), kind, clients };
        ALL.map(workload).to_vec()
    }

    /// Those that are held, each with its time.
    pub(crate) fn held() -> Vec<(Self, Duration)> {
        let workload = |(name, kind, clients, _, seconds): (&str, _, _, _, _)| {
            (Self { name: name.to_owned(), kind, clients }, Duration::from_secs(seconds))
        };
        HELD.map(workload).to_vec()
    }

    /// The definition of one operation, or of the load that is held.
    pub(crate) fn about(&self) -> String {
        let all = ALL.iter().map(|(_, kind, .., about)| (kind, about));
        let held = HELD.iter().map(|(_, kind, _, about, _)| (kind, about));
        let about = all.chain(held).find(|(kind, _)| **kind == self.kind).map_or("", |(_, about)| about);
        about.replace("CLIENTS", &self.clients.to_string())
    }

    /// The same in a few words.
    pub(crate) fn title(&self) -> &'static str {
        ALL.iter().find(|(_, kind, ..)| *kind == self.kind).map_or("", |(.., title, _)| title)
    }

    /// Whether its figure is memory.
    pub(crate) fn is_memory(&self) -> bool {
        self.kind == Kind::Idle
    }

    /// The unit of its figure.
    pub(crate) fn unit(&self) -> &'static str {
        if self.is_memory() { "B" } else { "µs" }
    }
}

impl FromStr for Workload {
    type Err = String;

    /// A name, and behind a colon another number of clients: `echo1:10000`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, clients) = match text.split_once(':') {
            Some((name, clients)) => (name, Some(clients)),
            None => (text, None),
        };
        let held = Self::held().into_iter().map(|(workload, _)| workload);
        let workload = Self::all().into_iter().chain(held).find(|workload| workload.name == name);
        let mut workload = workload.ok_or_else(|| {
            format!("there is no workload {name:?}, only {}", ALL.map(|(name, ..)| name).join(" "))
        })?;
        if let Some(clients) = clients {
            workload.clients = match clients.parse() {
                Ok(clients) if clients > 0 => clients,
                _ => return Err(format!("{text}: {clients:?} is no number of clients")),
            };
            text.clone_into(&mut workload.name);
        }
        Ok(workload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_has_a_name_and_perhaps_a_number() {
        assert_eq!("bc4k".parse::<Workload>().unwrap(), Workload::all()[5]);
        let many: Workload = "echo1:10000".parse().unwrap();
        assert_eq!((many.kind, many.clients, &*many.name), (Kind::Echo { window: 1 }, 10_000, "echo1:10000"));
        assert!(many.about().ends_with("for each of 10000 clients"));
        for text in ["", "echo", "echo1:", "echo1:0", "echo1:x"] {
            assert!(text.parse::<Workload>().is_err(), "{text}");
        }
    }
}
