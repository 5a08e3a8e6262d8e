//! The server, which knows who is online.

use std::convert::Infallible;
use std::time::Duration;

use sio::Server;

use crate::users::Users;

/// How long a user without a tab is still online: a page may be loaded again.
const GRACE: Duration = Duration::from_secs(2);

// ANCHOR: presence
pub(crate) fn new(builder: sio::Builder, users: &Users) -> sio::Result<Server> {
    let hearing = users.clone();
    let builder = builder
        .presence(GRACE)
        .on_presence(move |_, user, change| hearing.hear(user, change));
    Ok(builder.state(users.clone()).build()?)
}

/// Tells everybody who is there, each time that it is somebody else.
pub(crate) async fn publish(server: &Server, users: &Users) -> Infallible {
    loop {
        users.changed().await;
        // Nobody is left to tell when this fails: the server is going down.
        server.of("/messages").emit("people", &users.people()).await.ok();
    }
}
// ANCHOR_END: presence
