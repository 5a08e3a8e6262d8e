use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, number: String) {
        let number: u32 = number.parse()?;
        drop(number);
    }
}

fn main() {}
