//! The consumer: one value for each client, be it a player or a spectator.

use sio::prelude::*;

use crate::matches::Matches;
use crate::model::{Login, MatchName, Point, Welcome};

// ANCHOR: consumer
pub(crate) struct Visitor {
    match_name: MatchName,
}

#[consumer(namespace = "/game")]
impl Visitor {
    /// A client that comes back has the id that it had, and so its bird; and its room, in
    /// which it has missed nothing but positions.
    async fn connect(
        socket: &Socket,
        login: Login,
        matches: State<Matches>,
    ) -> sio::Result<Self> {
        let Login { match_name, name } = login;
        let bird = match name {
            Some(name) => Some(matches.enter(&match_name, &socket.id(), name)?),
            None => None,
        };
        socket.join(match_name.room()).await?;
        socket.emit("welcome", &Welcome { bird }).await?;
        socket.emit("scene", &matches.scene(&match_name)).await?;
        Ok(Self { match_name })
    }

    /// The direction in which a player wants to fly. Each one that is not the last hardly
    /// matters.
    #[event(rate = "60/s")]
    async fn event_steer(
        &self,
        socket: &Socket,
        x: f32,
        y: f32,
        matches: State<Matches>,
    ) {
        matches.steer(&self.match_name, &socket.id(), Point::steering(x, y));
    }

    async fn disconnect(
        &mut self,
        socket: &Socket,
        reason: DisconnectReason,
        matches: State<Matches>,
    ) {
        match reason {
            DisconnectReason::ClientNamespaceDisconnect => {
                matches.leave(&self.match_name, &socket.id())
            }
            // The bird waits for a while.
            _ => matches.lose(&self.match_name, &socket.id()),
        }
    }
}
// ANCHOR_END: consumer
