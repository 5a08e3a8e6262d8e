//! Values that the options of a [`Builder`](crate::Builder) take.
//!
//! ```
//! use std::time::Duration;
//! use sio::options::{AllowedOrigins, Cookie, Recovery, SameSite, TransportKind};
//! # use sio::prelude::*;
//!
//! # fn main() -> Result<(), sio::error::BuildError> {
//! let server = Server::builder()
//!     .allowed_origins(AllowedOrigins::matching(|origin| origin.ends_with(".example.com")))
//!     .transports([TransportKind::WebSocket])
//!     .cookie(Cookie::new("io").same_site(SameSite::Strict))
//!     .connection_state_recovery(Recovery::default().max_disconnection(Duration::from_secs(60)))
//!     .build()?;
//! # drop(server);
//! # Ok(())
//! # }
//! ```
//!
//! | | for |
//! |---|---|
//! | `Admin`, `AdminMode` | `admin`, with the feature `admin` |
//! | [`AllowedOrigins`] | [`allowed_origins`](crate::Builder::allowed_origins) |
//! | [`Cookie`], [`SameSite`] | [`cookie`](crate::Builder::cookie) |
//! | [`Eio3`] | [`allow_eio3`](crate::Builder::allow_eio3) |
//! | `Files` | `static_files`, with the feature `static-files` |
//! | [`Forwarded`] | [`forwarded`](crate::Builder::forwarded) |
//! | [`Parser`] | [`parser`](crate::Builder::parser) |
//! | [`Recovery`] | [`connection_state_recovery`](crate::Builder::connection_state_recovery) |
//! | [`Shutdown`] | [`shutdown`](crate::Builder::shutdown) |
//! | [`TransportKind`] | [`transports`](crate::Builder::transports) |
//! | [`AllowedHosts`] | [`http::Config`](crate::http::Config); a builder's [`allowed_hosts`](crate::Builder::allowed_hosts) takes a list |

#[doc(no_inline)]
pub use crate::engine::TransportKind;

#[cfg(feature = "admin")]
pub use crate::admin::{Admin, AdminMode};
pub use crate::builder::Eio3;
pub use crate::http::cookie::{Cookie, SameSite};
pub use crate::http::forwarded::Forwarded;
pub use crate::http::hosts::AllowedHosts;
pub use crate::http::origin::AllowedOrigins;
#[cfg(feature = "static-files")]
pub use crate::http::static_files::Files;
pub use crate::parser::Parser;
pub use crate::recovery::Recovery;
pub use crate::server::ShutdownOptions as Shutdown;
