//! The consumer that the acks are asked of.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sio::prelude::*;
use sio_tests::{
    app::Secret,
    journal::{Gate, Journal, NoteOnDrop},
};

#[derive(Serialize)]
struct Delivered {
    status: &'static str,
}

#[derive(Deserialize)]
struct Typed {
    text: String,
    count: u32,
}

/// A handler for each row; without an `error` hook.
#[derive(Default)]
pub(crate) struct Rows {
    kept: Option<Ack<u32>>,
}

#[consumer(namespace = "/rows")]
impl Rows {
    async fn event_sends(&mut self, ack: Ack<Delivered>) -> sio::Result<()> {
        ack.send(Delivered { status: "ok" })?;
        Ok(())
    }

    async fn event_sends_several(&mut self, ack: Ack<(u32, String, Binary)>) -> sio::Result<()> {
        ack.send((1, "two".into(), Binary::from(vec![3])))?;
        Ok(())
    }

    async fn event_sends_if_asked(
        &mut self,
        ack: Option<Ack<u32>>,
        journal: State<Journal>,
    ) -> sio::Result<()> {
        journal.note(if ack.is_some() { "asked" } else { "not asked" });
        if let Some(ack) = ack {
            ack.send(1)?;
        }
        Ok(())
    }

    async fn event_sends_early(&mut self, ack: Ack<u32>, gate: State<Gate>) -> sio::Result<()> {
        ack.send(1)?;
        gate.pass("early").await;
        Ok(())
    }

    async fn event_sends_and_fails(&mut self, ack: Ack<u32>) -> sio::Result<()> {
        ack.send(1)?;
        Err(sio::Error::new("too_late", "the client has its answer"))
    }

    async fn event_sends_and_panics(&mut self, ack: Ack<u32>) -> sio::Result<()> {
        ack.send(1)?;
        panic!("after the answer");
    }

    async fn event_returns_value(&mut self) -> Delivered {
        Delivered { status: "ok" }
    }

    async fn event_returns_list(&mut self) -> Vec<u32> {
        vec![1, 2]
    }

    async fn event_returns_array(&mut self) -> [u32; 2] {
        [1, 2]
    }

    async fn event_returns_tuple(&mut self) -> (u32, &'static str, Option<u32>) {
        (1, "two", None)
    }

    async fn event_returns_unit(&mut self) {}

    async fn event_returns_ok_unit(&mut self) -> sio::Result<()> {
        Ok(())
    }

    async fn event_returns_bytes(&mut self) -> sio::Result<HashMap<&'static str, Binary>> {
        Ok(HashMap::from([("bytes", Binary::from(vec![1, 2]))]))
    }

    async fn event_drops_ack(&mut self, ack: Ack<u32>) {
        drop(ack);
    }

    async fn event_ignores_ack(&mut self, _ack: Option<Ack<u32>>) {}

    async fn event_drops_and_fails(&mut self, ack: Ack<u32>) -> sio::Result<()> {
        drop(ack);
        Err(sio::Error::new("no", "not like this"))
    }

    async fn event_moves_ack(&mut self, ack: Ack<u32>, gate: State<Gate>) {
        let gate = Gate::clone(&gate);
        tokio::spawn(async move {
            gate.pass("moved").await;
            ack.send(7).expect("the client is still there");
        });
    }

    async fn event_moves_and_drops_ack(&mut self, ack: Ack<u32>, gate: State<Gate>) {
        let gate = Gate::clone(&gate);
        tokio::spawn(async move {
            gate.pass("moved").await;
            drop(ack);
        });
    }

    async fn event_keeps_ack(&mut self, ack: Ack<u32>) {
        self.kept = Some(ack);
    }

    async fn event_gives_back(&mut self) -> sio::Result<()> {
        if let Some(ack) = self.kept.take() {
            ack.send(8)?;
        }
        Ok(())
    }

    async fn event_forgets_ack(&mut self, ack: Ack<u32>) {
        ack.forget();
    }

    async fn event_fails(&mut self) -> sio::Result<u32> {
        Err(sio::Error::new("no_money", "you cannot afford it").with_field("price", 12))
    }

    async fn event_fails_inside(&mut self) -> sio::Result<u32> {
        Err(Secret)?;
        Ok(1)
    }

    async fn event_typed(&mut self, typed: Typed) -> (String, u32) {
        (typed.text, typed.count)
    }

    async fn event_pair(&mut self, _first: u32, _second: u32) {}

    async fn event_panics(&mut self) {
        panic!("the panic's own words");
    }

    async fn event_panics_late(&mut self, gate: State<Gate>) -> u32 {
        gate.pass("panic").await;
        std::panic::panic_any(42);
    }

    #[event(timeout = "50ms")]
    async fn event_too_slow(&mut self, journal: State<Journal>) -> u32 {
        let _handler = NoteOnDrop(Journal::clone(&journal), "handler dropped");
        std::future::pending().await
    }

    #[event(concurrent, timeout = "50ms")]
    async fn event_too_slow_beside(journal: State<Journal>) -> u32 {
        let _handler = NoteOnDrop(Journal::clone(&journal), "handler dropped");
        std::future::pending().await
    }

    #[event(concurrent)]
    async fn event_panics_beside() -> u32 {
        panic!("beside the others");
    }

    #[event(timeout = "30s")]
    async fn event_fast_enough(&mut self) -> u32 {
        1
    }
}
