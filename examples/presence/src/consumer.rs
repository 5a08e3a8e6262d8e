//! The consumer: one value for each tab that is open, and a task that looks after the tab as long as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use sio::prelude::*;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::{Login, Status};
use crate::roster::Roster;

/// How long a tab may be without activity before its user counts as away.
#[derive(Debug)]
pub(crate) struct IdleAfter(pub(crate) Duration);

/// True while somebody uses a tab. It is data of the tab's socket, so that the user's other tabs can look at it.
struct IsActive(AtomicBool);

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
        socket.data().insert(IsActive(AtomicBool::new(true)));
        socket.join(login.team.room()).await?;
        roster.add(&login);
        socket.identify(login.user())?;
        roster.set(&login.user(), Status::Online, Instant::now());
        socket.emit("team", &roster.members(login.team)).await?;
        socket.emit("teams", &roster.overview()).await?;
        let activity = Arc::new(Notify::new());
        tokio::spawn(attend(
            socket,
            login.user(),
            roster,
            Arc::clone(&activity),
            idle_after.0,
        ));
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
    user: String,
    roster: State<Roster>,
    activity: Arc<Notify>,
    idle_after: Duration,
) {
    let is_active = |tab: &Socket| {
        tab.data().get::<IsActive>().is_some_and(|active| active.0.load(Relaxed))
    };
    let mut is_here = true;
    while is_here {
        tokio::select! {
            _ = socket.closed() => is_here = false,
            () = activity.notified() => set_active(&socket, true),
            () = tokio::time::sleep(idle_after) => set_active(&socket, false),
        }
        // Of a user without a tab, the server tells.
        let tabs = socket.namespace().user(&user).sockets();
        if !tabs.is_empty() {
            let status =
                if tabs.iter().any(is_active) { Status::Online } else { Status::Away };
            roster.set(&user, status, Instant::now());
        }
    }
}
// ANCHOR_END: attend

fn set_active(socket: &Socket, is_active: bool) {
    if let Some(active) = socket.data().get::<IsActive>() {
        active.0.store(is_active, Relaxed);
    }
}
