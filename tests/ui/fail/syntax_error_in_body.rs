use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, text: String) {
        let length = text.;
    }

    async fn event_other(&mut self) {}
}

/// The consumer is still there.
fn main() {
    fn is_consumer<C: sio::consumer::Consumer>() {}
    is_consumer::<Chat>();
    let _ = Chat::event_other;
}
