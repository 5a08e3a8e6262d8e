//! The consumer: one value for each tab that is open, and a task that looks after the tab as long as it is.

use std::sync::Arc;
use std::time::Duration;

use sio::prelude::*;
use tokio::sync::Notify;

use crate::model::{Login, Team};
use crate::roster::{Roster, Tab};

/// How long a tab may be without activity before its user counts as away.
#[derive(Debug)]
pub(crate) struct IdleAfter(pub(crate) Duration);

// ANCHOR: consumer
pub(crate) struct Presence {
    activity: Arc<Notify>,
}

#[consumer(namespace = "/presence")]
impl Presence {
    async fn connect(
        socket: Socket,
        login: Login,
        roster: State<Roster>,
        idle_after: State<IdleAfter>,
    ) -> sio::Result<Self> {
        let activity = Arc::new(Notify::new());
        socket.join(login.team.room()).await?;
        let tab = roster.enter(login);
        announce(&socket, &roster, tab.team()).await?;
        tokio::spawn(attend(socket, tab, roster, Arc::clone(&activity), idle_after.0));
        Ok(Self { activity })
    }

    /// Somebody has moved or typed. Pages tell it now and then, not each time.
    async fn event_active(&self) {
        self.activity.notify_one();
    }
}
// ANCHOR_END: consumer

// ANCHOR: attend
/// Looks after a tab until its socket has gone.
async fn attend(
    socket: Socket,
    mut tab: Tab,
    roster: State<Roster>,
    activity: Arc<Notify>,
    idle_after: Duration,
) {
    let team = tab.team();
    loop {
        let has_changed = tokio::select! {
            _ = socket.closed() => break,
            () = activity.notified() => tab.set_active(true),
            () = tokio::time::sleep(idle_after) => tab.set_active(false),
        };
        if has_changed {
            announce(&socket, &roster, team).await.ok();
        }
    }
    drop(tab);
    // Nobody is left to tell when this fails: the server is going down.
    announce(&socket, &roster, team).await.ok();
}
// ANCHOR_END: attend

// ANCHOR: announce
/// Tells a team who is there, and everybody how many.
async fn announce(socket: &Socket, roster: &Roster, team: Team) -> sio::Result<()> {
    socket.namespace().to(team.room()).emit("team", &roster.members(team)).await?;
    socket.namespace().emit("teams", &roster.overview()).await?;
    Ok(())
}
// ANCHOR_END: announce
