//! The consumer: one value for each page that has a board open.

use std::sync::Arc;

use sio::extract::Path;
use sio::prelude::*;

use crate::board::{Board, Boards};
use crate::model::{BoardId, Drawing, Position, Stroke};

// ANCHOR: consumer
pub(crate) struct Painter {
    board: Arc<Board>,
}

#[consumer(namespace = "/board/{id}")]
impl Painter {
    async fn connect(
        Path(id): Path<BoardId>,
        boards: State<Boards>,
    ) -> sio::Result<Self> {
        Ok(Self { board: boards.open(&id)? })
    }

    /// Returns the drawing so far. A page asks when it has come in: from then on it also
    /// gets every stroke, so that it may get one twice, but never misses one.
    async fn event_board(&self) -> Drawing {
        self.board.drawing()
    }

    #[event(max_size = "2 KiB", rate = "60/s")]
    async fn event_stroke(&self, socket: &Socket, stroke: Stroke) -> sio::Result<()> {
        let sheet = self.board.draw(&stroke);
        socket.broadcast().emit("stroke", &(sheet, stroke)).await?;
        Ok(())
    }

    async fn event_clear(&self, socket: &Socket) -> sio::Result<()> {
        socket.namespace().emit("cleared", &self.board.clear()).await?;
        Ok(())
    }
    // ANCHOR_END: consumer

    // ANCHOR: pointer
    /// Where somebody points to. Only the last position counts, so it may be lost.
    #[event(rate = "60/s")]
    async fn event_pointer(&self, socket: &Socket, at: Position) -> sio::Result<()> {
        socket.broadcast().volatile().emit("pointer", &(socket.id(), at)).await?;
        Ok(())
    }
    // ANCHOR_END: pointer

    async fn disconnect(&mut self, socket: &Socket) {
        // Nobody is left to tell when this fails: the server is going down.
        socket.broadcast().emit("left", &socket.id()).await.ok();
    }
}
