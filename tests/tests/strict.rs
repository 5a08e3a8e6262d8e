//! Every lint that a strict crate may deny, of rustc and of clippy, and `sio` under another path: nothing generated may
//! be noticed. It is enough that this compiles; clippy sees it as one of the workspace's targets.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused, future_incompatible)]
#![deny(rust_2018_idioms, rust_2021_compatibility, elided_lifetimes_in_paths, single_use_lifetimes)]
#![deny(unused_qualifications, unused_lifetimes, unused_results, trivial_casts, trivial_numeric_casts)]
#![deny(
    absolute_paths_not_starting_with_crate,
    explicit_outlives_requirements,
    let_underscore_drop,
    unit_bindings
)]
#![deny(
    non_ascii_idents,
    variant_size_differences,
    unused_import_braces,
    unnameable_types,
    redundant_imports
)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]

extern crate sio as socketio;

use socketio::extract::{Ack, Args, EventName, State};
use socketio::{Error, Socket, consumer, event};

/// The shared limits.
#[derive(Debug)]
pub(crate) struct Limits {
    text: usize,
}

#[derive(Debug, Default)]
struct Chat {
    seen: usize,
}

#[consumer(namespace = "/chat", crate = socketio)]
impl Chat {
    async fn connect(&mut self, socket: &Socket) -> socketio::Result<bool> {
        self.seen += socket.id().as_str().len();
        Ok(true)
    }

    async fn event_say(&mut self, text: String, limits: State<Limits>) -> Result<usize, Error> {
        self.seen += 1;
        if text.len() > limits.text { Err(Error::new("long", "Too long")) } else { Ok(self.seen) }
    }

    #[event("save it", timeout = "5s")]
    async fn save(&self, text: String, ack: Option<Ack<(usize, usize)>>) -> socketio::Result {
        if let Some(ack) = ack {
            ack.send((text.len(), self.seen))?;
        }
        Ok(())
    }

    #[event("search", concurrent)]
    async fn search(query: String) -> Vec<String> {
        vec![query]
    }

    #[event(fallback)]
    async fn other(&mut self, name: EventName, mut args: Args) -> socketio::Result<(String, Option<u32>)> {
        self.seen += 1;
        Ok((name.to_string(), args.take()?))
    }

    async fn error(&mut self, error: Error) {
        self.seen += error.code().len();
    }

    async fn disconnect(&mut self) {
        self.seen = 0;
    }
}

#[test]
fn the_consumer_is_complete() {
    let events: Vec<_> = <Chat as consumer::Consumer>::EVENTS.iter().map(|event| event.name).collect();
    assert_eq!(events, ["say", "save it", "search", ""]);
}
