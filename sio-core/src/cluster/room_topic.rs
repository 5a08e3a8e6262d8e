//! Topics of rooms: a fixed number of names at the broker, among which the rooms of all namespaces are divided.
//!
//! A node subscribes those that its rooms are in, and gets what is for those rooms, and for some others. With a topic for
//! each room it would subscribe as many as it has rooms, and all of them again whenever it has lost its broker.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

/// Topics that a cluster can have at most.
pub const MAX_TOPICS: usize = 4096;

/// Returns the topic of a room, of so many; the same on all nodes.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::room_topic::topic_of;
///
/// assert_eq!(topic_of("/", "lobby", 1024), topic_of("/", "lobby", 1024));
/// assert!(topic_of("/chat", "lobby", 16) < 16);
/// ```
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn topic_of(path: &str, room: &str, topics: u16) -> u16 {
    // Choosing names so that they meet gains nothing: their rooms share a topic.
    let mut hasher = SipHasher13::new();
    hasher.write(path.as_bytes());
    hasher.write(&[0]);
    hasher.write(room.as_bytes());
    (hasher.finish() % u64::from(topics)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_all_versions_find_the_same_topics() {
        let topics = [("/", "lobby"), ("/", ""), ("/chat", "lobby"), ("/", "lobby\u{e9}")];
        assert_eq!(topics.map(|(path, room)| topic_of(path, room, 1024)), [99, 540, 603, 911]);
    }

    #[test]
    fn rooms_are_divided_evenly() {
        let mut counts = [0; 64];
        for number in 0..64_000 {
            counts[usize::from(topic_of("/", &format!("room-{number}"), 64))] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_room_of_another_namespace_is_another_room() {
        assert_ne!(topic_of("/a", "b", 4096), topic_of("/", "ab", 4096));
        assert_ne!(topic_of("/a", "room", 4096), topic_of("/b", "room", 4096));
    }
}
