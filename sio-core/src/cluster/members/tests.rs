use super::*;
use crate::cluster::key::{Owner, ProofKey};
use crate::id::Sid;

const ME: NodeId = NodeId::new(1);
const A: NodeId = NodeId::new(2 << 60);
const B: NodeId = NodeId::new(3 << 60);

fn hello(node: NodeId) -> Hello {
    Hello::new(Tag::of(node), ProofKey::from_random([(node.get() >> 56) as u8; 16]))
}

fn named(node: NodeId, name: &str, started: u64) -> Hello {
    Hello { name: name.to_owned(), started, ..hello(node) }
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

/// A node that has its broker, and the time at which it began.
fn members() -> (Members, Instant) {
    let start = Instant::now();
    let mut members = Members::new(ME, hello(ME), start);
    members.hears(start);
    (members, start)
}

/// Ticks every second until then; what has changed, and when.
fn run(members: &mut Members, start: Instant, seconds: std::ops::Range<u64>) -> Vec<(u64, Change)> {
    let mut changes = Vec::new();
    for second in seconds {
        let changed = members.tick(start + Duration::from_secs(second));
        changes.extend(changed.into_iter().map(|change| (second, change)));
    }
    changes
}

#[test]
fn a_silent_node_is_suspect_after_9_seconds_and_dead_after_12() {
    let (mut members, start) = members();
    assert_eq!(members.introduced(A, hello(A), 5, start), [Change::Up(A)]);
    assert_eq!(run(&mut members, start, 1..9), []);
    assert_eq!(members.trusted().collect::<Vec<_>>(), [A]);
    assert_eq!(run(&mut members, start, 9..12), []);
    assert_eq!(members.trusted().count(), 0);
    assert!(members.get(A).unwrap().is_suspect);
    assert_eq!(run(&mut members, start, 12..14), [(12, Change::Down { node: A, why: Why::Silent })]);
    assert!(members.is_empty());
}

#[test]
fn whatever_is_heard_of_a_node_shows_that_it_lives() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    for second in 1..60 {
        if second % 10 == 0 {
            members.heard(A, start + Duration::from_secs(second));
            assert_eq!(members.trusted().count(), 1);
        }
        assert_eq!(members.tick(start + Duration::from_secs(second)), []);
    }
    members.heard(B, start);
    assert_eq!(members.len(), 1, "a node without an introduction is no member");
}

#[test]
fn a_node_that_says_so_leaves_at_once() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    assert_eq!(members.left(A, start), Some(Change::Down { node: A, why: Why::Left }));
    assert_eq!(members.left(A, start), None);
}

#[test]
fn a_later_run_of_a_name_replaces_the_earlier_one() {
    let (mut members, start) = members();
    members.introduced(A, named(A, "web-1", 10), 0, start);
    let changes = members.introduced(B, named(B, "web-1", 20), 0, start);
    assert_eq!(changes, [Change::Down { node: A, why: Why::Replaced }, Change::Up(B)]);
}

#[test]
fn two_live_nodes_of_one_name_stay_and_are_told() {
    let (mut members, start) = members();
    members.introduced(B, named(B, "web-1", 20), 0, start);
    let both = [Change::Differs { node: A, what: Difference::Name }, Change::Up(A)];
    assert_eq!(members.introduced(A, named(A, "web-1", 10), 0, start), both);
    assert_eq!(members.introduced(B, named(B, "web-1", 20), 0, start), [], "heard again");
    assert_eq!(members.len(), 2);
}

#[test]
fn nodes_without_a_name_do_not_replace_each_other() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    assert_eq!(members.introduced(B, hello(B), 0, start), [Change::Up(B)]);
}

#[test]
fn nobody_is_judged_without_a_broker_and_the_time_does_not_count() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    run(&mut members, start, 1..8);
    members.deaf(start + seconds(8.0));
    assert_eq!(run(&mut members, start, 8..100), []);
    members.hears(start + seconds(100.0));
    // 8 s of silence before, a heartbeat in which nobody is judged, and what is left of the 12 s.
    assert_eq!(run(&mut members, start, 100..110), [(104, Change::Down { node: A, why: Why::Silent })]);
}

#[test]
fn the_time_in_which_the_process_stood_still_does_not_count() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    run(&mut members, start, 1..6);
    assert!(members.stood_still(start + seconds(20.0)));
    assert_eq!(run(&mut members, start, 20..24), []);
    assert_eq!(members.trusted().count(), 1);
    members.heard(A, start + seconds(22.0));
    assert_eq!(run(&mut members, start, 24..34), []);
}

#[test]
fn a_node_that_could_not_be_reached_is_suspect_until_it_is_heard() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    members.distrust(A);
    assert_eq!(members.trusted().count(), 0);
    members.heard(A, start);
    assert_eq!(members.trusted().count(), 1);
}

#[test]
fn of_two_nodes_with_one_tag_the_younger_takes_another() {
    let (mut members, start) = members();
    members.hello_mut().started = 10;
    let clash = |started| Hello { tag: Tag::of(ME), started, ..hello(A) };
    let changes = members.introduced(A, clash(5), 0, start);
    assert_eq!(changes, [Change::Up(A), Change::TakeTag(A)]);
    members.left(A, start);
    let changes = members.introduced(A, clash(15), 0, start);
    assert_eq!(changes, [Change::Up(A), Change::Differs { node: A, what: Difference::Tag }]);
}

#[test]
fn what_has_to_be_the_same_on_all_nodes_is_compared() {
    let (mut members, start) = members();
    members.hello_mut().namespaces = vec!["/".into(), "/chat".into()];
    let same = Hello { namespaces: vec!["/chat".into(), "/".into()], ..hello(A) };
    assert_eq!(members.introduced(A, same, 0, start), [Change::Up(A)], "in another order");
    let other =
        Hello { namespaces: vec!["/shop".into()], recovery: true, parser: "msgpack".into(), ..hello(B) };
    let told: Vec<_> = members
        .introduced(B, other, 0, start)
        .into_iter()
        .filter_map(|change| match change {
            Change::Differs { what, .. } => Some(what),
            _ => None,
        })
        .collect();
    assert_eq!(told, [Difference::Parser, Difference::Recovery, Difference::Namespaces]);
}

#[test]
fn the_owner_of_an_id_is_found_by_tag_and_proof() {
    let (mut members, start) = members();
    members.introduced(A, hello(A), 0, start);
    let owner = Owner { tag: Tag::of(A), key: hello(A).key };
    let sid: Sid = owner.make([4; 9]);
    assert_eq!(members.owner_of(&sid), Some(A));
    let forged: Sid = Owner { key: hello(B).key, ..owner }.make([4; 9]);
    assert_eq!(members.owner_of(&forged), None);
    assert_eq!(members.owner_left_at(&sid), None);
    let left = start + seconds(1.0);
    members.left(A, left);
    assert_eq!(members.owner_of(&sid), None, "the id of a node that has gone");
    assert_eq!((members.owner_left_at(&sid), members.owner_left_at(&forged)), (Some(left), None));
}

#[test]
fn everybody_was_heard_since() {
    let (mut members, start) = members();
    assert!(members.all_heard_since(start));
    members.introduced(A, hello(A), 0, start);
    members.introduced(B, hello(B), 0, start);
    members.heard(A, start + seconds(1.0));
    assert!(!members.all_heard_since(start + seconds(1.0)));
    members.heard(B, start + seconds(2.0));
    assert!(members.all_heard_since(start + seconds(1.0)));
}

#[test]
fn members_are_bounded() {
    let (mut members, start) = members();
    for number in 0..MAX_MEMBERS as u64 + 10 {
        members.introduced(NodeId::new(number << 34 | 7), hello(A), 0, start);
    }
    assert_eq!(members.len(), MAX_MEMBERS);
}
