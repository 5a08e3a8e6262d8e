//! Something to do, so that there is something to see: quickly, slowly, in vain, and with a large answer.

use std::time::Duration;

use sio::prelude::*;
use tokio::time::sleep;
use tracing::Instrument as _;

use crate::model::{Line, Order, Receipt, WorkEvents as _};

/// The lines of a report.
const LINES: u32 = 1000;

/// The largest order.
const MAX_PIECES: u32 = 1000;

const CENTS_EACH: u32 = 250;

#[derive(Default)]
pub(crate) struct Work;

#[consumer(namespace = "/work")]
impl Work {
    /// Is answered at once.
    async fn event_quick(&mut self, order: Order) -> sio::Result<Receipt> {
        receipt(&order)
    }

    // ANCHOR: slow
    /// Takes its time, in two steps that are spans of their own.
    #[event(concurrent, timeout = "10s")]
    async fn event_slow(order: Order) -> sio::Result<Receipt> {
        sleep(Duration::from_millis(40))
            .instrument(tracing::info_span!("look up the price"))
            .await;
        sleep(Duration::from_millis(90))
            .instrument(tracing::info_span!("write the bill"))
            .await;
        receipt(&order)
    }
    // ANCHOR_END: slow

    /// Fails in the server.
    #[event(concurrent)]
    async fn event_failing(_order: Order) -> sio::Result<Receipt> {
        sleep(Duration::from_millis(20))
            .instrument(tracing::info_span!("ask the warehouse"))
            .await;
        Err(std::io::Error::other("the warehouse does not answer"))?
    }

    // ANCHOR: report
    /// Sends a report, compressed or as it is.
    async fn event_report(&mut self, socket: &Socket, compress: bool) -> sio::Result {
        let line = |number| Line {
            number,
            name: format!("Order {number}"),
            is_done: number % 3 == 0,
        };
        let lines: Vec<_> = (1..=LINES).map(line).collect();
        socket.compress(compress).emit_report(&lines).await?;
        Ok(())
    }
    // ANCHOR_END: report
}

fn receipt(order: &Order) -> sio::Result<Receipt> {
    if order.pieces > MAX_PIECES {
        return Err(sio::Error::new("too_many", "There are not so many"));
    }
    Ok(Receipt { pieces: order.pieces, cents: order.pieces * CENTS_EACH })
}
