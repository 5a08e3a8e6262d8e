use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn on_connect(&mut self) {}

    async fn connected(&mut self) {}

    async fn on_disconnect(&mut self) {}

    async fn eror(&mut self) {}

    async fn on_message(&mut self, text: String) {
        drop(text);
    }

    async fn evnt_say(&mut self, text: String) {
        drop(text);
    }

    // Called below: a method like any other.
    async fn on_typing(&mut self) {}

    async fn event_type(&mut self) {
        self.on_typing().await;
    }
}

#[derive(Default)]
struct Set;

#[handlers]
impl Set {
    async fn even_say(&mut self) {}
}

fn main() {}
