use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self) {}

    #[event("say")]
    async fn say(&mut self) {}

    async fn event_connect(&mut self) {}

    #[event("newListener")]
    async fn listener(&mut self) {}

    #[event(shout)]
    async fn shout(&mut self) {}

    #[event("")]
    async fn nothing(&mut self) {}

    #[event("leave")]
    async fn disconnect(&mut self) {}

    #[event(fallback)]
    async fn one(&mut self) {}

    #[event(fallback)]
    async fn other(&mut self) {}

    #[event("a")]
    #[event("b")]
    async fn two(&mut self) {}

    #[event("c", "c")]
    async fn both(&mut self) {}

    #[cfg_attr(all(), event("hidden"))]
    async fn hidden(&mut self) {}
}

fn main() {}
