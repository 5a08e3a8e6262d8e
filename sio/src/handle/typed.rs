//! Typed emits: the handles that [`#[emits]`](macro@crate::emits) gives methods to, and the calls that those methods
//! make.

mod handles;

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::name::WrongNamespace;

use crate::error::EmitError;

/// An event that is declared by [`#[emits]`](macro@crate::emits): its name, and where it may be emitted.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    pub(crate) namespaces: &'static [&'static str],
    pub(crate) name: &'static str,
}

impl Declared {
    /// Declares an event.
    #[must_use]
    pub const fn new(namespaces: &'static [&'static str], name: &'static str) -> Self {
        Self { namespaces, name }
    }

    pub(crate) fn check(&self, path: &str) -> Result<(), WrongNamespace> {
        WrongNamespace::check(self.name, self.namespaces, path)
    }
}

/// A handle by which declared events are emitted: the methods of a trait with [`#[emits]`](macro@crate::emits) are on
/// all of them.
///
/// It is implemented for [`Socket`](crate::Socket), [`EmitOptions`](crate::emit::EmitOptions), [`RemoteSocket`](crate::emit::RemoteSocket), [`Namespace`](crate::Namespace), [`Broadcast`](crate::emit::Broadcast),
/// [`Server`](crate::Server) for its namespace `/`, and with the feature `cluster` for `sio::cluster::Emitter` (`/` again)
/// and `Emitting`; and for no other type.
///
/// # Examples
///
/// Code that does not care to whom it speaks takes the declared trait, of which this one is a part:
///
/// ```standalone_crate
/// use sio::emits;
///
/// #[emits(namespace = "/weather")]
/// trait WeatherEvents {
///     async fn emit_wind(knots: u32, from: &str);
/// }
///
/// async fn storm<E: WeatherEvents>(to: &E) -> Result<(), E::Error> {
///     to.emit_wind(70, "west").await
/// }
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "declared events cannot be emitted by `{Self}`",
    label = "not a handle of `sio`",
    note = "they are emitted by `Socket`, its options (`EmitOptions`), `RemoteSocket`, `Namespace`, `Broadcast`, `Server` \
            and the cluster's `Emitter`"
)]
pub trait Emit: sealed::Sealed + Sync {
    /// The reason why an event was not sent: [`EmitError`], and that of the cluster for its emitter.
    type Error: Error + Send + Sync + 'static;

    #[doc(hidden)]
    type Encoded: Send;

    #[doc(hidden)]
    fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Encoded, Self::Error>;

    #[doc(hidden)]
    fn __emit(
        &self,
        encoded: Result<Self::Encoded, Self::Error>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A handle by which declared questions are asked: an event with a return type waits for the answers of clients.
///
/// It is implemented for all that [`Emit`] is implemented for, but for the cluster's emitter, which is no member of the
/// cluster and cannot be answered.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot ask: nobody could answer it",
    label = "events with a return type wait for an answer",
    note = "an emitter of the cluster is no server: ask from a `Server`, or declare the event without a return type"
)]
pub trait Ask: Emit {
    /// The result of a question: `Result<T, AckError>` for one socket, `Result<AckStream<T>, EmitError>` for many.
    type Answer<T>;

    #[doc(hidden)]
    type Question: Send;

    #[doc(hidden)]
    type Answers: Send;

    #[doc(hidden)]
    fn __question<A: Payload>(&self, event: &Declared, args: A) -> Result<Self::Question, EmitError>;

    #[doc(hidden)]
    fn __ask(
        &self,
        question: Result<Self::Question, EmitError>,
    ) -> impl Future<Output = Self::Answers> + Send;

    #[doc(hidden)]
    fn __answer<T: ClientAnswer>(answers: Self::Answers) -> Self::Answer<T>;
}

mod sealed {
    #[expect(unnameable_types, reason = "so that nobody else can implement what needs it")]
    pub trait Sealed {}
}

pub(crate) use self::handles::everybody;
pub(crate) use self::sealed::Sealed;

/// The arguments of an event: a tuple of [`Argument`]s.
pub trait Payload: Serialize {}

/// One argument of a declared event. It is apart from `Serialize` for the sake of the compiler's message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the argument of an event",
    label = "does not serialize, so it cannot be sent",
    note = "add `#[derive(serde::Serialize)]` to it"
)]
pub trait Argument: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Argument for T {}

/// The answer of a client to a declared event. It is apart from `DeserializeOwned` for the sake of the compiler's message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a client",
    label = "cannot be deserialized, or borrows",
    note = "add `#[derive(serde::Deserialize)]` to it; an answer owns its data: `String` instead of `&str`"
)]
pub trait ClientAnswer: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> ClientAnswer for T {}

macro_rules! tuples {
    ($($name:ident)*) => { tuples! { @ [] $($name)* } };
    (@ [$($name:ident)*]) => { impl<$($name: Argument),*> Payload for ($($name,)*) {} };
    (@ [$($name:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($name: Argument),*> Payload for ($($name,)*) {}
        tuples! { @ [$($name)* $next] $($rest)* }
    };
}

tuples! { A B C D E F G H I J K L }
