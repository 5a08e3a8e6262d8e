//! The boards and what is on them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{BoardId, Drawing, Stroke};

/// More boards than these are not kept.
const MAX_BOARDS: usize = 100;

/// Of a board, no more than this is kept: the oldest strokes are forgotten. It is also how much a page gets that opens
/// the board, and stays well below what may wait for one client (1 MiB).
const MAX_BYTES: usize = 256 * 1024;

/// The application's state, shared by all consumers.
#[derive(Debug, Default)]
pub(crate) struct Boards(Mutex<HashMap<BoardId, Arc<Board>>>);

/// One board. Everybody who looks at it holds it.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Sheet>);

#[derive(Debug, Default)]
struct Sheet {
    /// Each time a board is cleared it gets a new sheet, so that a stroke that was on its way is not drawn on it.
    number: u32,
    /// Copies: a stroke as it was received holds on to the memory of all that came with it.
    strokes: VecDeque<Box<[u8]>>,
    /// Their size in a drawing, in bytes.
    bytes: usize,
}

impl Boards {
    /// The board of a name, an empty one if it is new.
    pub(crate) fn open(&self, id: &BoardId) -> sio::Result<Arc<Board>> {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(board) = boards.get(id) {
            return Ok(Arc::clone(board));
        }
        if boards.len() >= MAX_BOARDS {
            // Makes room: a board that nobody looks at any more.
            let unused = boards.iter().find(|(_, board)| Arc::strong_count(board) == 1);
            let unused = unused.map(|(id, _)| id.clone());
            boards.remove(&unused.ok_or_else(|| {
                sio::Error::new("too_many_boards", "All boards are in use")
            })?);
        }
        Ok(Arc::clone(boards.entry(id.clone()).or_default()))
    }
}

impl Board {
    /// Adds a stroke; gives the number of the sheet that it is on.
    pub(crate) fn draw(&self, stroke: &Stroke) -> u32 {
        let mut sheet = self.lock();
        sheet.bytes += size(stroke.bytes());
        sheet.strokes.push_back(stroke.bytes().into());
        while sheet.bytes > MAX_BYTES {
            let Some(oldest) = sheet.strokes.pop_front() else { break };
            sheet.bytes -= size(&oldest);
        }
        sheet.number
    }

    /// Takes a new sheet; gives its number.
    pub(crate) fn clear(&self) -> u32 {
        let mut sheet = self.lock();
        *sheet = Sheet { number: sheet.number + 1, ..Sheet::default() };
        sheet.number
    }

    /// Everything that is on it.
    pub(crate) fn drawing(&self) -> Drawing {
        let sheet = self.lock();
        let mut strokes = Vec::with_capacity(sheet.bytes);
        for stroke in &sheet.strokes {
            let length = u16::try_from(stroke.len()).expect("256 points are 1026 bytes");
            strokes.extend(length.to_le_bytes());
            strokes.extend(stroke);
        }
        Drawing { sheet: sheet.number, strokes: strokes.into() }
    }

    fn lock(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the size of a stroke in a drawing, in bytes.
fn size(stroke: &[u8]) -> usize {
    size_of::<u16>() + stroke.len()
}

#[cfg(test)]
mod tests {
    use sio::Binary;

    use super::*;

    fn stroke(points: usize) -> Stroke {
        let bytes = [[1, 2].as_slice(), &[0; 4].repeat(points)].concat();
        Stroke::try_from(Binary::from(bytes)).expect("a good stroke")
    }

    #[test]
    fn a_board_keeps_the_newest_strokes() {
        let board = Board::default();
        for _ in 0..MAX_BYTES / size(stroke(256).bytes()) + 50 {
            board.draw(&stroke(256));
        }
        board.draw(&stroke(1));
        let strokes = board.drawing().strokes;
        assert!(
            (MAX_BYTES - 2000..=MAX_BYTES).contains(&strokes.len()),
            "{}",
            strokes.len()
        );
        assert!(strokes.ends_with(stroke(1).bytes()));
    }

    #[test]
    fn a_board_that_nobody_looks_at_makes_room() {
        let boards = Boards::default();
        let id = |n: usize| BoardId::try_from(format!("board-{n}")).expect("a good name");
        let mut open: Vec<_> =
            (0..MAX_BOARDS).map(|n| boards.open(&id(n)).unwrap()).collect();
        assert_eq!(boards.open(&id(MAX_BOARDS)).unwrap_err().code(), "too_many_boards");
        open[5].draw(&stroke(1));
        boards.open(&id(5)).unwrap();
        open.remove(5);
        boards.open(&id(MAX_BOARDS)).unwrap();
        assert_eq!(boards.open(&id(5)).unwrap().drawing().strokes.len(), 0);
    }
}
