//! [`EventInfo`]: what is known about an event before its handler runs.

use std::time::Duration;

/// One event that a consumer handles, and how.
///
/// # Examples
///
/// ```
/// use sio::consumer::EventInfo;
///
/// const EVENTS: &[EventInfo] = &[EventInfo::new("say"), EventInfo::new("search").concurrent().timeout_ms(5_000)];
/// assert!(EVENTS[1].concurrent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventInfo {
    /// The name; empty for the fallback.
    pub name: &'static str,
    /// True if this stands for every event without a handler of its own.
    pub fallback: bool,
    /// True if the handler runs beside the others, instead of one after the other.
    pub concurrent: bool,
    /// How long the handler may take. `None`: no limit.
    pub timeout: Option<Duration>,
    /// How large the event may be, in bytes: its JSON with the name, and its attachments. `None`: no limit but
    /// `max_payload`.
    pub max_size: Option<usize>,
    /// How often one client may send the event to the namespace. `None`: no limit.
    pub rate: Option<Rate>,
}

/// A number of events in a period of time, evenly or all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The number of events; at least one.
    pub count: u32,
    /// The period of time.
    pub per: Duration,
}

impl EventInfo {
    /// Describes an event by its name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, fallback: false, concurrent: false, timeout: None, max_size: None, rate: None }
    }

    /// Describes every event that has no handler of its own.
    #[must_use]
    pub const fn fallback() -> Self {
        let mut fallback = Self::new("");
        fallback.fallback = true;
        fallback
    }

    /// Lets the handler run beside the others; [`Consumer::on_concurrent`](crate::consumer::Consumer::on_concurrent) is called.
    #[must_use]
    pub const fn concurrent(mut self) -> Self {
        self.concurrent = true;
        self
    }

    /// Limits how long the handler may take. Then it is dropped, and the client gets the code `timeout`.
    #[must_use]
    pub const fn timeout_ms(mut self, millis: u64) -> Self {
        self.timeout = Some(Duration::from_millis(millis));
        self
    }

    /// Limits how large the event may be. The client of a larger one gets the code `payload_too_large`.
    #[must_use]
    pub const fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Limits how often one client may send the event to the namespace, however often it leaves and joins: `count`
    /// times in `millis` milliseconds. Then the client gets the code `rate_limited`.
    ///
    /// # Panics
    ///
    /// When `count` is 0.
    #[must_use]
    pub const fn rate(mut self, count: u32, millis: u64) -> Self {
        assert!(count > 0, "an event that may never be sent needs no handler");
        self.rate = Some(Rate { count, per: Duration::from_millis(millis) });
        self
    }

    /// Returns the entry for the event `name`: its own or the fallback's.
    pub(crate) fn find(events: &'static [Self], name: &str) -> Option<&'static Self> {
        let named = events.iter().find(|event| !event.fallback && event.name == name);
        named.or_else(|| events.iter().find(|event| event.fallback))
    }

    /// Returns the place of an event among others. For `const` contexts, in generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn place(events: &[Self], name: &str) -> u16 {
        let mut index = 0;
        while index < events.len() && index < u16::MAX as usize {
            if !events[index].fallback && is_same(events[index].name.as_bytes(), name.as_bytes()) {
                return index as u16;
            }
            index += 1;
        }
        u16::MAX
    }

    /// Returns whether any event is special, so that [`find`](Self::find) has to be called. For `const` contexts: an
    /// ordinary consumer pays nothing.
    pub(crate) const fn any_special(events: &[Self]) -> bool {
        let mut index = 0;
        while index < events.len() {
            let Self { concurrent, timeout, max_size, rate, .. } = &events[index];
            if *concurrent || timeout.is_some() || max_size.is_some() || rate.is_some() {
                return true;
            }
            index += 1;
        }
        false
    }
}

/// Compares texts in `const` contexts.
pub(super) const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

#[cfg(test)]
mod tests {
    use super::EventInfo;

    const EVENTS: &[EventInfo] =
        &[EventInfo::new("a"), EventInfo::fallback().timeout_ms(1), EventInfo::new("")];

    #[test]
    fn an_event_is_found_by_its_name_else_the_fallback() {
        assert_eq!(EventInfo::find(EVENTS, "a"), Some(&EVENTS[0]));
        assert_eq!(EventInfo::find(EVENTS, "b"), Some(&EVENTS[1]));
        assert_eq!(EventInfo::find(EVENTS, ""), Some(&EVENTS[2]));
        assert_eq!(EventInfo::find(&EVENTS[..1], "b"), None);
    }

    #[test]
    fn the_place_of_an_event_is_known_at_compile_time() {
        const EVENTS: &[EventInfo] =
            &[EventInfo::new("ab"), EventInfo::fallback(), EventInfo::new("a"), EventInfo::new("")];
        const { assert!(EventInfo::place(EVENTS, "a") == 2 && EventInfo::place(EVENTS, "ab") == 0) };
        const { assert!(EventInfo::place(EVENTS, "") == 3 && EventInfo::place(EVENTS, "abc") == u16::MAX) };
    }

    #[test]
    fn the_ordinary_consumer_needs_no_look_at_the_table() {
        const { assert!(!EventInfo::any_special(&[EventInfo::new("a")])) };
        const { assert!(EventInfo::any_special(EVENTS)) };
        const { assert!(EventInfo::any_special(&[EventInfo::new("a"), EventInfo::new("b").concurrent()])) };
    }
}
