//! Nodes over real brokers, which are killed, paused, slowed and cut off: the same for all of them, and what is of one
//! alone.

mod broker;
mod faults;
mod of_others;
mod of_redis;
mod proxy;
mod rooms;
mod sentinel;
mod servers;
mod sharded;
mod start;
#[path = "../support/mod.rs"]
mod support;

use self::faults::*;
use self::rooms::*;
use self::servers::{
    nats::Nats, postgres::Postgres, rabbitmq::RabbitMq, redis::Redis, redis_cluster::RedisCluster,
};
use self::start::*;

/// Makes tests of these functions, for each broker.
macro_rules! suite {
    ($($name:ident: $broker:ident)* => $tests:tt) => {
        $(suite!(@ $name $broker $tests);)*
    };
    (@ $name:ident $broker:ident { $($test:ident)* }) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test::<super::$broker>().await;
                }
            )*
        }
    };
}

suite! {
    over_redis: Redis
    over_rabbitmq: RabbitMq
    over_nats: Nats
    over_postgresql: Postgres
    => {
        a_node_that_was_cut_off_has_its_rooms_again
        an_emitter_reaches_nodes
        events_for_rooms_go_to_the_nodes_that_have_them
        fault_1_it_is_killed_and_comes_back
        fault_2_it_is_away_for_longer_than_is_held
        fault_3_it_stands_still
        fault_4_the_connection_of_one_node_is_cut
        fault_9_a_node_leaves
        fault_11_nothing_passes_from_a_node_to_it
        fault_11_nothing_passes_from_it_to_a_node
        fault_12_two_clusters_on_one
        fault_13_others_publish_garbage
        fault_16_nobody_listens
        fault_16_who_listens_says_nothing
        fault_16_with_wait_a_node_starts_and_connects_later
        frames_of_all_sizes_arrive_and_larger_ones_are_refused
        what_goes_to_all_and_to_one_node_stays_in_order
    }
}

// Of what the others are tested for, this is left out: a proxy cannot stand in front of a server that is found by the
// address which it announces.
suite! {
    over_redis_cluster: RedisCluster
    => {
        a_node_that_was_cut_off_has_its_rooms_again
        an_emitter_reaches_nodes
        events_for_rooms_go_to_the_nodes_that_have_them
        fault_1_it_is_killed_and_comes_back
        fault_2_it_is_away_for_longer_than_is_held
        fault_3_it_stands_still
        fault_4_the_connection_of_one_node_is_cut
        fault_9_a_node_leaves
        fault_12_two_clusters_on_one
        fault_13_others_publish_garbage
        fault_16_nobody_listens
        fault_16_with_wait_a_node_starts_and_connects_later
        frames_of_all_sizes_arrive_and_larger_ones_are_refused
        what_goes_to_all_and_to_one_node_stays_in_order
    }
}
