//! Problems that are found before the first client comes.

use crate::consumer::{Consumer, Event, EventInfo};
use crate::error::{BuildError, Problem};
use crate::namespaces::registration::{Registration, collect, missing};
use crate::prelude::*;
use crate::state_map::StateMap;

#[allow(dead_code, reason = "only its type is needed")]
struct Limits {
    text: usize,
}

#[derive(Default)]
struct Needy;

#[consumer(namespace = "/tests/needy")]
impl Needy {
    async fn connect(&mut self, _limits: State<Limits>) {}

    async fn event_say(&mut self, _limits: State<Limits>, _names: State<Vec<String>>) {}

    async fn disconnect(&mut self, _port: State<u16>) {}
}

/// A consumer written by hand, wrong as it pleases.
macro_rules! by_hand {
    ($name:ident, $namespace:literal, $events:expr) => {
        struct $name;

        impl Consumer for $name {
            const NAMESPACE: &'static str = $namespace;
            const EVENTS: &'static [EventInfo] = $events;

            async fn on_connect(_: &mut Event<'_>) -> Result<Self, ConnectError> {
                Ok(Self)
            }
        }
    };
}

by_hand!(First, "/x", &[]);
by_hand!(Second, "/x", &[]);
by_hand!(Other, "/a", &[EventInfo::new(""), EventInfo::fallback()]);
by_hand!(Invalid, "x", &[EventInfo::new("say"), EventInfo::new("other"), EventInfo::new("say")]);

#[test]
fn consumers_are_sorted_and_each_is_there_once() {
    let (all, problems) = collect(&[Registration::of::<First>(), Registration::of::<Other>()], false);
    assert_eq!(all.iter().map(|registration| registration.namespace).collect::<Vec<_>>(), ["/a", "/x"]);
    assert_eq!(problems, []);

    let given = Registration::of::<Needy>();
    let (all, problems) = collect(&[given], true);
    let needy: Vec<_> = all.iter().filter(|registration| registration.namespace == "/tests/needy").collect();
    assert_eq!(needy.len(), 1);
    assert_eq!(needy[0].location, given.location);
    assert_eq!(problems, []);
}

#[test]
fn a_consumer_is_found_with_the_place_of_its_attribute() {
    let (all, _) = collect(&[], true);
    let needy = all.iter().find(|registration| registration.namespace == "/tests/needy").unwrap();
    assert!(needy.location.file().ends_with("registry.rs"));
    let line = include_str!("registry.rs")
        .lines()
        .position(|line| line.contains("namespace = \"/tests/needy\""))
        .unwrap();
    assert_eq!(needy.location.line() as usize, line + 1);
}

#[test]
fn two_consumers_of_one_namespace_are_named_with_their_places() {
    let (_, problems) = collect(&[Registration::of::<First>(), Registration::of::<Second>()], false);
    let line = line!() - 1;
    assert_eq!(problems.len(), 1);
    let text = BuildError::new(problems).to_string();
    assert!(
        text.starts_with("namespace `/x` has two consumers: sio::consumer::tests::registry::First ("),
        "{text}"
    );
    assert!(text.contains(&format!("registry.rs:{line}:")), "{text}");
    assert!(text.contains("registry::Second ("), "{text}");
}

#[test]
fn mistakes_that_only_hands_can_make_are_found_too() {
    let (_, problems) = collect(&[Registration::of::<Invalid>()], false);
    assert!(matches!(&problems[0], Problem::InvalidNamespace { .. }), "{problems:?}");
    assert!(matches!(problems[1], Problem::DuplicateEvent { event: Some("say"), .. }), "{problems:?}");
    assert_eq!(problems.len(), 2);
}

#[test]
fn every_state_that_is_missing_is_reported_once() {
    let needy = [Registration::of::<Needy>()];
    let mut states = StateMap::default();
    states.insert(3000u16);
    let problems = missing(&needy, &states);
    assert_eq!(problems.len(), 2);
    let text = BuildError::new(problems).to_string();
    assert!(text.starts_with("the server cannot start, for 2 reasons\n- "), "{text}");
    assert!(text.contains("registry::Needy ("), "{text}");
    assert!(
        text.contains(
            "needs State<sio::consumer::tests::registry::Limits>; provide it with `Builder::state`"
        ),
        "{text}"
    );
    assert!(text.contains("needs State<alloc::vec::Vec<alloc::string::String>>"), "{text}");

    states.insert(Limits { text: 10 });
    states.insert(Vec::<String>::new());
    assert_eq!(missing(&needy, &states), []);
}

#[derive(Default)]
struct Several;

#[consumer(namespace = ["/tests/several", "/tests/several/{id}"])]
impl Several {
    #[event("joined", "left", rate = "5/s")]
    async fn came_or_went(&mut self, name: EventName, _limits: State<Limits>) -> String {
        name.to_string()
    }
}

#[test]
fn a_consumer_of_several_namespaces_is_registered_in_each_and_lacks_a_state_once() {
    let given = Registration::of::<Several>();
    for collected in [false, true] {
        let (all, problems) = collect(&[given], collected);
        let several: Vec<_> = all.iter().filter(|one| one.type_name() == given.type_name()).collect();
        let namespaces: Vec<_> = several.iter().map(|one| one.namespace).collect();
        assert_eq!(namespaces, ["/tests/several", "/tests/several/{id}"]);
        assert!(several.iter().all(|one| one.location == given.location), "the given one goes before");
        assert_eq!(problems, []);
        if !collected {
            assert_eq!(missing(&all, &StateMap::default()).len(), 1);
        }
    }
    let names: Vec<_> = Several::EVENTS.iter().map(|event| event.name).collect();
    assert_eq!(names, ["joined", "left"]);
    assert!(Several::EVENTS.iter().all(|event| event.rate.is_some()));
}
