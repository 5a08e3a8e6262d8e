use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_reason(&mut self, reason: DisconnectReason) {
        let _ = reason;
    }

    async fn disconnect(&mut self, payload: String) -> u32 {
        drop(payload);
        1
    }

    async fn error(&mut self, reason: DisconnectReason) -> bool {
        let _ = reason;
        true
    }
}

fn main() {}
