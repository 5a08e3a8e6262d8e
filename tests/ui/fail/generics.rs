use serde::de::DeserializeOwned;
use serde::Serialize;
use sio::prelude::*;

struct Generic<T>(T);

#[consumer]
impl<T: Default> Generic<T> {}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say<T: DeserializeOwned>(&mut self, value: T) {
        drop(value);
    }

    async fn event_lifetime<'a>(&'a mut self, socket: &'a Socket) {
        let _ = socket;
    }

    async fn event_argument(&mut self, values: Vec<impl DeserializeOwned>) {
        drop(values);
    }

    async fn event_output(&mut self) -> impl Serialize {}

    async fn event_clause(&mut self)
    where
        String: Clone,
    {
    }
}

fn main() {}
