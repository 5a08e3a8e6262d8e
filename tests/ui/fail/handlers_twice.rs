use sio::prelude::*;

#[derive(Default)]
struct Presence;

#[handlers]
impl Presence {
    async fn event_say(&mut self) {}

    #[event("who is here", "who was here", concurrent)]
    async fn who() {}
}

#[derive(Default)]
struct History;

#[handlers]
impl History {
    #[event("who was here")]
    async fn past(&mut self) {}
}

#[derive(Default)]
struct Chat {
    presence: Presence,
    history: History,
}

#[consumer(namespace = "/chat", handlers = [presence, history])]
impl Chat {
    async fn event_say(&mut self) {}
}

#[derive(Default)]
struct Game(History, Presence);

#[consumer(namespace = "/game", handlers = [1])]
impl Game {
    #[event("who is here")]
    async fn who(&mut self) {}
}

fn main() {}
