//! The messages between the nodes of a cluster, and what each node knows of the others.
//!
//! A cluster is several servers that act as one. They share a broker, to which each publishes [frames](frame). Nothing
//! here connects to anything or looks at a clock: bytes come in as slices, and the time as an argument.
//!
//! * [`frame`]: the header of a frame, and the kinds of them. The modules [`broadcast`], [`ask`] and [`message`] have
//!   the bodies; [`bundle`] puts many frames into one.
//! * [`lane`]: numbers of frames, by which receivers find repeats and losses.
//! * [`room_topic`]: under which of a few names an event for a room goes.
//! * [`node`]: how a node is named, and what it says of itself.
//! * [`members`]: which nodes are alive.
//! * [`gather`]: which answers a request still waits for, and [`asking`]: which answers of sockets.
//! * [`key`]: the proof in ids that name the node that made them.
//! * [`signature`]: the proof that a message comes from the cluster.
//! * [`token`]: the proof that a request comes from another node.
//! * [`foreign`]: the terms that servers of all other kinds share. Each kind has a module and a feature.

pub mod ask;
pub mod asking;
pub mod broadcast;
pub mod bundle;
pub mod foreign;
pub mod frame;
pub mod gather;
pub mod key;
pub mod lane;
pub mod members;
pub mod message;
pub mod node;
#[cfg(feature = "node")]
pub mod node_js;
#[cfg(feature = "python")]
pub mod python;
pub mod room_topic;
pub mod signature;
pub mod token;
mod wire;
