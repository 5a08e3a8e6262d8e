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
    async fn event_text(&mut self, text: &str) {
        let _ = text;
    }

    async fn event_bytes(&mut self, bytes: &[u8]) {
        let _ = bytes;
    }
}

#[derive(Default)]
struct Other;

#[consumer(namespace = "/other")]
impl Other {
    async fn event_reference(&mut self, message: &String) {
        let _ = message;
    }
}

fn main() {
    let _ = Message { text: "" }.text;
}
