//! The messages between the clients and this server.
//!
//! A stroke is bytes: the number of its colour, its width, and then its points, each two numbers of 16 bits (little
//! endian), x and y. JSON would take four times as much, and strokes are most of what travels here.

use serde::{Deserialize, Serialize};
use sio::Binary;

/// The size of every board. Pages scale it to what they have.
pub(crate) const WIDTH: u16 = 1600;
pub(crate) const HEIGHT: u16 = 1000;

/// How many colours the page's palette has.
const COLOURS: u8 = 8;

/// The thickest pen.
const MAX_PEN: u8 = 40;

/// A long line is several strokes: others see it grow.
const MAX_POINTS: usize = 256;

/// The longest name of a board.
const MAX_NAME: usize = 32;

// ANCHOR: stroke
/// A part of a line, checked: no board ever holds one that a page could not draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Binary")]
pub(crate) struct Stroke(Binary);

impl TryFrom<Binary> for Stroke {
    type Error = &'static str;

    fn try_from(bytes: Binary) -> Result<Self, Self::Error> {
        let Some((&[colour, width], points)) = bytes.split_first_chunk() else {
            return Err("a stroke begins with colour and width");
        };
        if colour >= COLOURS {
            return Err("there is no such colour");
        }
        if !(1..=MAX_PEN).contains(&width) {
            return Err("a pen is 1 to 40 wide");
        }
        if points.is_empty() || points.len() % 4 != 0 || points.len() / 4 > MAX_POINTS {
            return Err("a stroke has 1 to 256 points");
        }
        let is_inside = |point: &[u8]| {
            u16::from_le_bytes([point[0], point[1]]) < WIDTH
                && u16::from_le_bytes([point[2], point[3]]) < HEIGHT
        };
        if !points.chunks_exact(4).all(is_inside) {
            return Err("a point is not on the board");
        }
        Ok(Self(bytes))
    }
}
// ANCHOR_END: stroke

impl Stroke {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The parameter of the namespace. A client that asks for a board of another name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct BoardId(String);

impl TryFrom<String> for BoardId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > MAX_NAME || !id.chars().all(fits) {
            return Err("a board's name has 1 to 32 of the characters a-z, 0-9 and -");
        }
        Ok(Self(id))
    }
}

/// A place on the board, not always a whole number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// The answer to `board`: all that is on it, for a page that has just come.
#[derive(Debug, Serialize)]
pub(crate) struct Drawing {
    pub(crate) sheet: u32,
    /// One stroke after the other, each behind its length in bytes (16 bits, little endian).
    pub(crate) strokes: Binary,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_is_on_the_board_and_in_the_palette() {
        let check = |bytes: &[u8]| Stroke::try_from(Binary::from(bytes.to_vec())).is_ok();
        let last = [(WIDTH - 1).to_le_bytes(), (HEIGHT - 1).to_le_bytes()].concat();
        assert!(check(&[[7, 40].as_slice(), &last].concat()));
        assert!(check(&[[0, 1].as_slice(), &last.repeat(MAX_POINTS)].concat()));

        assert!(!check(&[]));
        assert!(!check(&[0]));
        assert!(!check(&[0, 1]), "no point");
        assert!(!check(&[0, 1, 0, 0, 0]), "half a point");
        assert!(!check(&[8, 1, 0, 0, 0, 0]), "colour");
        assert!(!check(&[0, 0, 0, 0, 0, 0]), "width");
        assert!(!check(&[0, 41, 0, 0, 0, 0]), "width");
        assert!(
            !check(&[[0, 1].as_slice(), &WIDTH.to_le_bytes(), &[0, 0]].concat()),
            "x"
        );
        assert!(!check(&[[0, 1, 0, 0].as_slice(), &HEIGHT.to_le_bytes()].concat()), "y");
        assert!(
            !check(&[[0, 1].as_slice(), &last.repeat(MAX_POINTS + 1)].concat()),
            "too many"
        );
    }
}
