use sio::prelude::*;

struct Set;

#[handlers(namespace = "/chat")]
impl Set {}

#[handlers("/chat")]
impl Set {}

#[handlers]
struct Other;

#[handlers]
impl std::fmt::Display for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("set")
    }
}

struct Of<T>(T);

#[handlers]
impl<T: Send + 'static> Of<T> {
    async fn event_say(&mut self) {}
}

#[derive(Default)]
struct Both;

#[handlers]
#[consumer(namespace = "/both")]
impl Both {}

struct Hooks;

#[handlers]
impl Hooks {
    async fn connect(&mut self) -> bool {
        true
    }

    async fn disconnect(&mut self) {}

    async fn error(&mut self, error: sio::Error) {
        let _ = error;
    }

    #[event(fallback)]
    async fn other(&mut self, name: EventName) {
        let _ = name;
    }

    #[cfg_attr(all(), event("hidden"))]
    async fn hidden(&mut self) {}

    fn event_not_async(&mut self) {}

    async fn event_twice(&mut self) {}

    #[event("twice")]
    async fn again(&mut self) {}

    #[event("beside", concurrent)]
    async fn beside(&self) {}
}

#[derive(Default)]
struct Good;

#[handlers]
impl Good {}

#[derive(Default)]
struct Chat {
    set: Good,
}

#[consumer(handlers = [set, set])]
impl Chat {}

#[consumer(namespace = "/empty", handlers = [])]
impl Set {}

#[consumer(namespace = "/type", handlers = Vec<u8>)]
impl Set {}

#[consumer(namespace = "/string", handlers = ["set"])]
impl Set {}

fn main() {}
