use sio::prelude::*;

struct Message {
    text: String,
}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, message: Message) {
        drop(message.text);
    }
}

fn main() {}
