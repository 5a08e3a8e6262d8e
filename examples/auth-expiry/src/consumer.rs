//! The consumer: a socket lives as long as its token.

use sio::prelude::*;
use tokio::time::Instant;

use crate::model::{Access, Name, Refusal, Validity};
use crate::tokens::{Grant, Purpose, Tokens};

// ANCHOR: consumer
pub(crate) struct Account {
    user: Name,
}

#[consumer(namespace = "/account")]
impl Account {
    async fn connect(
        socket: &Socket,
        access: Access,
        tokens: State<Tokens>,
    ) -> sio::Result<Self> {
        let grant = tokens.check(&access.token, Purpose::Access)?;
        socket.expires_at(grant.expires.into_std());
        socket.emit("welcome", &validity(&grant)).await?;
        Ok(Self { user: grant.user })
    }

    /// Takes a newer token of the same user. With any other nothing changes.
    async fn reauth(
        &mut self,
        socket: &Socket,
        access: Access,
        tokens: State<Tokens>,
    ) -> sio::Result<Validity> {
        let grant = tokens.check(&access.token, Purpose::Access)?;
        if grant.user != self.user {
            return Err(Refusal::AnotherUser.into());
        }
        socket.expires_at(grant.expires.into_std());
        Ok(validity(&grant))
    }
}
// ANCHOR_END: consumer

fn validity(grant: &Grant) -> Validity {
    let left = grant.expires.saturating_duration_since(Instant::now());
    Validity { user: grant.user.clone(), seconds: left.as_secs_f64().round() as u64 }
}
