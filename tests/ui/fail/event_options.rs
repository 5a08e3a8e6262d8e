use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    #[event("a", concurrent)]
    async fn a(&mut self) {}

    #[event("b", timeout = "soon")]
    async fn b(&mut self) {}

    #[event("c", timeout = 5)]
    async fn c(&mut self) {}

    #[event("d", timeout = "0s")]
    async fn d(&mut self) {}

    #[event("e", limit = 5)]
    async fn e(&mut self) {}

    #[event("f", fallback)]
    async fn f(&mut self) {}

    #[event("g", concurrent, concurrent)]
    async fn g() {}

    #[event = "h"]
    async fn h(&mut self) {}

    #[event(5)]
    async fn i(&mut self) {}

    #[event("j", timeout)]
    async fn j(&mut self) {}
}

fn main() {}
