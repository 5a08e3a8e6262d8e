//! The shapes of arguments and answers, found by method resolution: nothing is demanded of a type, and the traits that it
//! implements decide how much is known of it.
//!
//! A probe is a stack of levels, each of which [derefs](Deref) to the next. A method of an upper level is taken where
//! its bounds hold, so an order of levels is an order of preference:
//!
//! ```text
//! ArgProbe<T>    what sio knows by name: Ack, Valid, Args
//! OptionProbe    Option<T>, T: JsonSchema + Deserialize     may be missing
//! NullableProbe  Option<T>, T: Deserialize                  may be missing, of unknown shape
//! PayloadProbe   T: JsonSchema + Deserialize
//! OpaqueProbe    T: Deserialize                             of unknown shape
//! ServerProbe    everything else: provided by the server
//! ```

#![expect(unnameable_types, reason = "only generated code comes across the probes and their answers")]

use std::any::type_name;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use sio_core::args::Args;

use super::valid::Valid;
use super::{Ack, Description};
use crate::error::ErrorCodes;

/// A type, and how to make its schema if it has one.
#[derive(Debug, Clone, Copy)]
pub struct Typed {
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) schema: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// True for a tuple, whose elements are several arguments.
    pub(crate) is_tuple: fn() -> bool,
}

impl Typed {
    const fn known<T: JsonSchema>() -> Self {
        Self {
            type_name: type_name::<T>,
            schema: Some(SchemaGenerator::subschema_for::<T>),
            is_tuple: || type_name::<T>().starts_with('('),
        }
    }

    const fn unknown<T>() -> Self {
        Self { type_name: type_name::<T>, schema: None, is_tuple: || false }
    }

    /// Returns whether the type is `()`, which is no value.
    pub(crate) fn is_unit(&self) -> bool {
        (self.type_name)() == "()"
    }
}

/// The meaning of an argument of a handler.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Something that the client sends. `is_optional`: it may leave it out.
    Payload {
        /// The type.
        typed: Typed,
        /// True if the client may leave it out.
        is_optional: bool,
    },
    /// The acknowledgement, to be answered with a type.
    Ack(Typed),
    /// All arguments that are left.
    Rest,
    /// Nothing that the client sends.
    Provided,
}

/// The handlers of a consumer, in the order in which they are written.
#[derive(Debug, Default)]
pub(crate) struct Handlers {
    pub(crate) docs: &'static str,
    pub(crate) connect: Option<Handled>,
    pub(crate) events: Vec<Handled>,
    /// True while `connect` is described, and not an event.
    in_connect: bool,
}

/// One handler, or `connect`.
#[derive(Debug)]
pub(crate) struct Handled {
    /// The events that it handles; none for the fallback.
    pub(crate) names: &'static [&'static str],
    pub(crate) docs: &'static str,
    pub(crate) args: Vec<(&'static str, Shape)>,
    pub(crate) answer: Option<Typed>,
    /// `None`: it may fail with any code.
    pub(crate) codes: Option<&'static [&'static str]>,
}

impl Handled {
    fn new(names: &'static [&'static str], docs: &'static str) -> Self {
        Self { names, docs, args: Vec::new(), answer: None, codes: None }
    }
}

/// Calls of generated code.
#[doc(hidden)]
impl Description<'_> {
    /// Sets the documentation of the consumer.
    pub fn consumer(&mut self, docs: &'static str) {
        if let Some(handlers) = &mut self.handlers {
            handlers.docs = docs;
        }
    }

    /// Begins the description of `connect`.
    pub fn connect(&mut self, docs: &'static str) {
        if let Some(handlers) = &mut self.handlers {
            handlers.connect = Some(Handled::new(&[], docs));
            handlers.in_connect = true;
        }
    }

    /// Begins the description of the handler of some events; without names, of the fallback.
    pub fn event(&mut self, names: &'static [&'static str], docs: &'static str) {
        if let Some(handlers) = &mut self.handlers {
            handlers.events.push(Handled::new(names, docs));
            handlers.in_connect = false;
        }
    }

    /// Adds an argument of the handler.
    pub fn arg(&mut self, name: &'static str, shape: Shape) {
        if let Some(handled) = self.handled() {
            handled.args.push((name, shape));
        }
    }

    /// Sets the value that the handler returns, and the codes with which it fails.
    pub fn reply(&mut self, answer: Typed, codes: Option<&'static [&'static str]>) {
        if let Some(handled) = self.handled() {
            handled.answer = Some(answer);
            handled.codes = codes;
        }
    }

    fn handled(&mut self) -> Option<&mut Handled> {
        let handlers = self.handlers.as_deref_mut()?;
        if handlers.in_connect { handlers.connect.as_mut() } else { handlers.events.last_mut() }
    }
}

/// Makes the levels of a stack, the uppermost first.
macro_rules! levels {
    ($($name:ident -> $next:ident),+; $last:ident) => {
        $(
            /// A level of a probe.
            #[derive(Debug)]
            pub struct $name<T>($next<T>, PhantomData<fn() -> T>);

            impl<T> $name<T> {
                /// The only value.
                pub const NEW: Self = Self($next::NEW, PhantomData);
            }

            impl<T> Deref for $name<T> {
                type Target = $next<T>;

                fn deref(&self) -> &$next<T> {
                    &self.0
                }
            }
        )+

        /// The last level of a probe.
        #[derive(Debug)]
        pub struct $last<T>(PhantomData<fn() -> T>);

        impl<T> $last<T> {
            /// The only value.
            pub const NEW: Self = Self(PhantomData);
        }
    };
}

/// Gives levels a method, each for the types that it knows.
macro_rules! answers {
    ($method:ident -> $result:ty: $($probe:ident of $type:ty, <$($param:ident $(: ($($bounds:tt)+))?),*> => $answer:expr;)+) => {
        $(impl<$($param $(: $($bounds)+)?),*> $probe<$type> {
            /// The answer, as far as it is known.
            #[must_use]
            pub fn $method(&self) -> $result {
                $answer
            }
        })+
    };
}

levels! {
    ArgProbe -> OpaqueAckProbe,
    OpaqueAckProbe -> OptionProbe,
    OptionProbe -> NullableProbe,
    NullableProbe -> PayloadProbe,
    PayloadProbe -> OpaqueProbe,
    OpaqueProbe -> ServerProbe; ServerProbe
}

const fn required(typed: Typed) -> Shape {
    Shape::Payload { typed, is_optional: false }
}

const fn optional(typed: Typed) -> Shape {
    Shape::Payload { typed, is_optional: true }
}

answers! {
    __sio_shape -> Shape:
    ArgProbe of Args, <> => Shape::Rest;
    ArgProbe of Ack<T>, <T: (JsonSchema)> => Shape::Ack(Typed::known::<T>());
    ArgProbe of Option<Ack<T>>, <T: (JsonSchema)> => Shape::Ack(Typed::known::<T>());
    ArgProbe of Valid<T>, <T: (JsonSchema)> => required(Typed::known::<T>());
    ArgProbe of Option<Valid<T>>, <T: (JsonSchema)> => optional(Typed::known::<Option<T>>());
    OpaqueAckProbe of Ack<T>, <T> => Shape::Ack(Typed::unknown::<T>());
    OpaqueAckProbe of Option<Ack<T>>, <T> => Shape::Ack(Typed::unknown::<T>());
    OpaqueAckProbe of Valid<T>, <T> => required(Typed::unknown::<T>());
    OpaqueAckProbe of Option<Valid<T>>, <T> => optional(Typed::unknown::<T>());
    OptionProbe of Option<T>, <T: (JsonSchema + DeserializeOwned)> => optional(Typed::known::<Option<T>>());
    NullableProbe of Option<T>, <T: (DeserializeOwned)> => optional(Typed::unknown::<T>());
    PayloadProbe of T, <T: (JsonSchema + DeserializeOwned)> => required(Typed::known::<T>());
    OpaqueProbe of T, <T: (DeserializeOwned)> => required(Typed::unknown::<T>());
    ServerProbe of T, <T> => Shape::Provided;
}

levels! {
    ReplyProbe -> OpaqueResultProbe,
    OpaqueResultProbe -> ValueProbe,
    ValueProbe -> OpaqueValueProbe; OpaqueValueProbe
}

answers! {
    __sio_answer -> Typed:
    ReplyProbe of Result<T, E>, <T: (JsonSchema), E> => Typed::known::<T>();
    OpaqueResultProbe of Result<T, E>, <T, E> => Typed::unknown::<T>();
    ValueProbe of T, <T: (JsonSchema)> => Typed::known::<T>();
    OpaqueValueProbe of T, <T> => Typed::unknown::<T>();
}

levels! {
    CodesProbe -> NoCodesProbe; NoCodesProbe
}

answers! {
    __sio_codes -> Option<&'static [&'static str]>:
    CodesProbe of Result<T, E>, <T, E: (ErrorCodes)> => Some(E::CODES);
    NoCodesProbe of T, <T> => None;
}

levels! {
    SentProbe -> OpaqueSentProbe; OpaqueSentProbe
}

answers! {
    __sio_typed -> Typed:
    SentProbe of T, <T: (JsonSchema)> => Typed::known::<T>();
    OpaqueSentProbe of T, <T> => Typed::unknown::<T>();
}
