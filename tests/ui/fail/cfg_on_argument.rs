use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, #[cfg(any())] text: String) {}
}

fn main() {}
