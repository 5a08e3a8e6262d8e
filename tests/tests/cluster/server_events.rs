//! Events from node to node.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sio::emit::NodeId;
use sio::error::{AckError, EmitError};
use sio_tests::app::Plain;

use crate::support::{Trio, eventually};

/// The events that were heard, and of whom.
type Heard = Arc<Mutex<Vec<(NodeId, String)>>>;

struct Listening {
    trio: Trio,
    heard: Heard,
}

impl Listening {
    async fn start() -> Self {
        let heard = Heard::default();
        let trio = Trio::start(|builder| {
            let heard = Arc::clone(&heard);
            let forget = move |from: NodeId, key: String| {
                heard.lock().expect("no test panics with it").push((from, key));
                std::future::ready(())
            };
            builder
                .consumer::<Plain>()
                .on_server_event("forget", forget)
                .on_server_event("sum", async |_: NodeId, (a, b): (u32, u32)| a + b)
                .on_server_event("fail", async |_: NodeId, text: String| -> u32 { panic!("{text}") })
        });
        Self { trio: trio.await, heard }
    }

    fn me(&self, nth: usize) -> NodeId {
        self.trio.server(nth).cluster().expect("a node").me()
    }

    fn others(&self) -> Vec<NodeId> {
        let mut others = vec![self.me(1), self.me(2)];
        others.sort_unstable();
        others
    }
}

#[tokio::test]
async fn an_event_reaches_the_programs_of_all_other_nodes() {
    let all = Listening::start().await;
    let namespace = all.trio.server(0).of("/");
    namespace.server_emit("forget", "user:42").await.unwrap();
    namespace.server_emit("nobody listens", &1).await.unwrap();
    eventually("both have heard it", || all.heard.lock().expect("no test panics with it").len() == 2).await;
    assert_eq!(
        *all.heard.lock().expect("no test panics with it"),
        vec![(all.me(0), "user:42".to_owned()); 2]
    );
}

#[tokio::test]
async fn listeners_of_all_other_nodes_answer() {
    let all = Listening::start().await;
    let namespace = all.trio.server(0).of("/");
    let sums = namespace.server_emit_with_ack::<u32>("sum", &(2, 3)).await.unwrap().complete().unwrap();
    let mut nodes: Vec<_> = sums.iter().map(|(node, _)| *node).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, all.others());
    assert!(sums.iter().all(|(_, sum)| matches!(sum, Ok(5))), "{sums:?}");
    let no_numbers = namespace.server_emit_with_ack::<String>("sum", &(2, 3)).await.unwrap().items;
    assert!(no_numbers.iter().all(|(_, sum)| matches!(sum, Err(AckError::Payload(_)))), "{no_numbers:?}");
}

#[tokio::test]
async fn what_is_not_handled_is_answered_at_once() {
    let all = Listening::start().await;
    let namespace = all.trio.server(0).of("/");
    let start = Instant::now();
    for (event, args) in [("nobody listens", "x"), ("sum", "no numbers"), ("fail", "a bug")] {
        let answers = namespace.server_emit_with_ack::<u32>(event, args).await.unwrap();
        let answers = answers.complete().unwrap();
        assert_eq!(answers.len(), 2, "{event}");
        assert!(answers.iter().all(|(_, answer)| matches!(answer, Err(AckError::Unhandled))), "{answers:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let bytes = sio::Binary::from(b"1");
    let error = namespace.server_emit("forget", &bytes).await.unwrap_err();
    assert!(matches!(error, EmitError::TooManyAttachments { count: 1, max: 0 }), "{error:?}");
}

#[tokio::test]
async fn a_node_that_stands_still_or_cannot_be_reached_is_missing() {
    let all = Listening::start().await;
    let namespace = all.trio.server(0).of("/");
    all.trio.broker.stall("b", true);
    let sums = namespace.server_emit_with_ack::<u32>("sum", &(2, 3)).await.unwrap();
    assert_eq!((sums.items.len(), &sums.missing[..]), (1, &[all.me(1)][..]));
    let began = Instant::now();
    let limit = Duration::from_millis(50);
    let sums = namespace.server_emit_with_ack_within::<u32>(limit, "sum", &(2, 3)).await.unwrap();
    assert_eq!((sums.items.len(), &sums.missing[..]), (1, &[all.me(1)][..]));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    all.trio.broker.stop();
    let cluster = all.trio.server(0).cluster().unwrap();
    eventually("the cut", || !cluster.is_up()).await;
    let sums = namespace.server_emit_with_ack::<u32>("sum", &(2, 3)).await.unwrap();
    assert!(sums.items.is_empty());
    assert_eq!(sums.missing, all.others());
}
