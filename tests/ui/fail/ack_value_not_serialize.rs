use sio::prelude::*;

struct Status;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, ack: Ack<Status>) {
        let _ = ack.send(Status);
    }
}

fn main() {}
