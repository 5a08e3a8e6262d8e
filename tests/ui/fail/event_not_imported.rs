use sio::consumer;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    #[event("say")]
    async fn say(&mut self) {}
}

fn main() {}
