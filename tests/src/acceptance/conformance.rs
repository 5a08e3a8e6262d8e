//! The two servers that the official suites of Engine.IO and Socket.IO are run against, on one port.

use std::time::Duration;

use sio::{BuildError, prelude::*};
use tokio::net::TcpListener;

use crate::app::All;

/// Says who came, and gives everything back.
macro_rules! mirror {
    ($($name:ident $namespace:literal),+) => {
        $(
            #[doc = concat!("`", $namespace, "`, where everything comes back.")]
            #[derive(Debug, Default)]
            pub struct $name;

            #[consumer(namespace = $namespace)]
            impl $name {
                async fn connect(&mut self, socket: &Socket, auth: Value) -> sio::Result<()> {
                    Ok(socket.emit("auth", &auth).await?)
                }

                async fn event_message(&mut self, socket: &Socket, arguments: All) -> sio::Result<()> {
                    Ok(socket.emit("message-back", &arguments).await?)
                }

                #[event("message-with-ack")]
                async fn message_with_ack(&mut self, arguments: All) -> All {
                    arguments
                }
            }
        )+
    };
}

mirror!(Main "/", Custom "/custom");

/// The Socket.IO part.
///
/// # Errors
///
/// When a consumer needs what is not there.
pub fn server() -> Result<Server, BuildError> {
    Server::builder()
        .collected(false)
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000_000)
        .connect_timeout(Duration::from_secs(1))
        .consumer::<Main>()
        .consumer::<Custom>()
        .build()
}

/// Serves both parts, told apart by their path.
///
/// # Errors
///
/// When the server cannot be built or the listener fails.
pub async fn serve(listener: TcpListener) -> sio::Result<()> {
    server()?.serve_with(listener).await
}
