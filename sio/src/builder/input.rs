//! How much of one client's input may wait, and how fast it may come.

use super::Builder;

impl Builder {
    /// Sets how many events of one socket may wait for their handlers; when there are as many, the server stops
    /// reading from that client until one has ended. Default 128.
    pub fn incoming_events(mut self, events: usize) -> Self {
        self.options.incoming_events = events;
        self
    }

    /// Sets how many bytes of events may wait for one client in all of its namespaces together, before the server
    /// stops reading from it. Events that are being handled count, and so do attachments of an incomplete packet. At
    /// least one; default four times [`max_payload`](Self::max_payload).
    ///
    /// A single packet may be larger, with its attachments. It is taken when there is no other.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// // Three events of the largest size may wait, or a thousand of 3,000 bytes.
    /// let builder = Server::builder().incoming_events(1_000).incoming_bytes(3_000_000);
    /// # drop(builder);
    /// ```
    pub fn incoming_bytes(mut self, bytes: usize) -> Self {
        self.options.incoming_bytes = Some(bytes);
        self
    }

    /// Sets how many events per second one client may send to one namespace, evenly or all at once; further ones do
    /// not reach their handlers, and are answered with the code `rate_limited`. Leaving and joining again does not
    /// reset the count. An event's own `rate` applies in addition. Default unlimited.
    pub fn events_per_second(mut self, events: u32) -> Self {
        self.options.events_per_second = Some(events);
        self
    }
}
