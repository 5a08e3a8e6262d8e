use std::rc::Rc;

use sio::prelude::*;

#[derive(Default)]
struct Chat {
    shared: Rc<u32>,
}

#[consumer]
impl Chat {
    async fn event_say(&mut self) -> u32 {
        *self.shared
    }
}

fn main() {}
