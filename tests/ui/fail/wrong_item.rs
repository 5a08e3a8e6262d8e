use sio::prelude::*;

#[consumer]
struct Chat;

#[consumer]
pub enum Kind {}

#[consumer]
async fn connect() {}

#[consumer]
impl std::fmt::Display for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("chat")
    }
}

#[consumer]
mod chat {}

fn main() {}
