//! Several servers that act as one: what one of them sends reaches the clients of all, once.

mod addressing;
mod balancer;
mod forward;
mod support;
