//! Observers made of one closure: the listeners of a builder.

use sio_core::args::Args;

use super::{Observer, Outgoing};
use crate::guarded::Guarded;
use crate::handle::socket::Socket;
use crate::http::Refused;
use crate::hub::{Namespace, RoomEvent};

macro_rules! closures {
    ($($(#[$doc:meta])* $name:ident: $method:ident($($arg:ident: $type:ty),*);)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name<F>(Guarded<F>);

        impl<F: Fn($($type),*) + Send + Sync + 'static> $name<F> {
            pub(crate) fn new(listener: F) -> Self {
                Self(Guarded::new(listener))
            }
        }

        impl<F: Fn($($type),*) + Send + Sync + 'static> Observer for $name<F> {
            fn $method(&self, $($arg: $type),*) {
                (self.0)($($arg),*);
            }
        }
    )*};
}

closures! {
    /// [`Builder::on_incoming`](crate::Builder::on_incoming).
    OnIncoming: received(socket: &Socket, event: &str, args: &Args);
    /// [`Builder::on_outgoing`](crate::Builder::on_outgoing).
    OnOutgoing: sent(sent: &Outgoing<'_>);
    /// [`Builder::on_refused`](crate::Builder::on_refused).
    OnRefused: refused(refused: &Refused<'_>);
    /// [`Builder::on_room`](crate::Builder::on_room).
    OnRoom: room(namespace: &Namespace, room: &str, event: RoomEvent);
}
