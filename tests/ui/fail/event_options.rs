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

    #[event("k", max_size = "big")]
    async fn k(&mut self) {}

    #[event("l", max_size = 16)]
    async fn l(&mut self) {}

    #[event("m", max_size = "0 B")]
    async fn m(&mut self) {}

    #[event("n", rate = "often")]
    async fn n(&mut self) {}

    #[event("o", rate = 10)]
    async fn o(&mut self) {}

    #[event("p", rate = "0/s")]
    async fn p(&mut self) {}
}

fn main() {}
