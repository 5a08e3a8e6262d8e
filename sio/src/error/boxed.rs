//! [`Error`] as a [`std::error::Error`], where one is asked for.

use std::error::Error as StdError;
use std::fmt;

use super::{BoxError, Error, Kind};

/// An [`Error`] in a box. It is no public type: with its own `From` it could not be both.
struct Boxed(Error);

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Boxed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source()?;
        // An error that came through `?` is displayed as its cause, which therefore is not repeated as the source.
        if self.0.kind() == Kind::Internal { source.source() } else { Some(source) }
    }
}

/// For functions that return `Box<dyn Error + Send + Sync>`.
///
/// ```no_run
/// use sio::prelude::*;
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let server = Server::builder().build()?;
///     server.serve("127.0.0.1:3000").await?;
///     Ok(())
/// }
/// ```
impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        Box::new(Boxed(error))
    }
}

/// For functions that return `Box<dyn Error>`.
impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        Box::new(Boxed(error))
    }
}
