//! The option for the Admin UI.

use std::sync::Arc;

use super::Builder;
use crate::admin::{Admin, Panel, Visitor};
use crate::error::Problem;
use crate::namespaces::registration::Registration;

/// The Admin UI, with the feature `admin`.
impl Builder {
    /// Serves the namespace `/admin` for the pages of [`@socket.io/admin-ui`](https://github.com/socketio/socket.io-admin-ui):
    /// servers, namespaces, counts of what happens, and in [development mode](crate::options::AdminMode) sockets, their
    /// rooms and events. Default none.
    ///
    /// The pages come from anywhere: their origin must be one of the [allowed origins](Self::allowed_origins), and it
    /// is the server's own if `static_files` serves the directory `ui/dist` of the npm package. In a
    /// cluster the option must be the same on all nodes; the pages show all of them, whichever they have connected to.
    ///
    /// The counts can be read as [metrics](Self::metrics) too. Auth payloads, cookies and the ids of sessions are told
    /// to nobody, nor are the values of headers and of query parameters that the protocol does not know.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::options::Admin;
    /// use sio::prelude::*;
    ///
    /// let hash = "$2b$04$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi";
    /// let builder = Server::builder()
    ///     .admin(Admin::basic("ops", hash))
    ///     .allowed_origins(["https://admin.socket.io"]);
    /// # drop(builder);
    /// ```
    pub fn admin(mut self, admin: Admin) -> Self {
        self.admin = Some(admin);
        self
    }

    /// Makes the Admin UI's part of the server.
    pub(super) fn open_admin(&mut self, problems: &mut Vec<Problem>) -> Option<Arc<Panel>> {
        let admin = self.admin.take()?;
        if let Some(reason) = admin.problem() {
            problems.push(Problem::Option { name: "admin", reason: reason.to_owned() });
        }
        let panel = Panel::new(admin);
        self.consumers.push(Registration::of::<Visitor>());
        if let Some(observer) = panel.observer() {
            self.observers.add(observer);
        }
        #[cfg(feature = "cluster")]
        panel.listen(&mut self.server_events);
        Some(panel)
    }
}
