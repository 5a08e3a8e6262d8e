//! [`ErrorCodes`]: the codes of an error type, for those who describe the server to its clients.

/// The codes with which an error type appears at clients, for the contract of the program.
///
/// Where the error of a handler's `Result` has this trait, clients see exactly these codes and those of `sio` for its
/// event; otherwise an error may have any code. Nothing is changed at run time, and nothing checks that the list is
/// complete: write it beside [`IntoEventError`](crate::error::IntoEventError). Codes of a middleware that refuses
/// the event belong in the list too.
///
/// # Examples
///
/// ```
/// use sio::error::{ErrorCodes, IntoEventError};
///
/// enum ChatError {
///     Muted,
///     TooLong,
/// }
///
/// impl ErrorCodes for ChatError {
///     const CODES: &'static [&'static str] = &["muted", "too_long"];
/// }
///
/// impl IntoEventError for ChatError {
///     fn into_event_error(self) -> sio::Error {
///         match self {
///             Self::Muted => sio::Error::new("muted", "You are muted"),
///             Self::TooLong => sio::Error::new("too_long", "Say less"),
///         }
///     }
/// }
/// ```
pub trait ErrorCodes {
    /// The codes, each once.
    const CODES: &'static [&'static str];
}
