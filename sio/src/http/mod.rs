//! HTTP: the services and the layer that put Socket.IO into another server, and listeners of your own.
//!
//! A program that calls [`serve`](crate::serve()) needs nothing of it. [`Server::service`](crate::Server::service) and,
//! with the feature `tower`, `Server::layer` are for programs whose connections belong to hyper, axum or another
//! server; [`Service::or`] puts Socket.IO in front of one that has its own routes:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use hyper::{Request, Response};
//! use sio::prelude::*;
//!
//! # fn example(server: &Server) {
//! let hello = hyper::service::service_fn(async |_: Request<hyper::body::Incoming>| {
//!     Ok::<_, Infallible>(Response::new(String::from("Hello")))
//! });
//! let service = server.service().or(hello);
//! # drop(service);
//! # }
//! ```
//!
//! | | |
//! |---|---|
//! | [`Service`], [`ResponseBody`] | a server as a service of hyper, and with the feature `tower` of tower |
//! | [`Mounted`], [`MountedBody`], [`MountedFuture`] | the same in front of another service |
//! | `Layer` | the same as a layer, with the feature `tower` |
//! | [`Listener`] | the source of the connections for [`Server::serve_with`](crate::Server::serve_with) |
//! | [`Peer`] | the address of a client, for requests that another server has read |
//! | [`EngineService`], [`Config`], [`Hooks`] | the service of an [`Engine`](crate::engine::Engine) alone |
//! | [`shutdown_signal`] | Ctrl-C and SIGTERM, for programs that listen by themselves |
//! | `rustls` | the crate that `Server::serve_tls` takes its configuration from, with the feature `tls` |
//!
//! The options of a [`Builder`](crate::Builder) decide which requests are answered; their values are in
//! [`options`](crate::options).

pub(crate) mod answer;
#[cfg(feature = "static-files")]
mod beneath;
mod body;
#[cfg(feature = "static-files")]
mod client_bundle;
#[cfg(feature = "compression")]
mod compression;
mod config;
pub(crate) mod cookie;
#[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "a server by itself passes nothing on"))]
mod elsewhere;
mod engine_service;
mod extensions;
#[cfg(feature = "contract")]
mod fixed;
pub(crate) mod forwarded;
mod health;
mod hooks;
pub(crate) mod hosts;
mod listener;
mod long_polling;
mod mounted;
mod opening;
pub(crate) mod origin;
pub(crate) mod refused;
mod service;
pub(crate) mod site;
#[cfg(feature = "static-files")]
pub(crate) mod static_files;
mod stop_signals;
#[cfg(feature = "tower")]
mod tower;
mod upgrade;
#[cfg(feature = "webtransport")]
pub(crate) mod webtransport;

pub(crate) use self::answer::plain;
pub use self::body::ResponseBody;
pub use self::config::Config;
pub(crate) use self::cookie::Cookie;
#[cfg(feature = "cluster")]
pub(crate) use self::elsewhere::{Asked, Elsewhere, Failed, Passing, RELEASE, Sender, Sent, Way};
pub(crate) use self::engine_service::AnswerFuture;
pub use self::engine_service::EngineService;
#[cfg(feature = "contract")]
pub(crate) use self::fixed::Fixed;
pub(crate) use self::forwarded::Forwarded;
pub(crate) use self::health::{Health, MetricsPage};
pub use self::hooks::Hooks;
pub use self::listener::Listener;
pub use self::mounted::{Mounted, MountedBody, MountedFuture};
pub(crate) use self::origin::AllowedOrigins;
pub(crate) use self::refused::Refused;
pub(crate) use self::service::Beside;
pub use self::service::Service;
pub(crate) use self::site::is_host;
#[cfg(feature = "static-files")]
pub(crate) use self::static_files::Files;
pub use self::stop_signals::shutdown_signal;
pub(crate) use self::stop_signals::{StopSignals, TERMINATE};
#[cfg(feature = "tower")]
pub use self::tower::Layer;
pub use crate::peer::Peer;
/// The version of rustls that `Server::serve_tls` takes its configuration from, with ring as the only provider.
#[cfg(feature = "tls")]
pub use tokio_rustls::rustls;
