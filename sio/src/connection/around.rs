//! What stands in front of a consumer, and the consumer behind it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sio_core::args::Args;

use super::guard::{Failure, Guard};
use super::socket_task::log_failure;
use crate::consumer::{Consumer, Event, Reply};
use crate::error::{ConnectError, Error};
use crate::guarded::Guarded;
use crate::handle::socket::Socket;
use crate::hub::member::Member;
use crate::middleware::{Step, enter};
use crate::namespaces::registration::Seat;

/// How long a client that has come back waits for the `disconnect` hook of the time before, which is to run before its
/// `connect`. A handler that takes longer does not keep the client out.
const HANDOVER: Duration = Duration::from_secs(5);

/// The hooks of the namespace for a client that wants to enter, then the consumer's.
pub(super) async fn on_connect<C: Consumer>(
    Seat { socket, door }: &Seat,
    auth: Option<Args>,
    before: Option<Arc<Member>>,
) -> Result<Guarded<C>, ConnectError> {
    if let Some(before) = before {
        // In a box: sockets are not to be larger for it.
        let _ = Box::pin(tokio::time::timeout(HANDOVER, before.until_released())).await;
    }
    let skips_hooks =
        socket.is_recovered() && door.kept.as_ref().is_some_and(|kept| kept.options.skip_middleware);
    if !skips_hooks && let Some(hooks) = door.hooks.connecting(socket, auth.as_ref()) {
        hooks.await?;
    }
    C::on_connect(&mut Event::connect(socket, auth)).await.map(Guarded::new)
}

/// As [`Consumer::on_event`], inside the middleware. The deadline is that of the handler which the event comes to.
pub(super) async fn on_event<C: Consumer>(
    consumer: &mut C,
    seat: &Seat,
    event: &mut Event<'_>,
) -> Result<Reply, Error> {
    match enter(&seat.door.hooks.around, event).await {
        Step::Ended(outcome) => outcome,
        Step::Handle(passage) => {
            let (name, timeout) = (event.name_handle(), seat.door.timeout(event.name()));
            let handler = Guard::new(|| consumer.on_event(event), timeout);
            passage.around(flatten(&seat.socket, &name, handler)).await
        }
    }
}

/// As [`Consumer::on_concurrent`], inside the middleware.
pub(super) async fn on_concurrent<C: Consumer>(seat: &Seat, event: &mut Event<'_>) -> Result<Reply, Error> {
    match enter(&seat.door.hooks.around, event).await {
        Step::Ended(outcome) => outcome,
        Step::Handle(passage) => {
            let (name, timeout) = (event.name_handle(), seat.door.timeout(event.name()));
            let handler = Guard::new(|| C::on_concurrent(event), timeout);
            passage.around(flatten(&seat.socket, &name, handler)).await
        }
    }
}

/// Makes an error of a handler that did not come to its end, so that middleware learns of it.
async fn flatten(
    socket: &Socket,
    event: &str,
    handler: impl Future<Output = Result<Result<Reply, Error>, Failure>>,
) -> Result<Reply, Error> {
    handler.await.unwrap_or_else(|failure| {
        log_failure(socket, event, &failure);
        Err(match failure {
            Failure::Panicked(_) => Error::panicked(),
            Failure::TimedOut => Error::timed_out(),
            Failure::Drained => Error::shutting_down(),
        })
    })
}
