//! The hooks that run before the `connect` hook, and the `connect` hook itself.

use std::sync::Arc;
use std::time::Duration;

use crate::consumer::{Consumer, Event};
use crate::error::ConnectError;
use crate::guarded::Guarded;
use crate::hub::member::Member;
use crate::namespaces::registration::Seat;

/// How long a client that has come back waits for the `disconnect` hook of the time before, which is to run before its
/// `connect`. A handler that takes longer does not keep the client out.
const HANDOVER: Duration = Duration::from_secs(5);

/// The hooks of the namespace for a client that wants to enter, then the consumer's.
pub(super) async fn on_connect<C: Consumer>(
    Seat { socket, door }: &Seat,
    event: &mut Event<'_>,
    before: Option<Arc<Member>>,
) -> Result<Guarded<C>, ConnectError> {
    if let Some(before) = before {
        // In a box: sockets are not to be larger for it.
        let _ = Box::pin(tokio::time::timeout(HANDOVER, before.until_released())).await;
    }
    let skips_hooks =
        socket.is_recovered() && door.kept.as_ref().is_some_and(|kept| kept.options.skip_middleware);
    if !skips_hooks && let Some(hooks) = door.hooks.connecting(socket, event.auth()) {
        hooks.await?;
    }
    C::on_connect(event).await.map(Guarded::new)
}
