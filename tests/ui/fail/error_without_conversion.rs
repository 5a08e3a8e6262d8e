use std::num::ParseIntError;

use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn connect(&mut self, port: String) -> Result<(), ParseIntError> {
        port.parse::<u16>().map(drop)
    }

    async fn event_say(&mut self, number: String) -> Result<u32, ParseIntError> {
        number.parse()
    }

    async fn event_acked(&mut self, number: String, ack: Ack<u32>) -> Result<(), ParseIntError> {
        let _ = ack.send(number.parse()?);
        Ok(())
    }

    async fn disconnect(&mut self) -> Result<(), ParseIntError> {
        Ok(())
    }
}

struct Built;

#[consumer(namespace = "/built")]
impl Built {
    async fn connect(number: String) -> Result<Self, ParseIntError> {
        number.parse::<u32>().map(|_| Self)
    }
}

fn main() {}
