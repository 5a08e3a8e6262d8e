use sio::prelude::*;

struct Status;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self) -> Status {
        Status
    }

    async fn event_result(&mut self) -> sio::Result<Status> {
        Ok(Status)
    }
}

fn main() {}
