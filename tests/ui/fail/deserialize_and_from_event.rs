use serde::Deserialize;
use sio::Error;
use sio::extract::{Event, FromEvent};
use sio::prelude::*;

#[derive(Deserialize)]
struct Both;

impl FromEvent<'_> for Both {
    fn from_event(_: &mut Event<'_>) -> Result<Self, Error> {
        Ok(Self)
    }
}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, both: Both) {
        drop(both);
    }
}

fn main() {}
