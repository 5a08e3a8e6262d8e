//! The server, and the task by which time passes in all matches.

use std::convert::Infallible;
use std::time::Duration;

use sio::Server;
use sio::options::Recovery;
use tokio::time::{MissedTickBehavior, interval};

use crate::field::{PATIENCE_SECONDS, TICKS_PER_SECOND};
use crate::matches::Matches;

// ANCHOR: app
/// Players may come back as long as their birds wait.
pub(crate) fn new(builder: sio::Builder, matches: &Matches) -> sio::Result<Server> {
    let recovery = Recovery::default()
        .max_disconnection(Duration::from_secs(PATIENCE_SECONDS.into()));
    Ok(builder.connection_state_recovery(recovery).state(matches.clone()).build()?)
}

/// Lets time pass in all matches, and tells each what is new.
pub(crate) async fn play(server: &Server, matches: &Matches) -> Infallible {
    let game = server.of("/game");
    let mut ticks = interval(Duration::from_secs(1) / TICKS_PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        for news in matches.tick() {
            let all = game.to(news.match_name.room());
            // Nobody is left to tell when this fails: the server is going down.
            if let Some(scene) = news.scene {
                all.emit("scene", &scene).await.ok();
            }
            // In a twentieth of a second there are newer ones: who cannot take them at
            // once needs them not at all.
            all.volatile().emit("positions", &news.positions).await.ok();
        }
    }
}
// ANCHOR_END: app
