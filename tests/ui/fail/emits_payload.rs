use std::rc::Rc;

use serde::Serialize;
use sio::prelude::*;

struct NotSerialize;

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct OnlySerialize {
    text: String,
}

#[emits(namespace = "/chat")]
trait ChatEvents {
    async fn emit_picture(from: &str, picture: &NotSerialize, message: &Message);

    async fn emit_shared(shared: Rc<str>);

    async fn emit_question() -> OnlySerialize;

    async fn emit_name() -> &str;
}

fn main() {}
