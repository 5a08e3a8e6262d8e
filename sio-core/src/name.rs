//! Names: which event names are reserved and what a namespace may be called.
//!
//! Not the matching of dynamic namespaces, which is the server's. Socket.IO protocol v5, "packet encoding": a
//! namespace stands between the packet type and a comma, so it begins with `/` and holds no comma; what follows a `?`
//! is a query string and not part of the name.

/// Event names that Socket.IO keeps for itself: neither side may emit them.
pub const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// Whether an event may not have this name because Socket.IO keeps it for itself.
///
/// # Examples
///
/// ```
/// assert!(sio_core::name::is_reserved("disconnect"));
/// assert!(!sio_core::name::is_reserved("message"));
/// ```
#[must_use]
pub fn is_reserved(event: &str) -> bool {
    RESERVED.contains(&event)
}

/// Why a text cannot be the name of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It does not begin with `/`.
    #[error("a namespace begins with `/`")]
    NoSlash,
    /// It holds a comma, which ends the namespace on the wire.
    #[error("a namespace cannot contain `,`")]
    Comma,
    /// It holds a question mark, which begins a query string.
    #[error("a namespace cannot contain `?`")]
    QuestionMark,
}

/// Checks that a text can be the name of a namespace.
///
/// # Errors
///
/// [`NameError`] says which rule it breaks: it begins with `/` and contains neither `,` nor `?`.
///
/// # Examples
///
/// ```
/// use sio_core::name::{NameError, check_namespace};
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
