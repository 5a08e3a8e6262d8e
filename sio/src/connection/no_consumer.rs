//! The consumer of `/` in a program that has none.

use crate::consumer::{Consumer, Event};
use crate::error::ConnectError;

/// Accepts every client and knows no event.
pub(crate) struct NoConsumer;

impl Consumer for NoConsumer {
    const NAMESPACE: &'static str = "/";

    async fn on_connect(_: &mut Event<'_>) -> Result<Self, ConnectError> {
        Ok(Self)
    }
}
