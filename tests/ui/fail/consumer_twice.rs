use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, text: String) {
        drop(text);
    }
}

#[consumer(namespace = "/admin")]
impl Chat {
    async fn event_ban(&mut self, name: String) {
        drop(name);
    }
}

#[derive(Default)]
struct Typing;

#[handlers]
impl Typing {
    async fn event_begin(&mut self) {}
}

#[handlers]
impl Typing {
    async fn event_end(&mut self) {}
}

fn main() {}
