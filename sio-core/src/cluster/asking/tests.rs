use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const A: NodeId = NodeId::new(1);
const B: NodeId = NodeId::new(2);

fn sid(number: u8) -> Sid {
    Sid::from_random([number; 15])
}

fn page(page: u64, is_last: bool, sids: &[u8]) -> Asked {
    Asked { id: 1, page, is_last, sids: sids.iter().copied().map(sid).collect() }
}

fn answers(sids: &[u8]) -> Answers {
    Answers { id: 1, answers: sids.iter().map(|number| (sid(*number), answer("[1]"))).collect() }
}

fn answer(json: &str) -> Outcome {
    Outcome::Answer { json: json.into(), attachments: vec![] }
}

fn taken(asking: &mut Asking) -> Vec<(Sid, Outcome)> {
    let mut taken: Vec<_> = std::iter::from_fn(|| asking.take()).collect();
    taken.sort_by(|(one, _), (other, _)| one.cmp(other));
    taken
}

#[test]
fn each_socket_comes_to_one_end() {
    let mut asking = Asking::new([A, B], 100, 100);
    asking.asked(A, page(0, false, &[1]));
    asking.asked(A, page(1, true, &[2]));
    asking.answered(A, answers(&[1, 1, 9]));
    asking.answered(B, answers(&[2]));
    assert_eq!((taken(&mut asking), asking.left()), (vec![(sid(1), answer("[1]"))], 1));
    assert!(!asking.is_complete());
    asking.asked(B, page(0, true, &[]));
    asking.answered(A, answers(&[1, 2]));
    assert!(asking.is_complete() && !asking.is_over());
    assert_eq!(taken(&mut asking), [(sid(2), answer("[1]"))]);
    assert!(asking.is_over() && asking.missing().is_empty());
}

#[test]
fn the_sockets_of_a_node_that_dies_are_disconnected() {
    let mut asking = Asking::new([A, B], 100, 100);
    asking.asked(A, page(0, true, &[1, 2]));
    asking.asked(B, page(0, false, &[3]));
    asking.answered(A, answers(&[1]));
    asking.lose(A);
    assert_eq!(asking.missing(), [], "it had listed everybody");
    asking.lose(B);
    assert_eq!(asking.missing(), [B]);
    let lost = |number| (sid(number), Outcome::Disconnected);
    assert_eq!(taken(&mut asking), [(sid(1), answer("[1]")), lost(2), lost(3)]);
    assert!(asking.is_over());
}

#[test]
fn a_node_of_which_a_page_was_lost_is_missing_and_those_it_listed_are_awaited() {
    let mut asking = Asking::new([A], 100, 100);
    asking.asked(A, page(1, true, &[2]));
    assert_eq!(asking.missing(), [A]);
    asking.answered(A, answers(&[1, 2]));
    assert_eq!(taken(&mut asking), [(sid(2), answer("[1]"))]);
    assert!(asking.is_over());
}

#[test]
fn a_client_that_two_nodes_list_is_asked_once() {
    let mut asking = Asking::new([A, B], 100, 100);
    asking.asked(A, page(0, true, &[1]));
    asking.asked(B, page(0, true, &[1]));
    asking.answered(B, answers(&[1]));
    assert_eq!(asking.left(), 1);
    asking.lose(A);
    assert_eq!(taken(&mut asking), [(sid(1), Outcome::Disconnected)]);
}

#[test]
fn sockets_and_bytes_are_bounded() {
    let mut asking = Asking::new([A, B], 3, 7);
    asking.asked(A, page(0, true, &[1, 2, 3]));
    assert_eq!(asking.missing(), []);
    asking.asked(B, page(0, true, &[1, 4]));
    assert_eq!((asking.missing(), asking.left()), (&[B][..], 3));
    asking.answered(A, answers(&[1, 2, 3]));
    let ends = taken(&mut asking);
    assert_eq!(ends.iter().filter(|(_, outcome)| *outcome == Outcome::Refused).count(), 1);
    assert_eq!(asking.bytes, 0);
}

#[test]
fn when_the_time_is_over_nobody_is_awaited() {
    let mut asking = Asking::new([B, A], 100, 100);
    asking.asked(B, page(0, false, &[1]));
    asking.expire();
    assert_eq!(asking.missing(), [A, B]);
    assert_eq!(taken(&mut asking), [(sid(1), Outcome::Timeout)]);
    asking.asked(A, page(0, true, &[2]));
    asking.answered(B, answers(&[1]));
    assert!(asking.is_over());
    assert!(Asking::new([], 0, 0).is_over());
}

proptest! {
    /// In any order of answers, nobody appears twice, and all who were listed appear in the end.
    #[test]
    fn everybody_who_was_listed_appears_once(
        steps in prop::collection::vec((0..5_u8, 0..3_u64, 0..3_u64, any::<bool>(), prop::collection::vec(0..12_u8, 0..4)), 0..40),
    ) {
        let mut asking = Asking::new([A, B], 10, 40);
        let (mut seen, mut listed) = (HashSet::new(), HashSet::new());
        for (step, node, number, is_last, sids) in steps {
            let node = NodeId::new(node);
            match step {
                0 | 1 => {
                    asking.asked(node, page(number, is_last, &sids));
                    listed.extend(asking.sockets.keys().cloned());
                }
                2 => asking.answered(node, answers(&sids)),
                3 => asking.lose(node),
                _ => {
                    for (sid, _) in taken(&mut asking) {
                        prop_assert!(seen.insert(sid));
                    }
                }
            }
            prop_assert!(asking.left() <= 10 && asking.bytes <= 40);
        }
        asking.expire();
        for (sid, _) in taken(&mut asking) {
            prop_assert!(seen.insert(sid));
        }
        prop_assert_eq!(seen, listed);
        prop_assert!(asking.is_over());
    }
}
