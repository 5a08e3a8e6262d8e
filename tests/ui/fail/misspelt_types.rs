use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, message: Mesage) -> Staus {
        Staus
    }
}

fn main() {}
