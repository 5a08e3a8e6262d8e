use std::fmt;

use sio::error::IntoEventError;

#[derive(Debug)]
struct Muted;

impl fmt::Display for Muted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("muted")
    }
}

impl std::error::Error for Muted {}

// `?` would make an `internal` of it.
impl IntoEventError for Muted {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("muted", "You are muted")
    }
}

fn main() {}
