use sio::prelude::*;

#[emits]
struct NotATrait;

#[emits(namespace = "chat")]
trait NoSlash {
    async fn emit_joined(name: &str);
}

#[emits(namespace = ["/a", "/b", "/a"])]
trait Twice {}

#[emits(namespace = ["/org/{id}", "/org/{name}"])]
trait Overlapping {}

#[emits(namespace = [])]
trait Nowhere {}

#[emits(namespace = ["/a", 7])]
trait NoString {}

#[emits("/chat")]
trait NoKey {}

#[emits(namespace = "/generic")]
trait Generic<T> {
    async fn emit_joined(name: &str);
}

#[emits(namespace = "/super")]
trait Supertrait: Clone {}

#[emits(namespace = "/unsafe")]
unsafe trait Unsafe {}

fn main() {}
