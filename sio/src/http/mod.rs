//! HTTP: which request is whose, who may ask, and the hand-over to a session.

pub(crate) mod answer;
mod body;
#[cfg(feature = "static-files")]
mod client_bundle;
#[cfg(feature = "compression")]
mod compression;
mod config;
mod cookie;
mod engine_service;
mod forwarded;
mod health;
mod hooks;
mod hosts;
mod listener;
mod long_polling;
mod mounted;
mod origin;
mod refused;
mod service;
mod site;
#[cfg(feature = "static-files")]
pub(crate) mod static_files;
#[cfg(feature = "tower")]
mod tower;
mod upgrade;

pub(crate) use self::answer::plain;
pub use self::body::ResponseBody;
pub use self::config::Config;
pub use self::cookie::{Cookie, SameSite};
pub(crate) use self::engine_service::AnswerFuture;
pub use self::engine_service::EngineService;
pub use self::forwarded::Forwarded;
pub(crate) use self::health::Health;
pub use self::hooks::Hooks;
pub use self::hosts::AllowedHosts;
pub use self::listener::Listener;
pub use self::mounted::{Mounted, MountedBody, MountedFuture};
pub use self::origin::AllowedOrigins;
pub use self::refused::{Refused, RefusedReason};
pub(crate) use self::service::Beside;
pub use self::service::Service;
pub(crate) use self::site::is_host;
#[cfg(feature = "static-files")]
pub use self::static_files::Files;
#[cfg(feature = "tower")]
pub use self::tower::Layer;
pub use crate::peer::Peer;
