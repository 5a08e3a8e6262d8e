//! The consumer: one value for each tab that is open.

use serde::Serialize;
use sio::prelude::*;

use crate::model::{Login, Message, Refusal, Session, UserId, Write};
use crate::users::Users;

pub(crate) struct Messages {
    user: UserId,
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
    async fn connect(
        socket: &Socket,
        login: Login,
        users: State<Users>,
    ) -> sio::Result<Self> {
        let (user, session) = users.log_in(login)?;
        socket.identify(&user.0)?;
        socket.emit("welcome", &Welcome { id: &user, session: &session }).await?;
        socket.emit("people", &users.people()).await?;
        Ok(Self { user })
    }
    // ANCHOR_END: connect

    // ANCHOR: private_message
    /// Goes to all tabs of the reader and to the other tabs of the writer; this one gets
    /// the answer.
    async fn event_private_message(
        &mut self,
        socket: &Socket,
        Write { to, text }: Write,
        users: State<Users>,
    ) -> sio::Result<Message> {
        users.check(&to)?;
        let (namespace, this_tab) = (socket.namespace(), socket.id());
        if !namespace.user(&to.0).is_online().await? {
            return Err(Refusal::Offline(to).into());
        }
        let message = Message { from: self.user.clone(), to, text };
        let users =
            [Some(&message.from), Some(&message.to).filter(|to| **to != message.from)];
        for user in users.into_iter().flatten() {
            let tabs = namespace.user(&user.0).except(this_tab.as_str());
            tabs.emit("private_message", &message).await?;
        }
        Ok(message)
    }
    // ANCHOR_END: private_message

    /// Disconnects all tabs of the user, and gives the name up.
    async fn event_log_out(
        &mut self,
        socket: &Socket,
        users: State<Users>,
    ) -> sio::Result {
        users.remove(&self.user);
        socket.namespace().user(&self.user.0).disconnect().await?;
        Ok(())
    }
}
