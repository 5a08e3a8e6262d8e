use serde::Deserialize;
use sio::prelude::*;

/// As axum has them.
mod axum {
    pub struct State<T>(pub T);
    pub struct Json<T>(pub T);
}

#[derive(Deserialize)]
struct Message {
    text: String,
}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_count(&mut self, count: axum::State<u32>) -> u32 {
        count.0
    }

    async fn event_say(&mut self, message: axum::Json<Message>) -> String {
        message.0.text
    }

    async fn connect(&mut self, message: axum::Json<Message>) {
        drop(message);
    }
}

fn main() {}
