use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn connect(self) {}

    async fn event_say(self) {}

    async fn event_boxed(self: Box<Self>) {}
}

fn main() {}
