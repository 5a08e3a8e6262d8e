use sio::prelude::*;

struct Chat;

impl Chat {
    #[event("say")]
    async fn say(&mut self) {}

    #[event]
    async fn event_shout(&mut self) {}
}

#[event(fallback)]
async fn free() {}

fn main() {
    let _ = Chat::say;
}
