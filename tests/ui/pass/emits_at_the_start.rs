//! A mistake in the declared events of a whole program is an error when its server is built, with the places.

use sio::prelude::*;

#[emits(namespace = "/chat")]
trait First {
    async fn emit_said(text: &str);
    async fn emit_first();
}

#[emits(namespace = ["/chat", "/chats"])]
trait Second {
    async fn emit_said(text: &str);
}

#[derive(Default)]
struct Chat;

#[consumer(namespace = "/chat")]
impl Chat {}

fn main() {
    let error = Server::builder().build().unwrap_err().to_string();
    let place = |name: &str| {
        let (_, rest) = error.split_once(&format!("{name} (")).unwrap_or_else(|| panic!("{name} in {error}"));
        rest.split_once(')').expect("the end of the place").0.to_owned()
    };
    assert!(error.contains("the event `said` is declared twice for `/chat`: by "), "{error}");
    assert!(error.contains("declares events for `/chats`, which no consumer serves; "), "{error}");
    // The lines of the attributes.
    for (name, line) in [("First", ":5:"), ("Second", ":11:"), ("Chat", ":19:")] {
        assert!(place(name).contains(&format!("emits_at_the_start.rs{line}")), "{name}: {error}");
    }
    assert!(!error.contains("`first`"), "{error}");
}
