//! [`Others`]: the other nodes of the cluster, as hubs and their handles reach them.
//!
//! Without the feature `cluster` there is no such value, and all that is done with one compiles to nothing.

#[cfg(feature = "cluster")]
mod clustered;
#[cfg(not(feature = "cluster"))]
mod none;

#[cfg(feature = "cluster")]
mod elsewhere;
#[cfg(feature = "cluster")]
mod foreign;
#[cfg(feature = "cluster")]
mod node_js;
#[cfg(feature = "cluster")]
mod queries;

#[cfg(feature = "cluster")]
pub(crate) use self::clustered::Others;
#[cfg(feature = "cluster")]
pub(crate) use self::elsewhere::{Elsewhere, outcome};
#[cfg(feature = "cluster")]
pub(crate) use self::node_js::described;
#[cfg(not(feature = "cluster"))]
pub(crate) use self::none::{Elsewhere, Event, Others};
#[cfg(feature = "cluster")]
pub(crate) use self::queries::{PRESENCE, answer, change_of, path_of};
#[cfg(feature = "cluster")]
pub(crate) use sio_cluster::Event;

#[cfg(all(test, feature = "cluster"))]
mod tests;
