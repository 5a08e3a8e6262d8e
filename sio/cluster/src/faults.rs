//! [`Faults`] of a broker in memory.

use std::time::Duration;

/// The faults that a [`MemoryBroker`](crate::MemoryBroker) causes at random; the same seed causes the same ones.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio_cluster::Faults;
///
/// let faults = Faults { seed: 7, drop: 0.01, delay: Duration::from_millis(30), ..Faults::default() };
/// assert_eq!(faults.repeat, 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// Decides everything.
    pub seed: u64,
    /// How probably a frame does not reach a receiver.
    pub drop: f64,
    /// How probably a frame reaches a receiver twice.
    pub repeat: f64,
    /// How late a frame may be. Frames do not overtake each other on their way to one receiver.
    pub delay: Duration,
    /// How probably a connection is cut when it publishes.
    pub cut: f64,
}
