use sio::error::IntoEventError;
use sio::error::event_error;

struct NoStandardError;

#[event_error]
impl IntoEventError for NoStandardError {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("no", "No")
    }
}

struct Generic<T>(T);

#[event_error]
impl<T> IntoEventError for Generic<T> {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("no", "No")
    }
}

#[event_error]
impl NoStandardError {}

fn text() -> sio::Result {
    Err("a text")?
}

fn main() {}
