//! Mistakes of somebody who has never written a consumer.

use serde::Deserialize;
use sio::prelude::*;

#[derive(Deserialize)]
struct Message {
    text: String,
}

#[derive(Default)]
struct Chat;

#[consumer(namespaces = "/chat")]
impl Chat {}

#[consumer(namspace = "/chat")]
impl Chat {}

#[derive(Default)]
struct Options;

#[consumer]
impl Options {
    #[event(name = "say")]
    async fn a(&mut self) {}

    #[event("b", timout = "5s")]
    async fn b(&mut self) {}

    #[event(concurent)]
    async fn event_c() {}

    async fn event_d(&mut self, socket: &mut Socket) {
        drop(socket);
    }
}

fn main() {}
