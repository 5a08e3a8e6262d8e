//! Each handle, as typed emits use it.

use std::fmt;

use sio_core::args::Args;

use super::{Ask, ClientAnswer, Declared, Emit, Payload, Sealed};
use crate::error::{AckError, EmitError};
use crate::handle::ack_stream::AckStream;
use crate::handle::broadcast::{self, Broadcast};
use crate::handle::emit_options::{self, EmitOptions};
use crate::handle::remote_socket::RemoteSocket;
use crate::handle::socket::Socket;
use crate::hub::emission::{Emission, Expect};
use crate::hub::{Namespace, answer};

/// Types that pass through generated code, which must not look into them.
macro_rules! opaque {
    ($($(#[$docs:meta])* $name:ident($inner:ty);)*) => { $(
        $(#[$docs])*
        #[expect(unnameable_types, reason = "only generated code comes across it")]
        pub struct $name(pub(crate) $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )* };
}

opaque! {
    /// An event for one socket, as it goes out.
    Encoded(Emission);
    /// An event for several.
    Announcement(broadcast::Outgoing);
    /// A question to one socket.
    Question(emit_options::Question);
    /// A question to several.
    BroadQuestion(broadcast::Question);
}

impl Sealed for Socket {}

impl Emit for Socket {
    type Error = EmitError;
    type Encoded = Encoded;

    fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<Encoded, EmitError> {
        event.check(self.path())?;
        Ok(Encoded(self.encode(Expect::Arrival, event.name, &args)?))
    }

    // As a block: the parameters of an asynchronous function are in its future twice.
    #[allow(clippy::manual_async_fn)]
    fn __emit(
        &self,
        mut encoded: Result<Encoded, EmitError>,
    ) -> impl Future<Output = Result<(), EmitError>> + Send {
        async move {
            if let Ok(encoded) = &mut encoded {
                self.member.deliver_waiting(&mut encoded.0).await?;
            }
            encoded.map(|_| ())
        }
    }
}

impl Ask for Socket {
    type Answer<T> = Result<T, AckError>;
    type Question = Question;
    type Answers = Result<Args, AckError>;

    fn __question<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Question, EmitError> {
        EmitOptions::new(self).__question(event, args)
    }

    async fn __ask(&self, question: Result<Self::Question, EmitError>) -> Result<Args, AckError> {
        EmitOptions::new(self).ask(question?.0).await
    }

    fn __answer<T: ClientAnswer>(answer: Result<Args, AckError>) -> Result<T, AckError> {
        answer::decode(&mut answer?)
    }
}

impl Sealed for EmitOptions<'_> {}

impl Emit for EmitOptions<'_> {
    type Error = EmitError;
    type Encoded = Encoded;

    fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<Encoded, EmitError> {
        event.check(self.path())?;
        Ok(Encoded(self.emission(event.name, &args)?))
    }

    async fn __emit(&self, encoded: Result<Encoded, EmitError>) -> Result<(), EmitError> {
        Ok(self.deliver_emission(encoded?.0).await?)
    }
}

impl Ask for EmitOptions<'_> {
    type Answer<T> = Result<T, AckError>;
    type Question = Question;
    type Answers = Result<Args, AckError>;

    fn __question<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Question, EmitError> {
        event.check(self.path())?;
        Ok(Question(self.question(event.name, &args)?))
    }

    async fn __ask(&self, question: Result<Self::Question, EmitError>) -> Result<Args, AckError> {
        self.ask(question?.0).await
    }

    fn __answer<T: ClientAnswer>(answer: Result<Args, AckError>) -> Result<T, AckError> {
        answer::decode(&mut answer?)
    }
}

/// Something for a socket that is here, or for the node where it is.
#[derive(Debug)]
#[expect(unnameable_types, reason = "only generated code comes across it")]
pub enum Whereabouts<H, T> {
    /// It is connected to this node.
    Here(Socket, H),
    /// It may be connected to another.
    There(Broadcast, T),
}

impl Sealed for RemoteSocket {}

impl Emit for RemoteSocket {
    type Error = EmitError;
    type Encoded = Whereabouts<Encoded, Announcement>;

    fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Encoded, EmitError> {
        Ok(match self.local() {
            Some(socket) => {
                let encoded = socket.__encode(event, args)?;
                Whereabouts::Here(socket, encoded)
            }
            None => {
                let broadcast = self.far();
                let encoded = broadcast.__encode(event, args)?;
                Whereabouts::There(broadcast, encoded)
            }
        })
    }

    async fn __emit(&self, encoded: Result<Self::Encoded, EmitError>) -> Result<(), EmitError> {
        match encoded? {
            Whereabouts::Here(socket, encoded) => socket.__emit(Ok(encoded)).await,
            Whereabouts::There(broadcast, encoded) => broadcast.__emit(Ok(encoded)).await,
        }
    }
}

impl Ask for RemoteSocket {
    type Answer<T> = Result<T, AckError>;
    type Question = Whereabouts<Question, BroadQuestion>;
    type Answers = Result<Args, AckError>;

    fn __question<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Question, EmitError> {
        Ok(match self.local() {
            Some(socket) => {
                let question = self.near(&socket).__question(event, args)?;
                Whereabouts::Here(socket, question)
            }
            None => {
                let broadcast = self.far();
                let question = broadcast.__question(event, args)?;
                Whereabouts::There(broadcast, question)
            }
        })
    }

    async fn __ask(&self, question: Result<Self::Question, EmitError>) -> Result<Args, AckError> {
        match question? {
            Whereabouts::Here(socket, question) => self.near(&socket).ask(question.0).await,
            Whereabouts::There(broadcast, question) => {
                self.answer(broadcast.ask_giving_way(question.0).await).await
            }
        }
    }

    fn __answer<T: ClientAnswer>(answer: Result<Args, AckError>) -> Result<T, AckError> {
        answer::decode(&mut answer?)
    }
}

impl Sealed for Broadcast {}

impl Emit for Broadcast {
    type Error = EmitError;
    type Encoded = Announcement;

    fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<Announcement, EmitError> {
        event.check(self.path())?;
        Ok(Announcement(self.outgoing(event.name, &args)?))
    }

    #[allow(clippy::manual_async_fn)]
    fn __emit(
        &self,
        encoded: Result<Announcement, EmitError>,
    ) -> impl Future<Output = Result<(), EmitError>> + Send {
        async move {
            let giving_way = self.start(encoded?.0)?;
            if let Some(giving_way) = giving_way {
                giving_way.await;
            }
            Ok(())
        }
    }
}

impl Ask for Broadcast {
    type Answer<T> = Result<AckStream<T>, EmitError>;
    type Question = BroadQuestion;
    type Answers = Result<AckStream<()>, EmitError>;

    fn __question<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Question, EmitError> {
        event.check(self.path())?;
        Ok(BroadQuestion(self.question(event.name, &args)?))
    }

    async fn __ask(&self, question: Result<Self::Question, EmitError>) -> Self::Answers {
        Ok(self.ask_giving_way(question?.0).await)
    }

    fn __answer<T: ClientAnswer>(answers: Self::Answers) -> Result<AckStream<T>, EmitError> {
        Ok(answers?.cast())
    }
}

/// Handles of all sockets of a namespace, of which the expression is the broadcast.
macro_rules! everybody {
    ($($handle:ty, |$this:ident| $broadcast:expr;)*) => { $(
        impl Sealed for $handle {}

        impl Emit for $handle {
            type Error = EmitError;
            type Encoded = <Broadcast as Emit>::Encoded;

            fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Encoded, EmitError> {
                let $this = self;
                $broadcast.__encode(event, args)
            }

            #[allow(clippy::manual_async_fn)]
            fn __emit(
                &self,
                encoded: Result<Self::Encoded, EmitError>,
            ) -> impl Future<Output = Result<(), EmitError>> + Send {
                async move {
                    let $this = self;
                    if let Some(giving_way) = $broadcast.start(encoded?.0)? {
                        giving_way.await;
                    }
                    Ok(())
                }
            }
        }

        impl Ask for $handle {
            type Answer<T> = <Broadcast as Ask>::Answer<T>;
            type Question = <Broadcast as Ask>::Question;
            type Answers = <Broadcast as Ask>::Answers;

            fn __question<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Question, EmitError> {
                let $this = self;
                $broadcast.__question(event, args)
            }

            async fn __ask(&self, question: Result<Self::Question, EmitError>) -> Self::Answers {
                let $this = self;
                $broadcast.__ask(question).await
            }

            fn __answer<T: ClientAnswer>(answers: Self::Answers) -> Self::Answer<T> {
                Broadcast::__answer(answers)
            }
        }
    )* };
}

pub(crate) use everybody;

everybody! {
    Namespace, |this| this.broadcast();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of a future, made of a handle that is never asked for anything.
    fn size<H: 'static, F>(_: impl Fn(&'static H) -> F) -> usize {
        size_of::<F>()
    }

    /// Handlers hold these while they wait, and each idle socket has room for them.
    #[test]
    fn a_declared_event_takes_no_more_room_in_a_handler_than_one_that_is_not() {
        let socket = size(|socket: &Socket| socket.__emit(Err(EmitError::Disconnected)));
        assert!(socket <= size(|socket: &Socket| socket.emit("event", &1)), "{socket}");
        let broadcast = size(|all: &Broadcast| all.__emit(Err(EmitError::Disconnected)));
        // It has been written before anybody waits, and so is in there.
        assert!(broadcast <= size(|all: &Broadcast| all.emit("event", &1)) + 64, "{broadcast}");
    }
}
