use serde::Deserialize;
use sio::prelude::*;

#[derive(Deserialize)]
struct Message {
    text: String,
}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, message: &Message) -> usize {
        message.text.len()
    }
}

fn main() {}
