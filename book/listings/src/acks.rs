//! Guide: acknowledgements.

use std::time::Duration;

use serde::Serialize;
use sio::Namespace;
use sio::Value;
use sio::error::AckError;
use sio::prelude::*;

// ANCHOR: saved
#[derive(Serialize)]
struct Saved {
    id: u64,
}
// ANCHOR_END: saved

#[derive(Default)]
struct Desk {
    saved: u64,
}

#[consumer(namespace = "/desk")]
impl Desk {
    // ANCHOR: value
    // const { id } = await socket.emitWithAck("save", "text")
    async fn event_save(&mut self, text: String) -> Saved {
        self.saved += text.len() as u64;
        Saved { id: self.saved }
    }
    // ANCHOR_END: value

    // ANCHOR: tuple
    // socket.emit("my event", {}, (text, number) => ..)
    #[event("my event")]
    async fn my_event(&mut self, _data: Value) -> (&'static str, u32) {
        ("OK", 123)
    }
    // ANCHOR_END: tuple

    // ANCHOR: result
    async fn event_delete(&mut self, id: u64) -> sio::Result<()> {
        if id == 0 {
            return Err(sio::Error::new("not_found", "There is no such text"));
        }
        Ok(())
    }
    // ANCHOR_END: result

    // ANCHOR: ack
    async fn event_print(&mut self, text: String, ack: Ack<&'static str>) {
        // The handler ends at once and the next event of this client is handled; the
        // answer comes when it comes.
        tokio::spawn(async move {
            let outcome = match print(&text).await {
                Ok(()) => ack.send("printed"),
                Err(error) => ack.fail(error),
            };
            if let Err(error) = outcome {
                eprintln!("the client got no answer: {error}");
            }
        });
    }
    // ANCHOR_END: ack

    // ANCHOR: optional
    async fn event_count(
        &mut self,
        text: String,
        ack: Option<Ack<usize>>,
    ) -> sio::Result {
        // Only worth the trouble if somebody wants to know.
        if let Some(ack) = ack {
            ack.send(text.split_whitespace().count())?;
        }
        Ok(())
    }
    // ANCHOR_END: optional

    // ANCHOR: ask
    async fn event_close(&mut self, socket: &Socket) -> sio::Result<bool> {
        // socket.on("confirm", (question, answer) => answer(confirm(question)))
        let is_sure = socket
            .timeout(Duration::from_secs(60))
            .emit_with_ack::<bool>("confirm", "Throw everything away?")
            .await;
        match is_sure {
            Ok(is_sure) => Ok(is_sure),
            Err(AckError::Timeout) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
    // ANCHOR_END: ask
}

async fn print(text: &str) -> sio::Result {
    if text.is_empty() {
        return Err(sio::Error::new("empty", "There is nothing to print"));
    }
    Ok(())
}

// ANCHOR: many
/// Asks everybody in a room, and gives the sum of the answers that come within three
/// seconds.
async fn count_votes(namespace: &Namespace, room: &str) -> sio::Result<u32> {
    let ballot = namespace.to(room).timeout(Duration::from_secs(3));
    let mut answers = ballot.emit_with_ack::<u32>("vote", &()).await?;
    let mut votes = 0;
    while let Some((id, answer)) = answers.next().await {
        match answer {
            Ok(vote) => votes += vote,
            Err(error) => tracing::info!(client = %id, %error, "no vote"),
        }
    }
    Ok(votes)
}
// ANCHOR_END: many

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn each_way_to_answer_answers() {
        let server = TestServer::start(|builder| builder.consumer::<Desk>()).await;
        let mut ada = server.socket("/desk").await;
        for (event, answer) in [
            (r#"["save","abc"]"#, r#"[{"id":3}]"#),
            (r#"["my event",{}]"#, r#"["OK",123]"#),
            (r#"["delete",1]"#, "[]"),
            (
                r#"["delete",0]"#,
                r#"[{"status":"error","code":"not_found","message":"There is no such text"}]"#,
            ),
            (r#"["print","abc"]"#, r#"["printed"]"#),
            (
                r#"["print",""]"#,
                r#"[{"status":"error","code":"empty","message":"There is nothing to print"}]"#,
            ),
            (r#"["count","a b c"]"#, "[3]"),
        ] {
            ada.send(&format!("42/desk,7{event}")).await;
            ada.expect(&format!("43/desk,7{answer}")).await;
        }
        // Without an id nobody is answered.
        ada.send(r#"42/desk,["count","a b c"]"#).await;
        ada.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn a_handler_can_ask_back() {
        let server = TestServer::start(|builder| builder.consumer::<Desk>()).await;
        let mut ada = server.socket("/desk").await;
        ada.send(r#"42/desk,0["close"]"#).await;
        ada.expect(r#"42/desk,0["confirm","Throw everything away?"]"#).await;
        ada.send("43/desk,0[true]").await;
        ada.expect("43/desk,0[true]").await;
    }

    #[tokio::test]
    async fn votes_are_counted() {
        let server = TestServer::start(|builder| builder.consumer::<Desk>()).await;
        let (mut ada, mut bob) =
            (server.socket("/desk").await, server.socket("/desk").await);
        server.of("/desk").broadcast().join("jury").await.unwrap();
        let desk = server.of("/desk");
        let counting = tokio::spawn(async move { count_votes(&desk, "jury").await });
        for (client, vote) in [(&mut ada, 3), (&mut bob, 4)] {
            client.expect(r#"42/desk,0["vote"]"#).await;
            client.send(&format!("43/desk,0[{vote}]")).await;
        }
        assert_eq!(counting.await.unwrap().unwrap(), 7);
    }
}
