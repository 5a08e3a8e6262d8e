//! The Admin UI: a namespace for the pages of `@socket.io/admin-ui`, by which one sees who is connected.
//!
//! Counts come from the counters of the metrics, and cost nothing more. Only in development mode there is an observer,
//! and it leaves notes for a task of its own, which is the only one that speaks to the pages: what they are told is in
//! order, and bounded in a second.

mod consumer;
mod describing;
mod feed;
mod lines;
mod listing;
mod logins;
mod options;
mod panel;
mod sampling;
mod telling;
#[cfg(test)]
mod tests;

pub(crate) use self::consumer::Visitor;
pub use self::options::{Admin, AdminMode};
pub(crate) use self::panel::Panel;

/// The namespace that the UI connects to.
const NAMESPACE: &str = "/admin";
