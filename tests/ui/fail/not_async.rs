use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    fn connect(&mut self) -> bool {
        true
    }

    fn event_say(&mut self, text: String) {
        drop(text);
    }

    pub unsafe fn event_unsafe(&mut self) {}

    extern "C" fn event_extern(&mut self) {}
}

fn main() {}
