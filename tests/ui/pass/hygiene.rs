//! No prelude, and every name that generated code might stumble over taken.

#![no_implicit_prelude]
#![allow(dead_code, non_camel_case_types, non_upper_case_globals, unused_macros)]

mod core {}
mod std {}
mod sio {}
mod serde {}
mod inventory {}

struct Result;
struct Option;
struct Some;
struct Ok;
struct Err;
struct String;
struct str;
struct u64;
struct Event;
struct Reply;
struct Error;
struct Consumer;
struct PhantomData;
struct Send;
trait Default {}
trait Future {}
trait FromEvent {}
const event: () = ();
const output: () = ();
const arg0: () = ();
const this: () = ();
const error: () = ();
const description: () = ();

/// Tries to get in front of every method by its receiver.
trait Hostile: ::core::marker::Sized {
    fn name(self) {}
    fn unhandled(self) {}
    fn concurrent(self) {}
    fn timeout_ms(self) {}
    fn describe(self) {}
    fn from_event(self) {}
    fn into_reply(self) {}
    fn into_future(self) {}
    fn poll(self) {}
    fn on_event(self) {}
    fn field(self) {}
    fn join(self) {}
    fn map(self) {}
}

impl<T> Hostile for T {}

macro_rules! compile_error {
    ($($any:tt)*) => {};
}

#[::sio::emits(namespace = ["/chat", "/other"])]
pub trait Events {
    /// With names that generated code could use.
    async fn emit_event(args: ::core::primitive::u64, encoded: &::core::primitive::str, r#type: ::core::primitive::u64);
    #[::sio::event("ask")]
    async fn emit_question() -> ::core::primitive::u64;
}

#[derive(::core::default::Default)]
struct Set {
    first: ::core::primitive::u64,
}

#[::sio::handlers]
impl Set {
    async fn event_add(&mut self, number: ::core::primitive::u64) -> ::core::primitive::u64 {
        self.first = number;
        number
    }

    #[::sio::event("add beside", concurrent)]
    async fn add_beside() -> ::sio::Result<()> {
        ::sio::Result::Ok(())
    }
}

#[derive(::core::default::Default)]
struct Chat {
    first: Set,
}

#[::sio::consumer(namespace = "/chat", handlers = first)]
impl Chat {
    async fn connect(&mut self, socket: &::sio::Socket) -> bool {
        let _ = socket;
        true
    }

    async fn event_echo(&mut self, text: ::std::string::String, ack: ::sio::extract::Ack<::std::string::String>) {
        let _ = ack.send(text);
    }

    async fn event_two(&self, a: ::core::primitive::u64, b: ::core::option::Option<::core::primitive::u64>) -> (::core::primitive::u64, ::core::primitive::bool) {
        (a, b.is_some())
    }

    #[::sio::event("out come", timeout = "1s")]
    async fn outcome() -> ::sio::Result<()> {
        ::sio::Result::Ok(())
    }

    #[::sio::event("beside", concurrent)]
    async fn beside() {}

    #[::sio::event(fallback)]
    async fn other(name: ::sio::extract::EventName) -> ::core::primitive::bool {
        name.as_str().is_empty()
    }

    async fn error(&mut self, failure: ::sio::Error) {
        ::core::mem::drop(failure);
    }

    async fn disconnect(&mut self, reason: ::sio::DisconnectReason) {
        let _ = reason;
    }
}

struct Built;

#[::sio::consumer(namespace = "/built")]
impl Built {
    async fn connect() -> ::core::result::Result<Self, ::sio::error::ConnectError> {
        ::core::result::Result::Ok(Self)
    }
}

fn main() {}
