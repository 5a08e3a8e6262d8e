//! The life of a socket.

use std::marker::PhantomData;

use crate::consumer::Consumer;

/// What the life of a socket starts with.
pub(crate) struct SocketTask(());

pub(crate) async fn run<C: Consumer>(task: SocketTask) {
    let _ = (task, PhantomData::<C>);
}
