use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn connect(&mut self, ack: Ack<u32>) {
        drop(ack);
    }

    async fn event_two(&mut self, one: Ack<u32>, two: Option<sio::extract::Ack<u32>>) {
        drop((one, two));
    }

    async fn disconnect(&mut self, ack: Option<Ack<u32>>) {
        drop(ack);
    }

    async fn error(&mut self, ack: Ack<u32>) {
        drop(ack);
    }
}

fn main() {}
