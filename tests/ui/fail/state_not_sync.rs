use std::cell::Cell;

use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, count: State<Cell<u32>>) {
        count.set(1);
    }
}

fn main() {}
