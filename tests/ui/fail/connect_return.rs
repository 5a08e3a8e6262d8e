use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn connect(&mut self) -> u32 {
        1
    }
}

#[derive(Default)]
struct InResult;

#[consumer(namespace = "/result")]
impl InResult {
    async fn connect(&mut self) -> sio::Result<u32> {
        Ok(1)
    }
}

struct Built;

#[consumer(namespace = "/built")]
impl Built {
    async fn connect() -> Option<Self> {
        Some(Self)
    }
}

fn main() {}
