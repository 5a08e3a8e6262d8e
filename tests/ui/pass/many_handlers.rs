//! More handlers than one function has, with all that their types can be.

#![deny(warnings)]

use serde::{Deserialize, Serialize};
use sio::prelude::*;

#[derive(Default, Serialize, Deserialize)]
struct Many {
    count: u32,
}

macro_rules! many {
    ($($name:ident $string:literal,)*) => {
        #[consumer]
        impl Many {
            $(
                #[event($string)]
                async fn $name(&mut self, other: Self, all: Vec<Self>, ack: Ack<Self>) -> sio::Result {
                    self.count += other.count + all.len() as u32;
                    ack.send(other)?;
                    Ok(())
                }
            )*

            #[cfg(any())]
            async fn event_absent(&mut self) {}

            #[event("concurrent", concurrent)]
            async fn beside(many: Self) -> Self {
                many
            }

            #[event("one", "other")]
            async fn either(&self) -> u32 {
                self.count
            }

            #[event(fallback)]
            async fn rest() {}
        }
    };
}

many! {
    a0 "a0", a1 "a1", a2 "a2", a3 "a3", a4 "a4", a5 "a5", a6 "a6", a7 "a7", a8 "a8", a9 "a9",
    b0 "b0", b1 "b1", b2 "b2", b3 "b3", b4 "b4", b5 "b5", b6 "b6", b7 "b7", b8 "b8", b9 "b9",
}

fn main() {}
