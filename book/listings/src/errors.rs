//! Guide: errors.

use sio::error::IntoEventError;
use sio::prelude::*;

// ANCHOR: own
#[derive(Debug)]
enum TransferError {
    TooMuch { limit: u64 },
    UnknownAccount,
}

impl IntoEventError for TransferError {
    fn into_event_error(self) -> sio::Error {
        match self {
            Self::TooMuch { limit } => {
                sio::Error::new("too_much", "That is too much").with_field("limit", limit)
            }
            Self::UnknownAccount => {
                sio::Error::new("unknown_account", "There is no such account")
            }
        }
    }
}
// ANCHOR_END: own

// ANCHOR: standard
#[derive(Debug, thiserror::Error)]
enum LoanError {
    #[error("{0} is too much")]
    TooMuch(u64),
    #[error(transparent)]
    Rates(#[from] std::io::Error),
}

#[sio::error::event_error]
impl IntoEventError for LoanError {
    fn into_event_error(self) -> sio::Error {
        match self {
            Self::TooMuch(_) => sio::Error::new("too_much", "That is too much"),
            Self::Rates(error) => error.into(), // `internal`
        }
    }
}

fn lend(amount: u64) -> Result<u64, LoanError> {
    if amount > 1000 { Err(LoanError::TooMuch(amount)) } else { Ok(amount) }
}
// ANCHOR_END: standard

#[derive(Default)]
struct Bank;

#[consumer(namespace = "/bank")]
impl Bank {
    // ANCHOR: use_own
    async fn event_transfer(
        &mut self,
        account: String,
        amount: u64,
    ) -> Result<u64, TransferError> {
        if account.is_empty() {
            return Err(TransferError::UnknownAccount);
        }
        if amount > 1000 {
            return Err(TransferError::TooMuch { limit: 1000 });
        }
        Ok(amount)
    }
    // ANCHOR_END: use_own

    // ANCHOR: question_mark
    async fn event_rate(&mut self, day: String) -> sio::Result<f64> {
        // For the client, chosen words; for the log, the cause as well.
        let day: u16 = day.parse().map_err(|error| {
            sio::Error::new("not_a_day", "A day is a number").with_source(error)
        })?;
        // Of this the client learns `Internal server error`, and the log everything.
        let rates = std::fs::read_to_string(format!("/nonexistent/rates/{day}"))?;
        Ok(rates.trim().parse()?)
    }
    // ANCHOR_END: question_mark

    // ANCHOR: use_standard
    async fn event_borrow(&mut self, socket: &Socket, amount: u64) -> sio::Result<u64> {
        socket.join("debtors").await?; // an error of `sio`
        Ok(lend(amount)?) // one of the application, with its code
    }
    // ANCHOR_END: use_standard

    // ANCHOR: body
    async fn event_legacy(&mut self) -> sio::Result<()> {
        // For clients that expect another shape.
        Err(sio::Error::new("closed", "The bank is closed").with_body((false, "closed")))
    }
    // ANCHOR_END: body

    // ANCHOR: hook
    /// Errors of events for which no acknowledgement was asked: nobody else would learn
    /// of them.
    async fn error(
        &mut self,
        socket: &Socket,
        event: EventName,
        error: sio::Error,
    ) -> sio::Result {
        tracing::warn!(client = %socket.id(), %event, %error, "an event failed");
        socket.emit("failed", &(event.as_str(), error.code(), error.message())).await?;
        Ok(())
    }
    // ANCHOR_END: hook
}

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn a_client_learns_what_it_should() {
        let server = TestServer::start(|builder| builder.consumer::<Bank>()).await;
        let mut ada = server.socket("/bank").await;
        for (event, answer) in [
            (r#"["transfer","bob",5]"#, "[5]"),
            (
                r#"["transfer","bob",5000]"#,
                r#"[{"status":"error","code":"too_much","message":"That is too much","limit":1000}]"#,
            ),
            (
                r#"["transfer","",5]"#,
                r#"[{"status":"error","code":"unknown_account","message":"There is no such account"}]"#,
            ),
            (
                r#"["rate","monday"]"#,
                r#"[{"status":"error","code":"not_a_day","message":"A day is a number"}]"#,
            ),
            (
                r#"["rate","7"]"#,
                r#"[{"status":"error","code":"internal","message":"Internal server error"}]"#,
            ),
            (
                r#"["borrow",5000]"#,
                r#"[{"status":"error","code":"too_much","message":"That is too much"}]"#,
            ),
            (r#"["legacy"]"#, r#"[[false,"closed"]]"#),
            (
                r#"["rob"]"#,
                r#"[{"status":"error","code":"unknown_event","message":"No handler for the event \"rob\""}]"#,
            ),
        ] {
            ada.send(&format!("42/bank,1{event}")).await;
            ada.expect(&format!("43/bank,1{answer}")).await;
        }
    }

    #[tokio::test]
    async fn the_hook_gets_what_nobody_was_told() {
        let server = TestServer::start(|builder| builder.consumer::<Bank>()).await;
        let mut ada = server.socket("/bank").await;
        ada.send(r#"42/bank,["transfer","",5]"#).await;
        ada.expect(r#"42/bank,["failed","transfer","unknown_account","There is no such account"]"#).await;
        ada.send(r#"42/bank,["transfer"]"#).await;
        ada.expect(
            r#"42/bank,["failed","transfer","invalid_payload","Invalid payload"]"#,
        )
        .await;
    }
}
