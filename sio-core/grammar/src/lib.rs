//! Names: which event names are reserved, what a namespace may be called, and how a namespace with parameters is
//! written.
//!
//! `sio-macros` checks names while a program is compiled, `sio` while a server is built, and `sio-core` in packets.
//! This crate is what they share, so that one rule has one place. It has no dependencies, since the macros are built
//! for the machine that compiles. Use it through those crates: `sio_core::name` has all that concerns packets.
//!
//! Socket.IO protocol v5, "packet encoding": a namespace stands between the packet type and a comma, so it begins with
//! `/` and holds no comma; what follows a `?` is a query string and not part of the name.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod pattern;

use std::error::Error;
use std::fmt;

/// Event names that Socket.IO keeps for itself: neither side may emit them.
pub const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// Returns `true` if Socket.IO reserves this name, so that no event may have it.
///
/// # Examples
///
/// ```
/// # use sio_grammar as name;
/// assert!(name::is_reserved("disconnect"));
/// assert!(!name::is_reserved("message"));
/// ```
#[must_use]
pub fn is_reserved(event: &str) -> bool {
    RESERVED.contains(&event)
}

/// Why a text cannot be the name of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// It does not begin with `/`.
    NoSlash,
    /// It holds a comma, which ends the namespace on the wire.
    Comma,
    /// It holds a question mark, which begins a query string.
    QuestionMark,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSlash => "a namespace begins with `/`",
            Self::Comma => "a namespace cannot contain `,`",
            Self::QuestionMark => "a namespace cannot contain `?`",
        })
    }
}

impl Error for NameError {}

/// Checks that a text can be the name of a namespace.
///
/// # Errors
///
/// [`NameError`] says which rule it breaks: it begins with `/` and contains neither `,` nor `?`.
///
/// # Examples
///
/// ```
/// # use sio_grammar as name;
/// use name::{NameError, check_namespace};
///
/// assert_eq!(check_namespace("/chat"), Ok(()));
/// assert_eq!(check_namespace("chat"), Err(NameError::NoSlash));
/// ```
pub fn check_namespace(name: &str) -> Result<(), NameError> {
    if !name.starts_with('/') {
        return Err(NameError::NoSlash);
    }
    match name.bytes().find(|byte| matches!(byte, b',' | b'?')) {
        None => Ok(()),
        Some(b',') => Err(NameError::Comma),
        Some(_) => Err(NameError::QuestionMark),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_matched_exactly() {
        for name in RESERVED {
            assert!(is_reserved(name));
        }
        for name in ["", "Connect", "connect ", "connection", "newlistener"] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn namespaces_are_checked() {
        for name in ["/", "/chat", "/a/b", "/ünï", "/room 1"] {
            assert_eq!(check_namespace(name), Ok(()), "{name}");
        }
        assert_eq!(check_namespace(""), Err(NameError::NoSlash));
        assert_eq!(check_namespace("chat/"), Err(NameError::NoSlash));
        assert_eq!(check_namespace("/a,b?"), Err(NameError::Comma));
        assert_eq!(check_namespace("/a?b,"), Err(NameError::QuestionMark));
    }
}
