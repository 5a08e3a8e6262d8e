//! The consumer: a socket lives as long as its token.

use std::time::Duration;

use sio::prelude::*;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::model::{Access, Name, Refusal, Validity};
use crate::tokens::{Purpose, Tokens};

// ANCHOR: consumer
pub(crate) struct Account {
    user: Name,
    expiry: watch::Sender<Instant>,
}

#[consumer(namespace = "/account")]
impl Account {
    async fn connect(socket: Socket, access: Access, tokens: State<Tokens>) -> sio::Result<Self> {
        let grant = tokens.check(&access.token, Purpose::Access)?;
        let (expiry, watched) = watch::channel(grant.expires);
        let account = Self { user: grant.user, expiry };
        socket.emit("welcome", &account.validity()).await?;
        tokio::spawn(guard(socket, watched, tokens.warning()));
        Ok(account)
    }

    /// Takes a newer token of the same user. With any other nothing changes.
    async fn event_renew(&mut self, access: Access, tokens: State<Tokens>) -> sio::Result<Validity> {
        let grant = tokens.check(&access.token, Purpose::Access)?;
        if grant.user != self.user {
            return Err(Refusal::AnotherUser.into());
        }
        self.expiry.send_replace(grant.expires);
        Ok(self.validity())
    }

    fn validity(&self) -> Validity {
        Validity { user: self.user.clone(), seconds: seconds_until(*self.expiry.borrow()) }
    }
}
// ANCHOR_END: consumer

// ANCHOR: guard
/// Ends with the socket, or ends the socket.
async fn guard(socket: Socket, mut expiry: watch::Receiver<Instant>, warning: Duration) {
    loop {
        let expires = *expiry.borrow_and_update();
        tokio::select! {
            _ = socket.closed() => return,
            () = run_out(&socket, expires, warning) => return,
            // Begins anew with each renewal.
            renewed = expiry.changed() => if renewed.is_err() { return },
        }
    }
}

async fn run_out(socket: &Socket, expires: Instant, warning: Duration) {
    sleep_until(expires.checked_sub(warning).unwrap_or(expires)).await;
    // A client that has gone needs no warning.
    socket.emit("token_expiring", &seconds_until(expires)).await.ok();
    sleep_until(expires).await;
    socket.disconnect();
}
// ANCHOR_END: guard

/// The nearest number of seconds, for people.
fn seconds_until(then: Instant) -> u64 {
    (then.saturating_duration_since(Instant::now()) + Duration::from_millis(500)).as_secs()
}
