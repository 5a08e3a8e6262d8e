//! [`Reception`]: what all clients of a server meet.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::codec::Encoding;
use crate::counters::Counters;
use crate::log_limiter::LogLimiter;
use crate::namespaces::Namespaces;
use crate::observe::Observers;

/// The namespaces of a server, and what one client may have of it.
pub(crate) struct Reception {
    pub(crate) namespaces: Namespaces,
    pub(crate) encoding: Encoding,
    pub(crate) max_namespaces: usize,
    pub(crate) connects_per_second: u32,
    /// How long a client may be in no namespace.
    pub(crate) connect_timeout: Duration,
    /// How long before the end of their time clients are warned; zero: they are not.
    pub(crate) auth_warning: Duration,
    /// How long a packet may take from its text to its last attachment.
    pub(crate) packet_timeout: Duration,
    /// How many events of one socket may wait.
    pub(crate) incoming_events: usize,
    /// How many bytes of one client may wait.
    pub(crate) incoming_bytes: usize,
    pub(crate) logs: LogLimiter,
    /// None if there are none.
    pub(crate) observers: Option<Arc<Observers>>,
    /// None without metrics.
    pub(crate) counters: Option<Arc<Counters>>,
    /// The server, which clients keep alive for as long as they are connected.
    pub(crate) server: Weak<dyn Any + Send + Sync>,
}
