//! Which consumers there are: those that `#[consumer]` left in the program, and those given to a builder.
//!
//! The linker brings the former together in no particular order, so they are sorted before anything can see them.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sio_core::args::Args;
use sio_core::name::check_namespace;
use sio_grammar::pattern;

use super::Door;
#[cfg(feature = "contract")]
use crate::consumer::shape::Handlers;
use crate::consumer::{Consumer, Description, EventInfo, Needs};
use crate::error::Problem;
use crate::handle::socket::Socket;
use crate::hub::member::Member;
use crate::log_limiter::LogLimiter;
use crate::params::{Params, PathError};
use crate::state_map::StateMap;
use crate::watchdog::Watchdog;

/// The task of one socket, polled by the task of its session.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A socket, and the door that it came in by.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) socket: Socket,
    pub(crate) door: Arc<Door>,
}

/// The data with which the task of a new socket begins.
pub(crate) struct SocketTask {
    pub(crate) seat: Seat,
    pub(crate) auth: Option<Args>,
    /// How the client was here before, if it has come back.
    pub(crate) before: Option<Arc<Member>>,
}

/// One consumer, as the server knows it: constants and function pointers.
#[derive(Clone, Copy)]
pub struct Registration {
    /// The namespace of this registration: one of `namespaces`.
    pub(crate) namespace: &'static str,
    namespaces: &'static [&'static str],
    /// The place of its `#[consumer]`, or where it was given to the builder.
    pub(crate) location: &'static Location<'static>,
    pub(crate) events: &'static [EventInfo],
    /// The type and its name. A function, because neither can be had in a constant.
    identity: fn() -> (TypeId, &'static str),
    describe: fn(&mut Description<'_>),
    /// The life of one socket.
    pub(crate) run: fn(SocketTask) -> Running,
}

inventory::collect!(Registration);

impl Registration {
    /// Of the consumer `C`, whose sockets live as `run` says, at the place of the call.
    #[track_caller]
    pub(crate) const fn new<C: Consumer>(run: fn(SocketTask) -> Running) -> Self {
        const { assert!(!C::NAMESPACES.is_empty(), "a consumer has at least one namespace") };
        Self {
            namespace: C::NAMESPACE,
            namespaces: C::NAMESPACES,
            location: Location::caller(),
            events: C::EVENTS,
            identity: || (TypeId::of::<C>(), type_name::<C>()),
            describe: C::describe,
            run,
        }
    }

    /// Returns one registration for each namespace.
    fn each(self) -> impl Iterator<Item = Self> {
        self.namespaces.iter().map(move |namespace| Self { namespace, ..self })
    }

    pub(crate) fn type_name(&self) -> &'static str {
        (self.identity)().1
    }

    /// Returns what its handlers need.
    pub(crate) fn needs(&self) -> Needs {
        Description::collect(self.describe)
    }

    /// Returns what its handlers take and answer with.
    #[cfg(feature = "contract")]
    pub(crate) fn handlers(&self) -> Handlers {
        Description::handlers(self.describe)
    }

    fn type_id(&self) -> TypeId {
        (self.identity)().0
    }

    /// Returns the problems of this registration by itself.
    fn problems(&self) -> Vec<Problem> {
        let (consumer, location) = (self.type_name(), self.location);
        let namespace = check_namespace(self.namespace).map_err(|error| error.to_string());
        let namespace =
            namespace.and_then(|()| pattern::check(self.namespace).map_err(|error| error.to_string()));
        let namespace =
            namespace.err().map(|reason| Problem::InvalidNamespace { consumer, location, reason });
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

/// The consumers of a server, sorted by namespace, and everything that is wrong with them. `collect`: whether those
/// found in the program take part.
pub(crate) fn collect(explicit: &[Registration], collected: bool) -> (Vec<Registration>, Vec<Problem>) {
    let found = collected.then(|| inventory::iter::<Registration>.into_iter().copied());
    let all = explicit.iter().copied().chain(found.into_iter().flatten());
    let mut all: Vec<_> = all.flat_map(Registration::each).collect();
    // Stable, and explicit ones come first: of one consumer that is given *and* found, the former stays.
    all.sort_by_key(|registration| (registration.namespace, registration.type_name()));
    all.dedup_by_key(|registration| (registration.namespace, registration.type_id()));

    let mut problems = once_each(all.iter().flat_map(Registration::problems));
    for (index, first) in all.iter().enumerate() {
        problems.extend(all[index + 1..].iter().filter_map(|second| clash(first, second)));
    }
    (all, problems)
}

/// Returns the watchdog over the handlers of these consumers.
pub(crate) fn watchdog(all: &[Registration], after: Duration, logs: LogLimiter) -> Arc<Watchdog> {
    let namespaces = all.iter().map(|consumer| (consumer.namespace, consumer.events)).collect();
    Watchdog::new(after, namespaces, logs)
}

/// Two consumers that a path could mean.
fn clash(first: &Registration, second: &Registration) -> Option<Problem> {
    let consumers = [(first.type_name(), first.location), (second.type_name(), second.location)];
    if first.namespace == second.namespace {
        return Some(Problem::DuplicateNamespace { namespace: first.namespace, consumers });
    }
    let namespaces = [first.namespace, second.namespace];
    let is_valid = |namespace: &str| pattern::is_pattern(namespace) && pattern::check(namespace).is_ok();
    (namespaces.into_iter().all(is_valid) && pattern::overlap(first.namespace, second.namespace))
        .then_some(Problem::OverlappingNamespaces { namespaces, consumers })
}

/// Everything that a consumer needs and that is not there: a state, a parameter of its namespace.
pub(crate) fn missing(consumers: &[Registration], states: &StateMap) -> Vec<Problem> {
    once_each(consumers.iter().flat_map(|registration| missing_of(registration, states)))
}

/// Drops repetitions: a consumer lacks the same in each of its namespaces.
fn once_each(all: impl Iterator<Item = Problem>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for problem in all {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

fn missing_of(registration: &Registration, states: &StateMap) -> Vec<Problem> {
    let (consumer, location) = (registration.type_name(), registration.location);
    let needs = registration.needs();
    let all_states = states;
    let states = needs.states.iter().filter(|(id, _)| !all_states.contains(*id));
    let states = states.map(|(_, state)| Problem::MissingState {
        consumer,
        location,
        state,
        provided: all_states.type_names(),
    });
    // Tried with some values: whether the parameters are the right ones does not depend on them.
    let sample = Params::new(pattern::names(registration.namespace).map(|name| (name, "1")));
    let paths = needs.paths.iter().filter_map(|need| match (need.check)(&sample) {
        Err(PathError::Shape(reason)) => {
            let reason =
                format!("Path<{}> does not fit {:?}: {reason}", need.type_name, registration.namespace);
            Some(Problem::InvalidNamespace { consumer, location, reason })
        }
        Ok(()) | Err(PathError::Value(_)) => None,
    });
    states.chain(paths).collect()
}
