//! Names: which event names are reserved and what a namespace may be called.
//!
//! Not the matching of dynamic namespaces, which is the server's. The rules stand in the crate `sio-grammar`, which the
//! macros share.
//!
//! # Examples
//!
//! ```
//! use sio_core::name::{NameError, check_namespace, is_reserved};
//!
//! assert!(is_reserved("disconnect"));
//! assert_eq!(check_namespace("/chat"), Ok(()));
//! assert_eq!(check_namespace("chat"), Err(NameError::NoSlash));
//! ```

use std::error::Error;
use std::fmt;

use sio_grammar::pattern;
#[doc(inline)]
pub use sio_grammar::{NameError, RESERVED, check_namespace, is_reserved};

/// A declared event was emitted in a namespace for which it is not declared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongNamespace {
    /// The event.
    pub event: &'static str,
    /// The namespaces for which it is declared.
    pub declared: &'static [&'static str],
    /// The namespace in which it was emitted.
    pub namespace: Box<str>,
}

impl WrongNamespace {
    /// Checks that an event may be emitted in a namespace: one of those that are declared, or one that matches a
    /// pattern among them.
    ///
    /// # Errors
    ///
    /// [`WrongNamespace`] if it may not.
    pub fn check(
        event: &'static str,
        declared: &'static [&'static str],
        namespace: &str,
    ) -> Result<(), Self> {
        // Most events are declared for one path, which is that of the namespace.
        let is_one = declared.contains(&namespace)
            || declared.iter().any(|one| pattern::is_pattern(one) && pattern::matches(one, namespace));
        if is_one { Ok(()) } else { Err(Self { event, declared, namespace: namespace.into() }) }
    }
}

impl fmt::Display for WrongNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, declared, namespace } = self;
        write!(
            f,
            "the event `{event}` is declared for {}, and was emitted in {namespace}",
            declared.join(" and ")
        )
    }
}

impl Error for WrongNamespace {}

#[cfg(test)]
mod tests {
    use super::WrongNamespace;

    #[test]
    fn an_event_is_emitted_where_it_is_declared() {
        let check = |namespace| WrongNamespace::check("news", &["/chat", "/org/{id}"], namespace);
        assert_eq!(check("/chat"), Ok(()));
        assert_eq!(check("/org/7"), Ok(()));
        for wrong in ["/", "/chat/", "/org", "/org/7/8"] {
            let error = check(wrong).unwrap_err();
            let text =
                format!("the event `news` is declared for /chat and /org/{{id}}, and was emitted in {wrong}");
            assert_eq!(error.to_string(), text);
        }
    }
}
