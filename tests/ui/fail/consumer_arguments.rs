use sio::prelude::*;

struct Chat;

const CHAT: &str = "/chat";

#[consumer("/chat")]
impl Chat {}

#[consumer(name = "/chat")]
impl Chat {}

#[consumer(namespace)]
impl Chat {}

#[consumer(namespace = CHAT)]
impl Chat {}

#[consumer(namespace = "/a", namespace = "/b")]
impl Chat {}

#[consumer(crate = "sio")]
impl Chat {}

fn main() {
    let _ = CHAT;
}
