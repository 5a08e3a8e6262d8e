//! Guide: types for clients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sio::error::{ErrorCodes, IntoEventError};
use sio::prelude::*;

// ANCHOR: payloads
#[derive(Deserialize, JsonSchema)]
struct Message {
    text: String,
    #[serde(default)]
    mentions: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Delivered {
    id: u32,
}
// ANCHOR_END: payloads

#[derive(Default)]
struct Chat {
    written: u32,
}

// ANCHOR: consumer
#[consumer(namespace = "/chat")]
impl Chat {
    /// Says something to everybody.
    #[event("chat message")]
    async fn say(&mut self, message: Message) -> Result<Delivered, ChatError> {
        if message.text.len() + message.mentions.len() > 1_000 {
            return Err(ChatError::TooLong);
        }
        self.written += 1;
        Ok(Delivered { id: self.written })
    }
}
// ANCHOR_END: consumer

enum ChatError {
    TooLong,
}

impl IntoEventError for ChatError {
    fn into_event_error(self) -> sio::Error {
        let Self::TooLong = self;
        sio::Error::new("too_long", "Say less")
    }
}

// ANCHOR: codes
impl ErrorCodes for ChatError {
    const CODES: &'static [&'static str] = &["muted", "too_long"];
}
// ANCHOR_END: codes

fn checks() {
    // ANCHOR: check
    // In a test of the crate that has all consumers:
    sio::contract::Contract::collect().check("../web/src/contract.ts");
    // ANCHOR_END: check
    // ANCHOR: compatible
    // In another test:
    sio::contract::Contract::collect().check_compatible("contract.json");
    // ANCHOR_END: compatible
}

fn page() -> sio::Result<Server> {
    // ANCHOR: page
    let mut builder =
        Server::builder().client_files("node_modules/socket.io-client/dist");
    if cfg!(debug_assertions) {
        builder = builder.docs("/docs");
    }
    // ANCHOR_END: page
    Ok(builder.build()?)
}

#[cfg(test)]
mod tests {
    use sio::contract::Contract;

    #[test]
    fn the_contract_has_what_the_chapter_shows() {
        let contract = Contract::collect();
        let typescript = contract.typescript();
        let event = "\"chat message\": (message: Message, ack: (answer: Delivered | SioError<\"muted\" | \"too_long\">) => void) => void;";
        assert!(typescript.contains(event), "{typescript}");
        assert!(typescript.contains("/** Says something to everybody. */"));
        assert!(super::page().is_err(), "there are no such files here");
        let _: fn() = super::checks;
    }
}
