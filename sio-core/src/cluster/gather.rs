//! [`Gather`]: which answers to a request are still awaited.

use std::collections::BTreeMap;

use super::node::NodeId;

/// Collects the answers of several nodes, each in pages. Pages that have come count, whether or not all have.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::gather::Gather;
/// use sio_core::cluster::node::NodeId;
///
/// let (a, b) = (NodeId::new(1), NodeId::new(2));
/// let mut gather = Gather::new([a, b], 100);
/// gather.page(a, 0, true, ["x"]);
/// assert!(!gather.is_complete());
/// gather.lose(b);
/// assert!(gather.is_complete());
/// let gathered = gather.finish();
/// assert_eq!(gathered.items, ["x"]);
/// assert_eq!(gathered.missing, [b]);
/// ```
#[derive(Debug)]
pub struct Gather<T> {
    awaited: BTreeMap<NodeId, Awaited>,
    missing: Vec<NodeId>,
    items: Vec<T>,
    most: usize,
    is_full: bool,
}

/// The progress of a node that has not sent everything yet.
#[derive(Debug, Default)]
struct Awaited {
    /// How many pages have come. A node sends them in order, so a higher number means that one was lost.
    pages: u32,
}

/// The result of a [`Gather`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered<T> {
    /// All items that have come, those of nodes that did not come to an end included.
    pub items: Vec<T>,
    /// The nodes of which not everything has come, in order.
    pub missing: Vec<NodeId>,
    /// True if items were left out because there were too many.
    pub is_truncated: bool,
}

impl<T> Gather<T> {
    /// Waits for these nodes, and takes no more than `most` items.
    pub fn new(nodes: impl IntoIterator<Item = NodeId>, most: usize) -> Self {
        let awaited = nodes.into_iter().map(|node| (node, Awaited::default())).collect();
        Self { awaited, missing: Vec::new(), items: Vec::new(), most, is_full: false }
    }

    /// Takes a page of a node. One that is not awaited is ignored; if an earlier page of it was lost, the node is
    /// missing.
    pub fn page(&mut self, node: NodeId, page: u32, is_last: bool, items: impl IntoIterator<Item = T>) {
        let Some(awaited) = self.awaited.get_mut(&node) else { return };
        if page != awaited.pages {
            return self.lose(node);
        }
        awaited.pages += 1;
        let mut items = items.into_iter();
        let room = self.most - self.items.len();
        self.items.extend(items.by_ref().take(room));
        self.is_full |= items.next().is_some();
        if is_last {
            self.awaited.remove(&node);
        }
    }

    /// Waits for a node no longer: it has gone or cannot be reached.
    pub fn lose(&mut self, node: NodeId) {
        if self.awaited.remove(&node).is_some() {
            self.missing.push(node);
        }
    }

    /// Stops waiting: all nodes that are awaited are missing.
    pub fn lose_all(&mut self) {
        self.missing.extend(std::mem::take(&mut self.awaited).into_keys());
    }

    /// Returns what has come so far.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Returns whether nothing is awaited.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Ends it; nodes that are still awaited are missing.
    #[must_use]
    pub fn finish(mut self) -> Gathered<T> {
        self.lose_all();
        self.missing.sort_unstable();
        Gathered { items: self.items, missing: self.missing, is_truncated: self.is_full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId::new(1);
    const B: NodeId = NodeId::new(2);

    #[test]
    fn pages_are_put_together() {
        let mut gather = Gather::new([A, B], 100);
        gather.page(A, 0, false, [1, 2]);
        gather.page(B, 0, true, []);
        assert!(!gather.is_complete());
        gather.page(A, 1, true, [3]);
        assert!(gather.is_complete());
        assert_eq!(gather.finish(), Gathered { items: vec![1, 2, 3], missing: vec![], is_truncated: false });
    }

    #[test]
    fn a_node_of_which_a_page_was_lost_is_missing_and_what_came_counts() {
        let mut gather = Gather::new([A], 100);
        gather.page(A, 0, false, [1]);
        gather.page(A, 2, true, [3]);
        assert!(gather.is_complete());
        assert_eq!(gather.finish(), Gathered { items: vec![1], missing: vec![A], is_truncated: false });
    }

    #[test]
    fn who_was_not_asked_is_ignored() {
        let mut gather = Gather::new([A], 100);
        gather.page(B, 0, true, [1]);
        gather.lose(B);
        assert_eq!(gather.finish(), Gathered { items: vec![], missing: vec![A], is_truncated: false });
    }

    #[test]
    fn what_comes_after_the_last_page_is_ignored() {
        let mut gather = Gather::new([A], 100);
        gather.page(A, 0, true, [1]);
        gather.page(A, 1, true, [2]);
        gather.lose(A);
        assert_eq!(gather.finish(), Gathered { items: vec![1], missing: vec![], is_truncated: false });
    }

    #[test]
    fn items_are_bounded() {
        let mut gather = Gather::new([A, B], 3);
        gather.page(A, 0, true, [1, 2]);
        gather.page(B, 0, true, [3]);
        assert_eq!(gather.finish(), Gathered { items: vec![1, 2, 3], missing: vec![], is_truncated: false });
        let mut gather = Gather::new([A, B], 3);
        gather.page(A, 0, true, [1, 2]);
        gather.page(B, 0, true, [3, 4]);
        assert_eq!(gather.finish(), Gathered { items: vec![1, 2, 3], missing: vec![], is_truncated: true });
    }

    #[test]
    fn everybody_is_lost_at_once() {
        let mut gather = Gather::new([B, A], 3);
        gather.page(B, 0, false, [1]);
        gather.lose_all();
        assert!(gather.is_complete());
        assert_eq!(gather.finish(), Gathered { items: vec![1], missing: vec![A, B], is_truncated: false });
    }

    #[test]
    fn nobody_is_asked() {
        assert!(Gather::<()>::new([], 0).is_complete());
    }
}
