//! The consumer of the namespace: lets people in, and does what they ask for.

use std::sync::Arc;

use serde_json::json;
use sio_core::args::{Args, Spread};
use sio_core::value::Value;

use super::NAMESPACE;
use super::logins::Refusal;
use super::panel::{Credentials, Panel};
use crate::consumer::{Consumer, Event, EventInfo, Reply};
use crate::error::{ConnectError, Error};
use crate::handle::broadcast::Broadcast;
use crate::server::Server;

/// One who looks at the server.
pub(crate) struct Visitor {
    server: Server,
    panel: Arc<Panel>,
}

impl Consumer for Visitor {
    const NAMESPACE: &'static str = NAMESPACE;
    const EVENTS: &'static [EventInfo] = &[
        EventInfo::new("emit"),
        EventInfo::new("join"),
        EventInfo::new("leave"),
        EventInfo::new("_disconnect"),
    ];

    async fn on_connect(event: &mut Event<'_>) -> Result<Self, ConnectError> {
        let socket = event.socket();
        let server = socket.server();
        let Some(panel) = server.inner.admin.clone() else {
            return Err(ConnectError::new("Invalid namespace"));
        };
        // A payload of another shape shows nothing.
        let credentials = event.take::<Credentials>().unwrap_or_default();
        let login = panel.login(socket, credentials).await.map_err(|refusal| match refusal {
            // The text by which the UI knows it.
            Refusal::Invalid => ConnectError::new("invalid credentials"),
            Refusal::Busy => ConnectError::new("too many logins at a time, try again"),
        })?;
        socket.expires_at(login.end.map(tokio::time::Instant::into_std));
        if let Some(secret) = login.secret {
            socket.emit("session", &secret).await.map_err(Error::from)?;
        }
        let config = json!({"supportedFeatures": features(&panel)});
        socket.emit("config", &config).await.map_err(Error::from)?;
        panel.begin(&Arc::downgrade(&server.inner));
        panel.welcome(socket);
        Ok(Self { server, panel })
    }

    async fn on_event(&mut self, event: &mut Event<'_>) -> Result<Reply, Error> {
        if self.panel.options.read_only {
            return Err(event.unhandled());
        }
        let mut args = event.take_args();
        match event.name() {
            "emit" => {
                let path = take::<String>(&mut args)?;
                let to = self.among(&path, take(&mut args)?)?;
                let name = take::<String>(&mut args)?;
                let args =
                    Spread(args.take_rest::<Vec<Value>>().map_err(|error| Error::invalid_payload(&error))?);
                to.emit(&name, &args).await?;
            }
            "join" => {
                let (to, room) = self.moved(&mut args)?;
                to.join(room).await?;
            }
            "leave" => {
                let (to, room) = self.moved(&mut args)?;
                to.leave(room).await?;
            }
            "_disconnect" => {
                let path = take::<String>(&mut args)?;
                let close = take::<Option<bool>>(&mut args)?.unwrap_or_default();
                let to = self.among(&path, take(&mut args)?)?;
                if close { to.disconnect_all().await? } else { to.disconnect().await? }
            }
            _ => return Err(event.unhandled()),
        }
        Reply::new(event, &())
    }
}

impl Visitor {
    /// Takes a namespace, the room that sockets of it are to join or leave, and the room in which they are.
    fn moved(&self, args: &mut Args) -> Result<(Broadcast, String), Error> {
        let (path, room) = (take::<String>(args)?, take::<String>(args)?);
        Ok((self.among(&path, take(args)?)?, room))
    }

    /// Addresses everybody in a namespace, or those in a room of it, on all nodes.
    fn among(&self, path: &str, room: Option<String>) -> Result<Broadcast, Error> {
        // Nobody is addressed here: those who look could disconnect each other.
        let door = self.server.inner.reception.namespaces.get_or_empty(path).filter(|_| path != NAMESPACE);
        let door = door.ok_or_else(|| Error::new("unknown_namespace", "There is no such namespace"))?;
        let all = crate::hub::Namespace::of(&door.hub).broadcast();
        Ok(match room.filter(|room| !room.is_empty()) {
            Some(room) => all.to(room),
            None => all,
        })
    }
}

fn take<T: serde::de::DeserializeOwned>(args: &mut Args) -> Result<T, Error> {
    args.take().map_err(|error| Error::invalid_payload(&error))
}

/// Returns the features of the UI that there are handlers for.
fn features(panel: &Panel) -> Vec<&'static str> {
    let mut features = vec!["AGGREGATED_EVENTS"];
    if panel.is_development() {
        features.push("ALL_EVENTS");
    }
    if !panel.options.read_only {
        features.extend(["EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"]);
    }
    features
}
