use serde::Serialize;
use sio::prelude::*;

#[derive(Serialize)]
struct Message {
    text: String,
}

#[emits(namespace = "/chat")]
trait ChatEvents {
    async fn joined(name: &str);

    async fn emit_disconnect();

    #[event("newListener")]
    async fn emit_listener();

    async fn emit_said(message: &Message);

    #[event("said")]
    async fn emit_said_too(message: &Message);

    async fn emit_typing(&self, name: &str);

    fn emit_left(name: &str);

    async fn emit_closing() {}

    async fn emit_any<T: Serialize>(value: &T);

    async fn emit_borrowed<'a>(name: &'a str);

    async fn emit_question() -> Result<bool, sio::Error>;

    async fn emit_moved((x, y): (u32, u32));

    async fn emit_with_ack();

    const LIMIT: usize = 3;

    #[event("some name", concurrent)]
    async fn emit_beside();

    #[event]
    async fn emit_empty();

    async fn emit_();

    async fn emit_shape(shape: impl Serialize);

    async fn emit_answer() -> impl Sized;

    async fn emit_much(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: u8);

    async unsafe fn emit_danger();
}

fn main() {}
