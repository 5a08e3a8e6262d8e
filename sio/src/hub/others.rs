//! [`Others`]: the other nodes of the cluster, as hubs and their handles reach them.
//!
//! Without the feature `cluster` there is no such value, and all that is done with one compiles to nothing.

#[cfg(feature = "cluster")]
mod clustered;
#[cfg(not(feature = "cluster"))]
mod none;

#[cfg(feature = "cluster")]
pub(crate) use self::clustered::Others;
#[cfg(not(feature = "cluster"))]
pub(crate) use self::none::Others;
