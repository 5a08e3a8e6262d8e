//! Stand-ins for the imports of the modules, as far as the models need it.

pub(crate) mod transport {
    pub(crate) mod deflate {
        use bytes::Bytes;

        #[derive(Debug)]
        pub(crate) struct Deflated {
            pub(crate) frames: Bytes,
            pub(crate) is_text: bool,
        }

        pub(crate) fn deflate(_: &Bytes, _: usize) -> Option<Deflated> {
            None
        }

        pub(crate) fn set_used() {}
    }

    pub(crate) mod frames {
        pub(crate) const SHARED_READER_LIMIT: usize = 32 * 1024;
    }

    pub(crate) mod websocket {
        #[derive(Debug)]
        pub(crate) struct WebSocket;
    }
}

pub(crate) mod engine {
    pub(crate) mod session {
        use std::time::Instant;

        pub(crate) fn now() -> Instant {
            Instant::now()
        }
    }
}

pub(crate) mod hub {
    use std::sync::Arc;

    use self::emission::Emission;
    use super::codec::Encoding;

    /// A namespace in which no member is told of another.
    #[derive(Clone, Default)]
    pub(crate) struct Namespace {
        pub(crate) hub: Arc<Hub>,
    }

    #[derive(Default)]
    pub(crate) struct Hub {
        pub(crate) common: Common,
    }

    #[derive(Default)]
    pub(crate) struct Common {
        pub(crate) encoding: Encoding,
        pub(crate) counters: Option<Counters>,
        pub(crate) others: Option<()>,
    }

    #[derive(Default)]
    pub(crate) struct Counters {
        pub(crate) acks_answered: Counter,
        pub(crate) acks_disconnected: Counter,
        pub(crate) acks_given_up: Counter,
    }

    #[derive(Default)]
    pub(crate) struct Counter;

    impl Counter {
        pub(crate) fn add(&self, _: usize) {}
    }

    impl Namespace {
        pub(crate) fn path(&self) -> &'static str {
            "/"
        }
    }

    impl Hub {
        pub(crate) fn note_sent(&self, _: &Emission, _: usize) {}
    }

    pub(crate) mod answer {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};

        use sio_core::args::Args;

        /// Counts how often it is told an outcome.
        #[derive(Clone, Default)]
        pub(crate) struct Waiter(Arc<AtomicUsize>);

        impl Waiter {
            pub(crate) fn answered(self, _: Args) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }

            pub(crate) fn disconnected(self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }

            pub(crate) fn told(&self) -> usize {
                self.0.load(Ordering::Relaxed)
            }
        }
    }

    pub(crate) mod emission {
        use crate::transport::outgoing::Entry;

        pub(crate) struct Emission {
            pub(crate) entry: Entry,
            pub(crate) offset: Option<u64>,
        }

        impl Emission {
            pub(crate) fn tell(&self, _: usize, _: usize) {}
        }
    }

    pub(crate) mod limits {
        pub(crate) struct Limits;
    }
}

pub(crate) mod codec {
    use bytes::Bytes;
    use sio_core::engine::config::Revision;
    use sio_core::id::Sid;

    #[derive(Debug, Clone, Copy, Default)]
    pub(crate) struct Encoding;

    /// Writes packets that say no more than what they are.
    pub(crate) struct Codec;

    impl Codec {
        pub(crate) fn new(_: Encoding, _: Revision) -> Self {
            Self
        }

        pub(crate) fn connect(self, _: &str, _: &Sid, _: Option<&str>) -> Bytes {
            "CONNECT".into()
        }

        pub(crate) fn disconnect(self, _: &str) -> Bytes {
            "DISCONNECT".into()
        }
    }
}

pub(crate) mod data {
    #[derive(Default)]
    pub(crate) struct SocketData(());

    impl SocketData {
        pub(crate) fn shared_with(_: &Self) -> Self {
            Self(())
        }
    }
}

pub(crate) mod handshake {
    use sio_core::engine::config::Revision;

    pub(crate) struct Handshake;

    impl Handshake {
        pub(crate) fn revision(&self) -> Revision {
            Revision::V4
        }
    }
}

pub(crate) mod consumer {
    pub(crate) struct EventInfo {
        pub(crate) concurrent: bool,
    }
}

pub(crate) mod error {
    #[derive(Debug)]
    pub(crate) enum AckError {
        Disconnected,
        TooMany,
    }
}
