//! Nodes at a Redis Cluster, whose masters die and pass on their slots.

use std::time::Duration;

use sio_cluster::Options;
use sio_cluster::protocol::broadcast::Target;
use sio_core::id::Sid;

use crate::sentinel::{nothing_is_lost, talk_until};
use crate::servers::redis::{Redis, free_port};
use crate::servers::redis_cluster::{RedisCluster, by};
use crate::start::refusal;
use crate::support::{Node, is_down, is_up};

const MASTERS: u16 = 3;

/// Options of a node that knows only one server, and spreads what it sends over so many masters.
fn options(redis: &RedisCluster, seed: usize, shards: u16) -> Options {
    let seed = redis.servers[seed].redis.port;
    // A busy machine takes longer to agree than the five seconds of the default.
    by(&format!("127.0.0.1:{seed}?shards={shards}")).hold(Duration::from_secs(60), 16 << 20)
}

async fn three(redis: &RedisCluster, seed: usize, shards: u16) -> [Node; 3] {
    Node::all(["a", "b", "c"].map(|name| options(redis, seed, shards).name(name))).await
}

/// The next master in their order.
fn after(master: usize) -> usize {
    (master + 1) % usize::from(MASTERS)
}

async fn a_replica_takes_the_place_of_a_master(shards: u16) {
    let mut redis = RedisCluster::of(MASTERS, "").await;
    let (_, owner) = redis.slot(MASTERS.into()).await;
    let replica = redis.replicate(owner).await;
    // The only server that they know at first is the one that dies.
    let nodes = three(&redis, owner, shards).await;
    talk_until(&nodes, || true).await;
    redis.servers[owner].redis.kill();
    talk_until(&nodes, || nodes.iter().all(|node| node.journal.count(is_up) == 2)).await;
    nothing_is_lost(&nodes).await;
    assert!(nodes.iter().all(|node| node.journal.count(is_down) == 1));
    assert_eq!(redis.clients(replica).await.len(), 3, "all are at the new master");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_a_replica_takes_the_place_of_the_master_of_all_channels() {
    a_replica_takes_the_place_of_a_master(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_a_replica_takes_the_place_of_one_of_three_masters_with_channels() {
    a_replica_takes_the_place_of_a_master(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_1_a_master_without_a_replica_is_killed_and_comes_back() {
    let mut redis = RedisCluster::of(MASTERS, "").await;
    let (_, owner) = redis.slot(MASTERS.into()).await;
    let nodes = three(&redis, after(owner), 3).await;
    talk_until(&nodes, || true).await;
    redis.servers[owner].redis.kill();
    // The others stop serving, since not all slots are served.
    talk_until(&nodes, || nodes.iter().all(|node| !node.cluster.is_up())).await;
    let error = refusal(options(&redis, after(owner), 3).name("d")).await;
    assert!(error.starts_with("cannot connect to redis+cluster://127.0.0.1:"), "{error}");
    redis.servers[owner].redis.run().await;
    talk_until(&nodes, || nodes.iter().all(|node| node.cluster.is_up())).await;
    nothing_is_lost(&nodes).await;
}

async fn a_slot_moves_to_another_master(shards: u16) {
    let redis = RedisCluster::of(MASTERS, "").await;
    let (slot, owner) = redis.slot(MASTERS.into()).await;
    let target = after(owner);
    let nodes = three(&redis, target, shards).await;
    talk_until(&nodes, || true).await;
    assert_eq!(redis.clients(owner).await.len(), 3, "they have been told where to go");
    let (from, to) = (redis.servers[owner].id.clone(), redis.servers[target].id.clone());
    redis.ok(target, &format!("CLUSTER SETSLOT {slot} IMPORTING {from}")).await;
    redis.ok(owner, &format!("CLUSTER SETSLOT {slot} MIGRATING {to}")).await;
    talk_until(&nodes, || true).await;
    redis.ok(target, &format!("CLUSTER SETSLOT {slot} NODE {to}")).await;
    redis.ok(owner, &format!("CLUSTER SETSLOT {slot} NODE {to}")).await;
    let is_back = |node: &Node| node.journal.count(is_down) > 0 && node.cluster.is_up();
    talk_until(&nodes, || nodes.iter().all(is_back)).await;
    nothing_is_lost(&nodes).await;
    assert!(redis.clients(owner).await.is_empty(), "all have followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slot_of_all_channels_moves_to_another_master() {
    a_slot_moves_to_another_master(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_slots_with_channels_moves_to_another_master() {
    a_slot_moves_to_another_master(3).await;
}

/// Messages of one node go by one master, whether it is for all or for one node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_masters_share_what_nodes_send_and_what_each_sends_stays_in_order() {
    let redis = RedisCluster::of(MASTERS, "").await;
    // Each takes one of them by lot. So many all but never leave one out.
    let mut nodes = vec![Node::start(options(&redis, 0, 3).name("last")).await];
    while !redis.all_publish(MASTERS.into()).await {
        assert!(nodes.len() < 60, "it is shared");
        nodes.push(Node::start(options(&redis, 0, 3).name(format!("{}", nodes.len()))).await);
    }
    for master in 0..MASTERS.into() {
        assert_eq!(redis.clients(master).await.len(), nodes.len(), "everybody listens at each");
    }
    let (last, others) = nodes.split_first().expect("a node");
    last.knows(others.len()).await;
    let of_last: Sid = last.cluster.owner().make([7; 9]);
    for number in 0..100 {
        for node in others {
            let rooms = [of_last.as_str().into()].into_iter().collect();
            let to_last = Target { is_limited: true, rooms, ..Target::everybody() };
            let target = if number % 3 == 0 { Target::everybody() } else { to_last };
            node.send_to(target, false, number % 7 * 100);
        }
    }
    for node in others {
        assert_eq!(last.has_all_of(node).await, 0);
    }
}

#[tokio::test]
async fn nodes_that_spread_channels_otherwise_are_refused_while_there_are_others() {
    let redis = RedisCluster::of(1, "").await;
    let a = Node::start(options(&redis, 0, 2).name("a")).await;
    for shards in [1, 3] {
        let error = refusal(options(&redis, 0, shards).name("b")).await;
        let reason = format!("others with this prefix have shards=2 in the URL, and this process {shards}:");
        assert!(error.contains(&reason), "{error}");
    }
    let _other = Node::start(options(&redis, 0, 3).name("b").prefix("other")).await;
    assert_eq!(a.journal.count(is_down), 0);
    a.cluster.close(None).await;
    let _b = Node::start(options(&redis, 0, 3).name("b")).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_redis_cluster_is_said_by_the_name_of_each_server() {
    let redis = RedisCluster::of(1, "right").await;
    let hosts = redis.hosts();
    let _node = Node::start(by(&format!(":right@{hosts}"))).await;
    let alone = Redis::start().await;
    let closed = free_port().await;
    for (login, hosts, reason) in [
        (":wrong@", hosts.clone(), "it refuses the user or the password"),
        ("", hosts.clone(), "it wants a password, which the URL lacks"),
        ("", format!("127.0.0.1:{}", alone.port), "it is in no Redis Cluster"),
        ("", format!("127.0.0.1:{closed},127.0.0.1:{}", alone.port), "Connection refused"),
    ] {
        let error = refusal(by(&format!("{login}{hosts}"))).await;
        let name = format!("cannot connect to redis+cluster://{hosts}: ");
        assert!(error.starts_with(&name) && error.contains(reason), "{error}");
        assert!(error.lines().count() == 1 && !error.contains("wrong"), "{error}");
        for host in hosts.split(',') {
            assert!(error.contains(&format!("{host} (")), "{error}");
        }
    }
    // One of several is enough.
    let _node = Node::start(by(&format!(":right@127.0.0.1:{closed},{hosts}"))).await;
}

#[tokio::test]
async fn a_redis_cluster_that_does_not_serve_all_slots_is_down() {
    let redis = RedisCluster::of(1, "").await;
    let (slot, _) = redis.slot(1).await;
    redis.ok(0, &format!("CLUSTER DELSLOTS {slot}")).await;
    let error = refusal(by(&redis.hosts())).await;
    assert!(error.contains("the Redis Cluster is down"), "{error}");
}

/// As the book has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_may_be_limited_to_the_channels_of_nodes() {
    let redis = RedisCluster::of(1, "").await;
    let user =
        "ACL SETUSER nodes on >password resetchannels &{sio* -@all +@connection +cluster|info +cluster|slots";
    redis.ok(0, &format!("{user} +spublish +ssubscribe +sunsubscribe +pubsub|shardchannels")).await;
    let hosts = redis.hosts();
    let of = |name: &str| by(&format!("nodes:password@{hosts}?shards=2")).name(name);
    let nodes = Node::all(["a", "b"].map(of)).await;
    talk_until(&nodes, || true).await;
    nothing_is_lost(&nodes).await;
    let error = refusal(of("c").prefix("other")).await;
    assert!(error.contains("its user may not do that on these channels"), "{error}");
}
