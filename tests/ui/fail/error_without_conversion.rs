use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn connect(&mut self, port: String) -> Result<(), String> {
        Err(port)
    }

    async fn event_say(&mut self, number: String) -> Result<u32, String> {
        Err(number)
    }

    async fn event_acked(&mut self, number: String, ack: Ack<u32>) -> Result<(), String> {
        drop(ack);
        Err(number)
    }

    async fn disconnect(&mut self) -> Result<(), String> {
        Ok(())
    }
}

struct Built;

#[consumer(namespace = "/built")]
impl Built {
    async fn connect(number: String) -> Result<Self, String> {
        Err(number)
    }
}

fn main() {}
