use sio::prelude::*;

struct Chat;

#[consumer]
impl Chat {
    async fn connect(&mut self) {}
}

struct Bare;

#[consumer(namespace = "/bare")]
impl Bare {}

struct NoSelf;

#[consumer(namespace = "/no-self")]
impl NoSelf {
    async fn connect() -> bool {
        true
    }
}

fn main() {}
