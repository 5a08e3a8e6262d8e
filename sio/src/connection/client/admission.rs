//! Decides who may join, by the connection's rate and its share of namespaces, and refuses the others.

use std::time::Duration;

use super::Client;
use crate::codec::Codec;
use crate::consumer::Rate;
use crate::log_limiter::{About, limited};
use crate::namespaces::Entrant;
use crate::short::short;

/// The error for a client that sends one CONNECT too many in a second.
const TOO_OFTEN: &str = "Too many connection attempts";

impl Client {
    pub(super) fn entrant(&self) -> Entrant {
        let dynamic = self.sockets.iter().filter(|slot| slot.pass.is_some()).count();
        Entrant { ip: self.handshake.ip(), dynamic }
    }

    pub(super) fn may_connect(&mut self) -> Result<(), Duration> {
        let rate = Rate { count: self.reception.connects_per_second, per: Duration::from_secs(1) };
        self.rates.connect(rate)
    }

    pub(super) fn refuse(&self, namespace: &str, message: &str) {
        self.refuse_with(namespace, message, None);
    }

    /// Refuses a client that joins, or tries to, too often.
    pub(super) fn refuse_hurried(&self, namespace: &str, wait: Duration) {
        let about = About::default();
        limited!(
            DEBUG, self.reception.logs, about, target: "sio::socket", { namespace = &*short(namespace), },
            "a client tries to join too often"
        );
        let data = format!(r#"{{"code":"rate_limited","retry_after_ms":{}}}"#, wait.as_millis());
        self.refuse_with(namespace, TOO_OFTEN, Some(&data));
    }

    fn refuse_with(&self, namespace: &str, message: &str, data: Option<&str>) {
        let codec = Codec::new(self.reception.encoding, self.handshake.revision());
        self.sender.mailbox().push_always(codec.connect_error(namespace, message, data));
    }

    /// A client that asks for what nobody serves is most often one with a typing error, or meets a server whose
    /// consumer was not linked.
    pub(super) fn log_unknown(&self, path: &str) {
        let namespace = &*short(path);
        // Clients make them up: they are all alike.
        limited!(
            INFO, self.reception.logs, About::default(), target: "sio::server",
            { namespace, served = ?self.reception.namespaces.paths(), },
            "a client asks for a namespace that nobody serves"
        );
    }
}
