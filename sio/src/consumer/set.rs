//! Sets of handlers that consumers share: [`Handlers`] is what `#[handlers]` implements, and [`SetOf`] a set as a consumer
//! has it, in a field.
//!
//! Everything but the calls happens at compile time, so that a consumer with sets has one table of events like any other.

use std::future::Future;

use super::info::is_same;
use super::{Description, Event, EventInfo, Reply};
use crate::error::Error;

/// A type with handlers for some events, which consumers have as a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of handlers",
    label = "the type of this field has no `#[handlers]` block",
    note = "write one for a type of your own: `#[handlers] impl Presence {{ async fn event_ping(&mut self) {{}} }}`"
)]
pub trait Handlers: Sized + Send + 'static {
    /// The events that it handles, each once, and no fallback.
    const EVENTS: &'static [EventInfo];

    /// Declares what the handlers need.
    fn describe(description: &mut Description<'_>);

    /// Handles an event, or returns `None` if that is not one of its events. `first` is the place of its events among all
    /// those of the consumer.
    fn on_event(
        &mut self,
        event: &mut Event<'_>,
        first: u16,
    ) -> impl Future<Output = Result<Option<Reply>, Error>> + Send {
        let _ = (event, first);
        async { Ok(None) }
    }

    /// As [`on_event`](Self::on_event), for events that are handled beside others.
    fn on_concurrent(
        event: &mut Event<'_>,
        first: u16,
    ) -> impl Future<Output = Result<Option<Reply>, Error>> + Send {
        let _ = (event, first);
        async { Ok(None) }
    }
}

/// Calls [`Handlers::on_concurrent`] of the set that a consumer has in a field. The function that finds it says of which
/// type it is.
pub fn on_concurrent_of<C, H: Handlers>(
    _: fn(&mut C) -> &mut H,
    event: &mut Event<'_>,
    first: u16,
) -> impl Future<Output = Result<Option<Reply>, Error>> + Send {
    H::on_concurrent(event, first)
}

/// One of the sets of a consumer.
#[derive(Debug, Clone, Copy)]
pub struct SetOf {
    /// The name of the field.
    field: &'static str,
    events: &'static [EventInfo],
    describe: fn(&mut Description<'_>),
}

impl SetOf {
    /// Returns what is known of the set in a field, which the function finds.
    #[must_use]
    pub const fn field<C, H: Handlers>(field: &'static str, _: fn(&mut C) -> &mut H) -> Self {
        Self { field, events: H::EVENTS, describe: H::describe }
    }

    /// Declares what the handlers of all sets need.
    pub fn describe(sets: &[Self], description: &mut Description<'_>) {
        for set in sets {
            (set.describe)(description);
        }
    }

    /// Returns the number of all events.
    #[must_use]
    pub const fn count(own: &[EventInfo], sets: &[Self]) -> usize {
        Self::end(own, sets, sets.len())
    }

    /// Returns the place of the first event of a set among all events.
    #[must_use]
    pub const fn first(own: &[EventInfo], sets: &[Self], index: usize) -> u16 {
        let first = Self::end(own, sets, index);
        if first < u16::MAX as usize { first as u16 } else { u16::MAX }
    }

    /// Returns how many events the consumer and the first `count` sets have.
    const fn end(own: &[EventInfo], sets: &[Self], count: usize) -> usize {
        let (mut end, mut index) = (own.len(), 0);
        while index < count {
            end += sets[index].events.len();
            index += 1;
        }
        end
    }

    /// Returns all events, those of the consumer first. `N` is their number.
    #[must_use]
    pub const fn join<const N: usize>(own: &[EventInfo], sets: &[Self]) -> [EventInfo; N] {
        let mut all = [EventInfo::fallback(); N];
        let mut place = 0;
        while place < own.len() {
            all[place] = own[place];
            place += 1;
        }
        let mut index = 0;
        while index < sets.len() {
            let (events, first) = (sets[index].events, place);
            while place < first + events.len() {
                all[place] = events[place - first];
                place += 1;
            }
            index += 1;
        }
        all
    }

    /// Makes the compiler refuse an event of a set that the consumer, or one of the sets before, handles as well.
    ///
    /// # Panics
    ///
    /// If there is one.
    #[track_caller]
    pub const fn check(own: &[EventInfo], sets: &[Self], index: usize) {
        let set = &sets[index];
        let mut earlier = 0;
        while earlier <= index {
            // The consumer itself is the first.
            let before = if earlier == 0 { own } else { sets[earlier - 1].events };
            if let Some(event) = shared(before, set.events) {
                let owner = if earlier == 0 { None } else { Some(sets[earlier - 1].field) };
                panic!("{}", Text::two_handlers(event, owner, set.field).as_str());
            }
            earlier += 1;
        }
    }
}

/// Returns the first event that both lists name.
const fn shared(before: &[EventInfo], events: &[EventInfo]) -> Option<&'static str> {
    let mut index = 0;
    while index < events.len() {
        let mut other = 0;
        while other < before.len() {
            if !before[other].fallback
                && is_same(before[other].name.as_bytes(), events[index].name.as_bytes())
            {
                return Some(events[index].name);
            }
            other += 1;
        }
        index += 1;
    }
    None
}

/// A message that is made by the compiler, which has no `format!`.
struct Text {
    bytes: [u8; Self::MAX],
    length: usize,
}

impl Text {
    const MAX: usize = 1024;

    const fn two_handlers(event: &str, owner: Option<&str>, field: &str) -> Self {
        let text = Self { bytes: [0; Self::MAX], length: 0 };
        let text = text.with("event `").with(event).with("` has two handlers: ");
        let text = match owner {
            None => text.with("the consumer's own"),
            Some(owner) => text.with("one of the set `").with(owner).with("`"),
        };
        text.with(", and one of the set `").with(field).with("`; remove or rename one of them")
    }

    /// Adds a part, if there is room for all of it.
    const fn with(mut self, part: &str) -> Self {
        let part = part.as_bytes();
        if part.len() > Self::MAX - self.length {
            return self;
        }
        let mut index = 0;
        while index < part.len() {
            self.bytes[self.length + index] = part[index];
            index += 1;
        }
        self.length += part.len();
        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "an event has two handlers",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::{Handlers, SetOf, Text};
    use crate::consumer::{Description, EventInfo};

    struct First;

    impl Handlers for First {
        const EVENTS: &'static [EventInfo] = &[EventInfo::new("b"), EventInfo::new("c").concurrent()];

        fn describe(_: &mut Description<'_>) {}
    }

    struct Second;

    impl Handlers for Second {
        const EVENTS: &'static [EventInfo] = &[EventInfo::new("d"), EventInfo::new("")];

        fn describe(_: &mut Description<'_>) {}
    }

    struct Fields(First, Second);

    const OWN: &[EventInfo] = &[EventInfo::new("a"), EventInfo::fallback()];
    const SETS: &[SetOf] = &[
        SetOf::field("first", |fields: &mut Fields| &mut fields.0),
        SetOf::field("second", |fields: &mut Fields| &mut fields.1),
    ];
    const ALL: &[EventInfo] = &SetOf::join::<{ SetOf::count(OWN, SETS) }>(OWN, SETS);

    #[test]
    fn all_events_stand_in_one_table_and_each_set_knows_its_place() {
        assert_eq!(ALL, [OWN, First::EVENTS, Second::EVENTS].concat());
        assert_eq!([0, 1, 2].map(|index| SetOf::first(OWN, SETS, index)), [2, 4, 6]);
        assert_eq!(EventInfo::place(ALL, "c"), 3);
        assert!(EventInfo::any_special(ALL));
    }

    /// A fallback has no name, which is not the same as the empty name.
    #[test]
    fn only_an_event_with_two_handlers_is_refused() {
        SetOf::check(OWN, SETS, 0);
        SetOf::check(OWN, SETS, 1);
        let refused = |own: &'static [EventInfo], sets: &'static [SetOf], index| {
            let panic = catch_unwind(|| SetOf::check(own, sets, index)).expect_err("it is refused");
            *panic.downcast::<String>().expect("a text with an argument")
        };
        let end = "; remove or rename one of them";
        let text = refused(First::EVENTS, SETS, 0);
        assert_eq!(
            text,
            format!("event `b` has two handlers: the consumer's own, and one of the set `first`{end}")
        );
        let text = refused(OWN, const { &[SETS[1], SETS[0], SETS[1]] }, 2);
        assert_eq!(
            text,
            format!("event `d` has two handlers: one of the set `second`, and one of the set `second`{end}")
        );
    }

    #[test]
    fn a_name_for_which_a_message_has_no_room_is_left_out() {
        let long = "ß".repeat(Text::MAX);
        let text = Text::two_handlers(&long, None, "set");
        assert!(text.as_str().starts_with("event `` has two handlers"), "{}", text.as_str());
    }
}
