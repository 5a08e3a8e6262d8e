//! Trust: what strangers send, the corpus of the fuzzers; whole servers under random life; and attacks, with a victim
//! beside each.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod attacks;
mod fuzz;
mod life;
mod promises;
