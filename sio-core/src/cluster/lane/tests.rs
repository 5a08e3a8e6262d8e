use super::*;

const NODE: NodeId = NodeId::new(1);

#[test]
fn a_lane_to_one_node_begins_with_zero_if_its_sender_is_known() {
    let now = Instant::now();
    let mut lanes = Incoming::default();
    assert_eq!(lanes.reach(NODE, LANE_ALL, 40, now), 0);
    assert_eq!(lanes.take(NODE, 3, 2, now), Arrival::New { lost: 2 });
    // The loss of an only frame, which the next heartbeat tells.
    assert_eq!(lanes.reach(NODE, 4, 1, now), 1);
}

#[test]
fn a_lane_to_one_node_begins_anywhere_if_its_sender_is_unknown() {
    let now = Instant::now();
    let mut lanes = Incoming::default();
    assert_eq!(lanes.take(NODE, 3, 200, now), Arrival::New { lost: 0 });
    assert_eq!(lanes.take(NODE, LANE_ALL, 70, now), Arrival::New { lost: 0 });
}

#[test]
fn a_place_is_kept_for_ten_minutes() {
    let now = Instant::now();
    let mut lanes = Incoming::default();
    lanes.take(NODE, LANE_ALL, 1, now);
    lanes.forget(now + KEPT - Duration::from_millis(1));
    assert_eq!(lanes.take(NODE, LANE_ALL, 5, now), Arrival::New { lost: 3 });
    lanes.forget(now + KEPT);
    assert_eq!(lanes.take(NODE, LANE_ALL, 900, now + KEPT), Arrival::New { lost: 0 });

    let mut lanes = Outgoing::default();
    assert_eq!(lanes.take(Lane::Node(NODE), now), (1, 0));
    lanes.forget(now + KEPT);
    assert_eq!(lanes.take(Lane::Node(NODE), now), (2, 0), "begun anew, under another name");
    assert_eq!(lanes.nodes(), BTreeMap::from([(NODE, (2, 1))]));
}

#[test]
fn the_emitter_that_was_heard_longest_ago_is_forgotten() {
    let mut lanes = Incoming::default();
    for number in 0..MAX_EMITTERS as u64 {
        assert!(!lanes.is_repeat_of_emitter(NodeId::new(number), 5));
    }
    assert!(lanes.is_repeat_of_emitter(NodeId::new(0), 5), "and is the latest now");
    assert!(!lanes.is_repeat_of_emitter(NodeId::new(9999), 0));
    assert!(lanes.is_repeat_of_emitter(NodeId::new(0), 5));
    assert!(!lanes.is_repeat_of_emitter(NodeId::new(1), 5), "it was forgotten");
    assert_eq!(lanes.emitters.len(), MAX_EMITTERS);
}

#[test]
fn lanes_and_sources_are_bounded() {
    let now = Instant::now();
    let mut lanes = Incoming::default();
    for number in 0..3 * MAX_SOURCES as u64 {
        lanes.take(NodeId::new(number), LANE_ALL, 0, now + Duration::from_nanos(number));
    }
    for lane in 0..100 {
        lanes.take(NODE, lane, 0, now + Duration::from_secs(1));
    }
    assert_eq!(lanes.sources.len(), MAX_SOURCES);
    assert_eq!(lanes.sources[&NODE].lanes.len(), MAX_LANES);
    assert_eq!(lanes.sources[&NODE].lanes[0].0, LANE_ALL);
}

#[test]
fn the_largest_number_does_not_overflow() {
    let now = Instant::now();
    let mut lanes = Incoming::default();
    assert_eq!(lanes.take(NODE, 0, u64::MAX, now), Arrival::New { lost: 0 });
    assert_eq!(lanes.take(NODE, 0, u64::MAX - 1, now), Arrival::Repeat);
    assert!(!lanes.is_repeat_of_emitter(NODE, u64::MAX));
}

#[test]
fn a_lane_to_rooms_begins_where_it_is_heard_first_and_anew_when_it_was_left() {
    let now = Instant::now();
    let (mut sender, mut receiver) = (Outgoing::default(), Incoming::default());
    let mut send = |topic| sender.take(Lane::Rooms(topic), now);
    receiver.reach(NODE, LANE_ALL, 40, now);
    for _ in 0..3 {
        send(5);
    }
    let (lane, number) = send(5);
    assert_eq!((lane, number), (LANE_ROOMS + 5, 3));
    assert_eq!(receiver.take(NODE, lane, number, now), Arrival::New { lost: 0 });
    assert_eq!(receiver.take(NODE, lane, number, now), Arrival::Repeat);
    assert_eq!(send(6), (LANE_ROOMS + 6, 0), "each has its own numbers");
    send(5);
    assert_eq!(receiver.take(NODE, lane, send(5).1, now), Arrival::New { lost: 1 });
    receiver.forget_rooms(5);
    send(5);
    assert_eq!(receiver.take(NODE, lane, send(5).1, now), Arrival::New { lost: 0 });
    // The loss of a last frame is told by a mark.
    send(5);
    assert_eq!(receiver.reach(NODE, lane, sender.next_to_rooms(5).1, now), 1);
    let mut marked = || {
        let mut topics = sender.rooms_to_mark();
        topics.sort_unstable();
        topics
    };
    for _ in 0..MARKS {
        assert_eq!(marked(), [5, 6]);
    }
    assert_eq!(marked(), [0; 0]);
}

#[test]
fn what_was_sent_to_rooms_before_something_that_was_taken_is_late() {
    let (now, lane) = (Instant::now(), LANE_ROOMS + 5);
    let mut lanes = Incoming::default();
    let take = |lanes: &mut Incoming, number, before| lanes.take_of_rooms(NODE, lane, number, before, now);
    assert_eq!(lanes.take(NODE, LANE_ALL, 10, now), Arrival::New { lost: 0 });
    assert_eq!(take(&mut lanes, 3, 10), Arrival::Late { lost: 0 }, "it was sent before anything was to come");
    assert_eq!(take(&mut lanes, 4, 11), Arrival::New { lost: 0 });
    assert_eq!(take(&mut lanes, 4, 11), Arrival::Repeat);
    assert_eq!(lanes.take(NODE, LANE_ALL, 11, now), Arrival::New { lost: 0 });
    assert_eq!(take(&mut lanes, 6, 11), Arrival::Late { lost: 2 });
    assert_eq!(take(&mut lanes, 7, 12), Arrival::New { lost: 0 });
    // That something comes next to everybody is no news of it.
    lanes.reach(NODE, LANE_ALL, 13, now);
    assert_eq!(take(&mut lanes, 8, 13), Arrival::New { lost: 0 });
}

#[test]
fn lanes_to_rooms_are_bounded() {
    let now = Instant::now();
    let mut lanes = Incoming::default();
    for topic in 0..=u32::from(u16::MAX) {
        lanes.take(NODE, LANE_ROOMS + topic, 0, now);
        assert!(lanes.sources[&NODE].rooms.len() <= MAX_TOPICS);
    }
    lanes.take(NODE, u32::MAX, 0, now);
    assert_eq!(lanes.sources[&NODE].lanes.len(), 1, "one that is of no topic");
}
