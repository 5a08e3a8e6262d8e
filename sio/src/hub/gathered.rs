//! [`Gathered`]: what several nodes have answered.

use std::fmt;

use sio_core::id::NodeId;

/// The answers of the nodes of a cluster, and the nodes that have not answered.
///
/// A node that has died, stands still or cannot be reached keeps nobody waiting for longer than the
/// [request timeout](crate::emit::Gathered#how-long-it-takes) of two seconds: what the others have said is here, and it
/// is named. On a single node nothing is ever missing.
///
/// # How long it takes
///
/// Nodes answer within milliseconds. A node that does not is awaited for 2 s (`Adapter::request_timeout`), and not at
/// all if it has been silent for 9 s. While the broker is gone nobody is awaited: this node alone answers, at once.
///
/// # Examples
///
/// ```
/// use sio::prelude::*;
///
/// # async fn example(server: &Server) -> sio::Result {
/// let players = server.of("/game").to("lobby").count().await;
/// println!("at least {} players", players.items);
/// for node in &players.missing {
///     println!("and those of {node}");
/// }
/// // Or all or nothing:
/// let players: usize = server.of("/game").to("lobby").count().await.complete()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gathered<T> {
    /// The answers, that of this node among them.
    pub items: T,
    /// The nodes that have not answered, in order.
    pub missing: Vec<NodeId>,
    /// True if items were left out, since there were more than 100,000 of other nodes.
    pub is_truncated: bool,
}

/// Not all nodes have answered, or there were too many answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Incomplete {
    /// The nodes that have not answered, in order.
    pub missing: Vec<NodeId>,
    /// True if items were left out, since there were too many.
    pub is_truncated: bool,
}

impl<T> Gathered<T> {
    /// The answer of this node, which is all of it without a cluster.
    pub(crate) fn of_this_node(items: T) -> Self {
        Self { items, missing: Vec::new(), is_truncated: false }
    }

    /// Returns the items if they are all there are.
    ///
    /// # Errors
    ///
    /// [`Incomplete`] if a node has not answered, or there were too many items.
    pub fn complete(self) -> Result<T, Incomplete> {
        if self.missing.is_empty() && !self.is_truncated {
            return Ok(self.items);
        }
        Err(Incomplete { missing: self.missing, is_truncated: self.is_truncated })
    }

    /// Makes something else of the items.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Gathered<U> {
        let Self { items, missing, is_truncated } = self;
        Gathered { items: make(items), missing, is_truncated }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing.is_empty() {
            return f.write_str("there are more items than can be gathered");
        }
        f.write_str("these nodes have not answered:")?;
        self.missing.iter().try_for_each(|node| write!(f, " {node}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_complete_if_nobody_is_missing_and_nothing_was_left_out() {
        let all = Gathered::of_this_node(3);
        assert_eq!(all.clone().map(|items| items + 1).complete(), Ok(4));
        let missing = vec![NodeId::new(1), NodeId::new(0xab)];
        let incomplete = Gathered { missing: missing.clone(), ..all.clone() }.complete().unwrap_err();
        assert_eq!(incomplete.missing, missing);
        let text = "these nodes have not answered: 0000000000000001 00000000000000ab";
        assert_eq!(incomplete.to_string(), text);
        let truncated = Gathered { is_truncated: true, ..all }.complete().unwrap_err();
        assert_eq!(truncated.to_string(), "there are more items than can be gathered");
    }
}
