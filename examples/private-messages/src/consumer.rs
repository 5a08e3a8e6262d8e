//! The consumer: one value for each tab that is open.

use serde::Serialize;
use sio::prelude::*;

use crate::model::{Login, Message, Session, UserId, Write};
use crate::users::{Tab, Users};

pub(crate) struct Messages {
    user: UserId,
    /// Closed in `disconnect`, before the others are told.
    tab: Option<Tab>,
}

/// Tells a tab about its own user.
#[derive(Serialize)]
struct Welcome<'a> {
    id: &'a UserId,
    session: &'a Session,
}

#[consumer(namespace = "/messages")]
impl Messages {
    // ANCHOR: connect
    async fn connect(socket: &Socket, login: Login, users: State<Users>) -> sio::Result<Self> {
        let tab = users.log_in(login)?;
        socket.join(tab.user.room()).await?;
        socket.emit("welcome", &Welcome { id: &tab.user, session: &tab.session }).await?;
        socket.emit("people", &users.people()).await?;
        socket.broadcast().emit("people", &users.people()).await?;
        Ok(Self { user: tab.user.clone(), tab: Some(tab) })
    }
    // ANCHOR_END: connect

    async fn disconnect(&mut self, socket: &Socket, users: State<Users>) {
        drop(self.tab.take());
        // Nobody is left to tell when this fails: the server is going down.
        socket.broadcast().emit("people", &users.people()).await.ok();
    }

    // ANCHOR: private_message
    /// Goes to all tabs of the reader and to the other tabs of the writer; this one gets the answer.
    async fn event_private_message(
        &mut self,
        socket: &Socket,
        Write { to, text }: Write,
        users: State<Users>,
    ) -> sio::Result<Message> {
        users.check_online(&to)?;
        let message = Message { from: self.user.clone(), to, text };
        socket.to([self.user.room(), message.to.room()]).emit("private_message", &message).await?;
        Ok(message)
    }
    // ANCHOR_END: private_message

    /// Disconnects all tabs of the user, and gives the name up.
    async fn event_log_out(&mut self, socket: &Socket, users: State<Users>) -> sio::Result {
        users.remove(&self.user);
        socket.namespace().to(self.user.room()).disconnect().await?;
        Ok(())
    }
}
