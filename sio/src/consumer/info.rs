//! [`EventInfo`]: what is known about an event before its handler runs.

use std::time::Duration;

/// One event that a consumer handles, and how.
///
/// # Examples
///
/// ```
/// use sio::EventInfo;
///
/// const EVENTS: &[EventInfo] = &[EventInfo::new("say"), EventInfo::new("search").concurrent().timeout_ms(5_000)];
/// assert!(EVENTS[1].concurrent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventInfo {
    /// The name; empty for the fallback.
    pub name: &'static str,
    /// Whether this stands for every event without a handler of its own.
    pub fallback: bool,
    /// Whether the handler runs beside the others, instead of one after the other.
    pub concurrent: bool,
    /// How long the handler may take. `None`: no limit.
    pub timeout: Option<Duration>,
}

impl EventInfo {
    /// An event by its name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, fallback: false, concurrent: false, timeout: None }
    }

    /// Every event that has no handler of its own.
    #[must_use]
    pub const fn fallback() -> Self {
        Self { name: "", fallback: true, concurrent: false, timeout: None }
    }

    /// Lets the handler run beside the others; [`Consumer::on_concurrent`](crate::Consumer::on_concurrent) is called.
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

    /// What is known about the event `name`: its own entry or the fallback's.
    pub(crate) fn find(events: &'static [Self], name: &str) -> Option<&'static Self> {
        let named = events.iter().find(|event| !event.fallback && event.name == name);
        named.or_else(|| events.iter().find(|event| event.fallback))
    }

    /// Whether any event is special, so that [`find`](Self::find) has to be asked. For `const` contexts: the
    /// ordinary consumer pays nothing.
    pub(crate) const fn any_special(events: &[Self]) -> bool {
        let mut index = 0;
        while index < events.len() {
            if events[index].concurrent || events[index].timeout.is_some() {
                return true;
            }
            index += 1;
        }
        false
    }
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
    fn the_ordinary_consumer_needs_no_look_at_the_table() {
        const { assert!(!EventInfo::any_special(&[EventInfo::new("a")])) };
        const { assert!(EventInfo::any_special(EVENTS)) };
        const { assert!(EventInfo::any_special(&[EventInfo::new("a"), EventInfo::new("b").concurrent()])) };
    }
}
