use std::rc::Rc;

use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self) {
        let text = Rc::new(String::new());
        std::future::ready(()).await;
        drop(text);
    }
}

fn main() {}
