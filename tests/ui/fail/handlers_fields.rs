use std::rc::Rc;

use sio::prelude::*;

#[derive(Default)]
struct Payload;

#[derive(Default)]
struct Set {
    count: u32,
}

#[handlers]
impl Set {
    async fn event_opaque(&mut self, payload: Payload) -> Payload {
        payload
    }

    async fn event_not_send(&mut self) {
        let here = Rc::new(self.count);
        std::future::ready(()).await;
        drop(here);
    }
}

#[derive(Default)]
struct NotASet;

impl NotASet {
    async fn event_say(&mut self) {}
}

#[derive(Default)]
struct Chat {
    plain: NotASet,
    number: u32,
}

#[consumer(handlers = [plain, number, missing])]
impl Chat {}

#[derive(Default)]
struct NotSend(Rc<u32>);

#[handlers]
impl NotSend {
    async fn event_say(&mut self) {}
}

fn main() {}
