//! Subscribing many topics.

use std::collections::HashSet;
use std::time::Duration;

use super::within;
use crate::bus::{AnyLink, BusError, Topic};

/// Topics that are subscribed at a time.
const PART: usize = 1024;

/// Subscribes some topics and leaves others. Each part of them has a limit: all together may take long, since there may
/// be one for each room.
pub(super) async fn subscribe(
    link: &mut dyn AnyLink,
    more: &[Topic],
    fewer: &[Topic],
    limit: Duration,
) -> Result<(), BusError> {
    let otherwise = "it does not confirm subscriptions";
    for part in more.chunks(PART) {
        within(limit, otherwise, link.subscribe(part)).await?;
    }
    for part in fewer.chunks(PART) {
        within(limit, otherwise, link.unsubscribe(part)).await?;
    }
    Ok(())
}

/// Returns the topics of the one list that are not in the other: there may be some for each namespace.
pub(super) fn but(these: &[Topic], those: &[Topic]) -> Vec<Topic> {
    let those: HashSet<&Topic> = those.iter().collect();
    these.iter().filter(|topic| !those.contains(topic)).cloned().collect()
}
