//! The way of a request to the node that made an id.

use sio_cluster::MemoryBroker;
use sio_cluster::protocol::key::{Owner, ProofKey};
use sio_core::id::{PrivateId, SessionId, Sid};

use crate::support::{Node, eventually};
use crate::{options, three};

#[tokio::test(start_paused = true)]
async fn the_way_leads_to_the_node_that_made_an_id_and_ends_with_it() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    b.cluster.set_address("10.0.0.2:3000");
    let id: SessionId = b.cluster.owner().make([7; 9]);
    for node in [&a, &c] {
        let announced =
            || node.cluster.way_to(&id).is_some_and(|way| way.address.as_deref() == Some("10.0.0.2:3000"));
        eventually("the address", announced).await;
        let way = node.cluster.way_to(&id).expect("it is alive");
        assert_eq!((way.node, Some(way.token)), (b.cluster.me(), b.cluster.token()));
    }
    // Its own sessions are looked up, not proved.
    assert_eq!(b.cluster.way_to(&id), None);
    assert!(b.cluster.way_to(&a.cluster.owner().make::<PrivateId>([7; 9])).is_some());
    b.cluster.close(None).await;
    a.knows(1).await;
    assert_eq!(a.cluster.way_to(&id), None);
}

#[tokio::test(start_paused = true)]
async fn a_made_up_id_leads_nowhere() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    let owner = b.cluster.owner();
    let forger = Owner { tag: owner.tag, key: ProofKey::from_random([0; 16]) };
    for random in 0..100 {
        assert_eq!(a.cluster.way_to(&forger.make::<SessionId>([random; 9])), None);
    }
    let sid: Sid = owner.make([1; 9]);
    let shown: SessionId = sid.as_str().parse().expect("it has the form of one");
    assert_eq!(a.cluster.way_to(&shown), None, "a public id is no secret one");
}

#[tokio::test(start_paused = true)]
async fn no_way_leads_to_a_node_that_takes_no_requests() {
    let broker = MemoryBroker::new();
    let nodes = [options(&broker, "a"), options(&broker, "b").forwarding(false)];
    let [a, b] = Node::all(nodes).await;
    assert_eq!((b.cluster.token(), a.cluster.own_ip().await), (None, None));
    assert_eq!(a.cluster.way_to(&b.cluster.owner().make::<SessionId>([7; 9])), None);
    assert!(b.cluster.way_to(&a.cluster.owner().make::<SessionId>([7; 9])).is_some());
}
