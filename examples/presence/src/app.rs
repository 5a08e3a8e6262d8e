//! The server, which knows who is online.

use std::convert::Infallible;
use std::time::Duration;

use sio::Server;
use sio::observe::PresenceChange;
use tokio::time::Instant;

use crate::consumer::IdleAfter;
use crate::model::{Status, Team};
use crate::roster::Roster;

/// How long somebody without a tab is still there: a page may be loaded again.
const GRACE: Duration = Duration::from_secs(1);

// ANCHOR: presence
pub(crate) fn new(
    builder: sio::Builder,
    roster: &Roster,
    idle_after: Duration,
) -> sio::Result<Server> {
    let hearing = roster.clone();
    let builder =
        builder.presence(GRACE).on_presence(move |_, user, change| match change {
            PresenceChange::Online => hearing.set(user, Status::Online, Instant::now()),
            PresenceChange::Offline { .. } => {
                hearing.set(user, Status::Offline, Instant::now() - GRACE)
            }
            _ => {}
        });
    Ok(builder.state(roster.clone()).state(IdleAfter(idle_after)).build()?)
}
// ANCHOR_END: presence

// ANCHOR: publish
/// Tells each team who is there, and everybody how many, each time that it has changed.
pub(crate) async fn publish(server: &Server, roster: &Roster) -> Infallible {
    let presence = server.of("/presence");
    loop {
        roster.changed().await;
        // Nobody is left to tell when this fails: the server is going down.
        for team in Team::ALL {
            presence.to(team.room()).emit("team", &roster.members(team)).await.ok();
        }
        presence.emit("teams", &roster.overview()).await.ok();
    }
}
// ANCHOR_END: publish
