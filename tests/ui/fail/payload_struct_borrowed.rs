use serde::Deserialize;
use sio::prelude::*;

#[derive(Deserialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, message: Message<'_>) {
        let _ = message.text;
    }
}

fn main() {}
