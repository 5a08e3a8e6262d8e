use sio::cluster::Emitter;
use sio::prelude::*;

#[emits]
trait Events {
    async fn emit_are_you_there(seconds: u32) -> bool;
}

async fn asks(emitter: &Emitter) {
    let _ = emitter.emit_are_you_there(5).await;
}

fn main() {}
