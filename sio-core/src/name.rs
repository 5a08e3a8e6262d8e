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

#[doc(inline)]
pub use sio_grammar::{NameError, RESERVED, check_namespace, is_reserved};
