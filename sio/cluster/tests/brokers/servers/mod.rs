//! Brokers of a test's own, on free ports of the loopback interface. None stays behind.

#![allow(dead_code, reason = "not every test needs all of them")]

pub(crate) mod nats;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod rabbitmq;
pub(crate) mod redis;
pub(crate) mod redis_cluster;
