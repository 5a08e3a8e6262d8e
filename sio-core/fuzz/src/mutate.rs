//! New inputs out of those that there are.

use super::random::Random;

/// Bytes at which parsers decide something.
const TELLING: &[u8] = b"\0\x01\x1e\x7f\x80\x81\x82\xfe\xff0129-+.eE\"\\/,?&=;:[]{}<>()* \r\n";

/// The longest input that is made.
const MOST: usize = 4096;

/// Returns an input that is made of one or two of these.
pub fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = if corpus.is_empty() { Vec::new() } else { random.one_of(corpus).clone() };
    for _ in 0..=random.below(5) {
        let at = random.below(input.len() + 1);
        let end = at + random.below((input.len() - at).min(32) + 1);
        match random.below(9) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = *random.one_of(TELLING),
            2 if at < input.len() => input[at] = random.next() as u8,
            3 => input.insert(at, *random.one_of(TELLING)),
            4 => drop(input.drain(at..end)),
            5 => input.truncate(at),
            6 => {
                let copy = input[at..end].to_vec();
                let to = random.below(input.len() + 1);
                for _ in 0..=random.below(4) {
                    input.splice(to..to, copy.iter().copied());
                }
            }
            7 if !corpus.is_empty() => {
                let other = random.one_of(corpus);
                let from = random.below(other.len() + 1);
                let until = from + random.below(other.len() - from + 1);
                input.splice(at..end, other[from..until].iter().copied());
            }
            8 if !corpus.is_empty() => {
                let other = random.one_of(corpus);
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ => {}
        }
    }
    input.truncate(MOST);
    input
}

/// Returns the shortest input that is found by leaving parts out and for which `fails` still holds.
pub fn shrink(mut input: Vec<u8>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut portion = input.len();
    while portion > 0 {
        let mut at = 0;
        while at < input.len() {
            let mut shorter = input.clone();
            shorter.drain(at..(at + portion).min(input.len()));
            if fails(&shorter) {
                input = shorter;
            } else {
                at += portion;
            }
        }
        portion /= 2;
    }
    input
}
