//! Counters of what goes wrong, and of what goes right.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// How often something has happened since the start.
        ///
        /// # Examples
        ///
        /// ```
        /// let counts = sio_cluster::Counts::default();
        /// assert_eq!((counts.sent, counts.held_dropped), (0, 0));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $($name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn read(&self) -> Counts {
                Counts { $($name: self.$name.load(Relaxed),)* }
            }

            $(
                #[allow(dead_code, reason = "what the sink drops is counted there")]
                pub(crate) fn $name(&self, more: u64) {
                    self.$name.fetch_add(more, Relaxed);
                }
            )*
        }
    };
}

counters! {
    /// Frames that the broker has taken; those that were sent again count again.
    sent,
    /// Frames that have arrived from other nodes.
    received,
    /// Frames that were sent again after a reconnect.
    resent,
    /// Frames that were held while there was no broker, and dropped for their age or their number.
    held_dropped,
    /// Frames that were dropped because more was published than the broker took.
    queue_dropped,
    /// Volatile frames that were dropped because there was no broker.
    volatile_dropped,
    /// Frames that were dropped because more arrived than was received.
    sink_dropped,
    /// Frames that came again, and were not taken.
    repeats,
    /// Frames that are missing from other nodes.
    lost,
    /// Payloads that were no frames, or frames of another version.
    malformed,
    /// Messages that were refused: nobody who knows the secret has signed them, or long ago.
    forged,
    /// Frames of a kind that is not known here.
    unknown,
    /// Requests that were not answered because their time had run out.
    late,
    /// Requests that were not answered because too many were being answered.
    refused,
    /// Messages that have arrived from clusters of other kinds.
    foreign,
    /// Messages of clusters of other kinds that could not be understood.
    foreign_malformed,
    /// Messages to clusters of other kinds that may not have arrived: those servers cannot tell what comes twice, so
    /// nothing is sent to them again.
    foreign_dropped,
    /// How often the connection to the broker was lost.
    cuts,
}
