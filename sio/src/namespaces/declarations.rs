//! Which events are declared: those that `#[emits]` left in the program, and everything that is wrong with them.

use std::fmt;
use std::panic::Location;

use sio_grammar::pattern;

use super::registration::Registration;
#[cfg(feature = "contract")]
use crate::consumer::shape::Typed;
use crate::error::Problem;

/// A trait with `#[emits]`, as the server knows it.
#[derive(Clone, Copy)]
pub struct Emits {
    /// The path of the trait.
    pub(crate) name: &'static str,
    /// The place of its `#[emits]`.
    pub(crate) location: &'static Location<'static>,
    pub(crate) namespaces: &'static [&'static str],
    pub(crate) events: &'static [SentEvent],
}

/// One of its events.
#[derive(Debug, Clone, Copy)]
pub struct SentEvent {
    pub(crate) name: &'static str,
    #[cfg(feature = "contract")]
    pub(crate) shape: SentShape,
}

/// An argument: its name and its type.
#[cfg(feature = "contract")]
pub(crate) type Argument = (&'static str, fn() -> Typed);

/// The shape of an event, for the contract.
#[cfg(feature = "contract")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentShape {
    pub(crate) docs: &'static str,
    /// The arguments by name.
    pub(crate) args: &'static [Argument],
    /// One, or none if nothing is asked.
    pub(crate) answer: &'static [fn() -> Typed],
}

inventory::collect!(Emits);

impl Emits {
    /// Declares events, at the place of the call.
    #[track_caller]
    #[must_use]
    pub const fn new(
        name: &'static str,
        namespaces: &'static [&'static str],
        events: &'static [SentEvent],
    ) -> Self {
        Self { name, location: Location::caller(), namespaces, events }
    }

    /// Returns the namespaces of both in which one path could be meant, of `self` first.
    fn shared(&self, other: &Self) -> impl Iterator<Item = &'static str> {
        let theirs = other.namespaces;
        self.namespaces.iter().copied().filter(|own| theirs.iter().any(|their| meet(own, their)))
    }
}

impl SentEvent {
    /// Describes an event by its name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            #[cfg(feature = "contract")]
            shape: SentShape { docs: "", args: &[], answer: &[] },
        }
    }

    /// Adds what the contract says of the event.
    #[cfg(feature = "contract")]
    #[must_use]
    pub const fn described(
        mut self,
        docs: &'static str,
        args: &'static [Argument],
        answer: &'static [fn() -> Typed],
    ) -> Self {
        self.shape = SentShape { docs, args, answer };
        self
    }
}

impl fmt::Debug for Emits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emits")
            .field("name", &self.name)
            .field("location", &format_args!("{}", self.location))
            .field("namespaces", &self.namespaces)
            .field("events", &self.events)
            .finish()
    }
}

/// Returns whether there is a path that both name.
pub(crate) fn meet(one: &str, other: &str) -> bool {
    one == other || (pattern::is_pattern(one) || pattern::is_pattern(other)) && pattern::overlap(one, other)
}

/// The declarations of the program, sorted by their names.
pub(crate) fn declarations() -> Vec<Emits> {
    let mut all: Vec<_> = inventory::iter::<Emits>.into_iter().copied().collect();
    all.sort_by_key(|emits| (emits.name, emits.location.file(), emits.location.line()));
    all
}

/// Returns the events that are declared for a namespace.
pub(crate) fn declared_in(declarations: &[Emits], namespace: &str) -> Vec<&'static str> {
    let here = |emits: &&Emits| emits.namespaces.iter().any(|own| meet(own, namespace));
    let mut events: Vec<_> =
        declarations.iter().filter(here).flat_map(|emits| emits.events).map(|event| event.name).collect();
    events.sort_unstable();
    events.dedup();
    events
}

/// Everything that is wrong with them, beside these consumers.
pub(crate) fn problems(declarations: &[Emits], consumers: &[Registration]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, first) in declarations.iter().enumerate() {
        problems.extend(unserved(first, consumers));
        for second in &declarations[index + 1..] {
            problems.extend(first.shared(second).flat_map(|namespace| twice(namespace, first, second)));
        }
    }
    problems
}

/// Namespaces that exist in the declaration only. `/` always exists.
fn unserved<'a>(emits: &'a Emits, consumers: &'a [Registration]) -> impl Iterator<Item = Problem> + use<'a> {
    let is_served = |path: &str| path == "/" || consumers.iter().any(|one| meet(path, one.namespace));
    let unserved = emits.namespaces.iter().copied().filter(move |path| !is_served(path));
    unserved.map(|namespace| Problem::UnservedNamespace {
        namespace,
        declared: (emits.name, emits.location),
        consumers: consumers.iter().map(|one| (one.namespace, one.type_name(), one.location)).collect(),
    })
}

/// Events that both declare for a namespace.
fn twice<'a>(
    namespace: &'static str,
    first: &'a Emits,
    second: &'a Emits,
) -> impl Iterator<Item = Problem> + use<'a> {
    let is_there = |name: &str| second.events.iter().any(|event| event.name == name);
    let both = first.events.iter().map(|event| event.name).filter(move |name| is_there(name));
    both.map(move |event| Problem::DuplicateDeclaration {
        event,
        namespace,
        declared: [(first.name, first.location), (second.name, second.location)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::{Consumer, Event};
    use crate::error::BuildError;
    use crate::prelude::*;

    const NEWS: &[SentEvent] = &[SentEvent::new("news"), SentEvent::new("weather")];
    const OTHERS: &[SentEvent] = &[SentEvent::new("other")];
    const NEWS_TOO: &[SentEvent] = &[SentEvent::new("sports"), SentEvent::new("news")];

    /// A consumer that does nothing.
    macro_rules! silent {
        ($name:ident $namespace:literal) => {
            struct $name;

            impl Consumer for $name {
                const NAMESPACE: &'static str = $namespace;

                async fn on_connect(_: &mut Event<'_>) -> Result<Self, ConnectError> {
                    Ok(Self)
                }
            }
        };
    }

    silent!(Chat "/chat");
    silent!(Org "/org/{id}");

    fn texts(declarations: &[Emits], consumers: &[Registration]) -> Vec<String> {
        let problems = problems(declarations, consumers);
        problems.into_iter().map(|problem| BuildError::new(vec![problem]).to_string()).collect()
    }

    #[test]
    fn an_event_is_declared_once_in_a_namespace_and_both_places_are_named() {
        let consumers = [Registration::of::<Chat>(), Registration::of::<Org>()];
        let first = Emits::new("app::First", &["/", "/chat"], NEWS);
        let second = Emits::new("app::Second", &["/chat", "/org/{id}"], NEWS_TOO);
        let line = line!() - 1;
        let texts_of = |declarations: &[Emits]| texts(declarations, &consumers);
        let both = texts_of(&[first, second]);
        assert_eq!(both.len(), 1, "{both:?}");
        assert!(
            both[0].starts_with("the event `news` is declared twice for `/chat`: by app::First ("),
            "{both:?}"
        );
        assert!(
            both[0].contains(&format!("and app::Second (sio/src/namespaces/declarations.rs:{line}:")),
            "{both:?}"
        );
        // Patterns that could mean one path, and others.
        let pattern = Emits::new("app::Pattern", &["/org/{name}"], NEWS);
        assert_eq!(texts_of(&[second, pattern]).len(), 1);
        assert_eq!(texts_of(&[first, pattern]), [""; 0]);
        let other = Emits::new("app::Other", &["/chat"], OTHERS);
        assert_eq!(texts_of(&[first, other]), [""; 0]);
    }

    #[test]
    fn a_namespace_that_nobody_serves_is_named_with_those_that_are_served() {
        let consumers = [Registration::of::<Chat>(), Registration::of::<Org>()];
        for served in [&["/"], &["/chat"], &["/org/{other}"], &["/org/7"]] {
            assert_eq!(texts(&[Emits::new("app::Served", served, NEWS)], &consumers), [""; 0]);
        }
        let wrong = texts(&[Emits::new("app::Wrong", &["/chat", "/chats"], NEWS)], &consumers);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        let start = "app::Wrong (sio/src/namespaces/declarations.rs:";
        assert!(wrong[0].starts_with(start), "{wrong:?}");
        assert!(wrong[0].contains("declares events for `/chats`, which no consumer serves; "), "{wrong:?}");
        assert!(wrong[0].contains("`/chat` by sio::namespaces::declarations::tests::Chat ("), "{wrong:?}");
        let none = texts(&[Emits::new("app::Wrong", &["/chats"], NEWS)], &[]);
        assert!(
            none[0].ends_with(
                "there is no consumer at all: if it is in a library crate, mention the crate: \
                                   `use my_consumers as _;`"
            ),
            "{none:?}"
        );
    }
}
