//! Puts small frames that go to one topic one after the other into one message of the broker.
//!
//! While few frames are sent, each goes alone and nothing is added to it. The busier the broker, the longer it takes to
//! answer, the more wait meanwhile, and the less each of them costs it: so a cluster that grows slows its broker down
//! later.

use std::mem;

use sio_core::cluster::bundle::Bundle;
use sio_core::cluster::frame::Header;

use crate::bus::Frame;

/// A larger frame costs more to copy than it costs to be sent alone.
const MAX_FRAME: usize = 16 << 10;

/// Bytes of a bundle. Nobody waits long behind one.
const MAX_BUNDLE: usize = 64 << 10;

/// Returns the messages that bring these frames, in the same order.
pub(crate) fn bundled(frames: Vec<Frame>) -> Vec<Frame> {
    if frames.len() < 2 {
        return frames;
    }
    let mut messages = Vec::with_capacity(frames.len());
    let (mut run, mut size) = (Vec::new(), 0);
    for frame in frames {
        let len = Bundle::cost(frame.payload.len());
        let is_small =
            frame.topic.is_native() && frame.payload.len() <= MAX_FRAME && Bundle::takes(&frame.payload);
        let fits = run.first().is_none_or(|first: &Frame| first.topic == frame.topic);
        if !is_small || !fits || size + len > MAX_BUNDLE {
            close(mem::take(&mut run), mem::take(&mut size), &mut messages);
        }
        if is_small {
            size += len;
            run.push(frame);
        } else {
            messages.push(frame);
        }
    }
    close(run, size, &mut messages);
    messages
}

/// Appends the message that brings these frames, whose cost is `size`.
fn close(mut run: Vec<Frame>, size: usize, messages: &mut Vec<Frame>) {
    if run.len() < 2 {
        messages.append(&mut run);
        return;
    }
    let Ok((header, _)) = Header::read(&run[0].payload) else {
        messages.append(&mut run);
        return;
    };
    let mut bundle = Bundle::new(header.source, size);
    run.iter().for_each(|frame| bundle.push(&frame.payload));
    messages.push(Frame { topic: run[0].topic.clone(), payload: bundle.finish() });
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sio_core::cluster::bundle;
    use sio_core::cluster::frame::{Flags, Kind};
    use sio_core::cluster::node::NodeId;

    use super::*;
    use crate::bus::Topic;

    const ME: NodeId = NodeId::new(1);
    const OTHER: Topic = Topic::Node(NodeId::new(2));

    fn frame(topic: &Topic, kind: Kind, number: u64, body: usize) -> Frame {
        let mut payload = Header { kind, flags: Flags::NONE, source: ME, lane: 0, number }.begin(body);
        payload.resize(payload.len() + body, 0);
        Frame { topic: topic.clone(), payload: payload.into() }
    }

    /// The topics of the messages, and the numbers of the frames in each.
    fn sent(frames: &[Frame]) -> Vec<(Topic, Vec<u64>)> {
        let number = |frame: &[u8]| Header::read(frame).unwrap().0.number;
        let numbers = |payload: &Bytes| match bundle::is_bundle(payload) {
            true => bundle::frames(payload).map(number).collect(),
            false => vec![number(payload)],
        };
        let messages = bundled(frames.to_vec());
        assert!(messages.iter().all(|message| message.payload.len() <= MAX_BUNDLE + 24));
        messages.iter().map(|message| (message.topic.clone(), numbers(&message.payload))).collect()
    }

    #[test]
    fn what_goes_to_one_topic_goes_together_and_the_order_is_kept() {
        let small = |topic, number| frame(topic, Kind::Broadcast, number, 10);
        assert_eq!(sent(&[]), []);
        assert_eq!(sent(&[small(&Topic::All, 0)]), [(Topic::All, vec![0])]);
        let frames = [
            small(&Topic::All, 0),
            small(&Topic::All, 1),
            small(&OTHER, 2),
            small(&Topic::All, 3),
            small(&OTHER, 4),
            small(&OTHER, 5),
        ];
        assert_eq!(
            sent(&frames),
            [(Topic::All, vec![0, 1]), (OTHER, vec![2]), (Topic::All, vec![3]), (OTHER, vec![4, 5])]
        );
    }

    #[test]
    fn a_frame_alone_is_sent_as_it_is() {
        let alone = frame(&Topic::All, Kind::Broadcast, 0, 10);
        let messages = bundled(vec![alone.clone(), frame(&OTHER, Kind::Broadcast, 1, 10)]);
        assert_eq!(messages[0].payload, alone.payload);
        assert_eq!(messages.len(), 2);
    }

    #[test]
    fn large_frames_and_those_that_tell_of_the_node_go_alone() {
        let frames = [
            frame(&Topic::All, Kind::Broadcast, 0, 10),
            frame(&Topic::All, Kind::Alive, 1, 10),
            frame(&Topic::All, Kind::Broadcast, 2, 10),
            frame(&Topic::All, Kind::Change, 3, 10),
            frame(&Topic::All, Kind::Broadcast, 4, MAX_FRAME),
            frame(&Topic::All, Kind::Broadcast, 5, 10),
        ];
        let numbers: Vec<_> = sent(&frames).into_iter().map(|(_, numbers)| numbers).collect();
        assert_eq!(numbers, [vec![0], vec![1], vec![2, 3], vec![4], vec![5]]);
    }

    #[test]
    fn a_bundle_is_bounded() {
        let frames: Vec<_> =
            (0..20).map(|number| frame(&Topic::All, Kind::Broadcast, number, MAX_FRAME - 24)).collect();
        let numbers: Vec<_> = sent(&frames).into_iter().map(|(_, numbers)| numbers).collect();
        assert_eq!(numbers.concat(), (0..20).collect::<Vec<_>>());
        assert!(numbers.iter().all(|numbers| numbers.len() == 3 || numbers.contains(&19)));
    }
}
