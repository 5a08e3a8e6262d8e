use std::cell::Cell;

use sio::prelude::*;

#[derive(Default)]
struct Chat {
    count: Cell<u32>,
}

#[consumer]
impl Chat {
    async fn event_say(&self) {
        self.count.set(self.count.get() + 1);
    }
}

fn main() {}
