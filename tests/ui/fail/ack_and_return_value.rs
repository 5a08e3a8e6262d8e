use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_value(&mut self, ack: Ack<u32>) -> u32 {
        drop(ack);
        1
    }

    async fn event_result(&mut self, ack: Option<Ack<u32>>) -> sio::Result<u32> {
        drop(ack);
        Ok(1)
    }
}

fn main() {}
