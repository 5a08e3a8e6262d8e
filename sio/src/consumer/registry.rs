//! Which consumers there are: those that `#[consumer]` left in the program, and those given to a builder.
//!
//! The linker brings the former together in no particular order, so they are sorted before anything can see them.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;

use sio_core::name::check_namespace;

use super::{Consumer, Description, EventInfo, StateMap};
use crate::connection::{self, SocketTask};
use crate::error::Problem;

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One consumer, as the server knows it: constants and function pointers.
#[derive(Clone, Copy)]
pub struct Registration {
    pub(crate) namespace: &'static str,
    /// The place of its `#[consumer]`, or where it was given to the builder.
    pub(crate) location: &'static Location<'static>,
    pub(crate) events: &'static [EventInfo],
    /// The type and its name. A function, because neither can be had in a constant.
    identity: fn() -> (TypeId, &'static str),
    describe: fn(&mut Description<'_>),
    /// The life of one socket.
    pub(crate) run: fn(SocketTask) -> BoxFuture,
}

inventory::collect!(Registration);

impl Registration {
    /// Of the consumer `C`, at the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn of<C: Consumer>() -> Self {
        Self {
            namespace: C::NAMESPACE,
            location: Location::caller(),
            events: C::EVENTS,
            identity: || (TypeId::of::<C>(), type_name::<C>()),
            describe: C::describe,
            run: |task| Box::pin(connection::run::<C>(task)),
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        (self.identity)().1
    }

    fn type_id(&self) -> TypeId {
        (self.identity)().0
    }

    /// What is wrong with it by itself.
    fn problems(&self) -> Vec<Problem> {
        let (consumer, location) = (self.type_name(), self.location);
        let namespace = check_namespace(self.namespace).err();
        let namespace = namespace.map(|error| Problem::InvalidNamespace {
            consumer,
            location,
            reason: error.to_string(),
        });
        let key = |event: &EventInfo| (!event.fallback).then_some(event.name);
        let twice =
            self.events.iter().enumerate().filter(|(index, event)| {
                self.events[..*index].iter().any(|earlier| key(earlier) == key(event))
            });
        let twice = twice.map(|(_, event)| Problem::DuplicateEvent { consumer, location, event: key(event) });
        namespace.into_iter().chain(twice).collect()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("namespace", &self.namespace)
            .field("consumer", &self.type_name())
            .field("location", &format_args!("{}", self.location))
            .finish_non_exhaustive()
    }
}

/// The consumers of a server, sorted by namespace, and everything that is wrong with them. `collected`: whether those
/// found in the program take part.
pub(crate) fn collect(explicit: &[Registration], collected: bool) -> (Vec<Registration>, Vec<Problem>) {
    let found = collected.then(|| inventory::iter::<Registration>.into_iter().copied());
    let mut all: Vec<_> = explicit.iter().copied().chain(found.into_iter().flatten()).collect();
    // Stable, and explicit ones come first: of one consumer that is given *and* found, the former stays.
    all.sort_by_key(|registration| (registration.namespace, registration.type_name()));
    all.dedup_by_key(|registration| registration.type_id());

    let mut problems: Vec<_> = all.iter().flat_map(Registration::problems).collect();
    for pair in all.windows(2) {
        let [first, second] = pair else { continue };
        if first.namespace == second.namespace {
            problems.push(Problem::DuplicateNamespace {
                namespace: first.namespace,
                consumers: [(first.type_name(), first.location), (second.type_name(), second.location)],
            });
        }
    }
    (all, problems)
}

/// Every state that a consumer needs and nobody provided.
pub(crate) fn missing_state(consumers: &[Registration], states: &StateMap) -> Vec<Problem> {
    let mut problems = Vec::new();
    for registration in consumers {
        let mut needs = Vec::new();
        (registration.describe)(&mut Description::new(&mut needs));
        let missing = needs.into_iter().filter(|(id, _)| !states.contains(*id));
        problems.extend(missing.map(|(_, state)| Problem::MissingState {
            consumer: registration.type_name(),
            location: registration.location,
            state,
        }));
    }
    problems
}
