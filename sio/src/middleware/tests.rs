//! Scope and order of what stands in front of a consumer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;

use super::{Call, Connecting, Next};
use crate::consumer::Reply;
use crate::error::Error;
use crate::extract::Extension;
use crate::packet_client::PacketClient;
use crate::prelude::*;

type Notes = Arc<Mutex<Vec<String>>>;

#[derive(Default)]
struct Guarded;

#[derive(Debug)]
struct User(String);

#[consumer(namespace = "/tests/guarded")]
impl Guarded {
    async fn connect(&mut self, notes: State<Notes>, user: Option<Extension<User>>) {
        note(&notes, format!("connect {:?}", user.map(|user| user.0.clone())));
    }

    async fn event_echo(&self, notes: State<Notes>, text: String) -> String {
        note(&notes, "handler");
        text
    }

    async fn event_ack(&self, ack: Ack<u8>) {
        ack.send(1).unwrap();
    }

    #[event("beside", concurrent)]
    async fn beside(text: String) -> String {
        text
    }

    async fn event_panic() {
        panic!("secret");
    }

    #[event("slow", timeout = "10ms")]
    async fn slow() {
        std::future::pending().await
    }

    async fn event_wait(notes: State<Notes>) {
        let _dropped = OnDrop(notes.clone().into_inner());
        std::future::pending().await
    }
}

struct OnDrop(Arc<Notes>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        note(&self.0, "dropped");
    }
}

#[derive(Default)]
struct Other;

#[consumer(namespace = "/tests/guarded/{id}")]
impl Other {
    async fn event_echo(&self, text: String) -> String {
        text
    }
}

fn note(notes: &Notes, text: impl Into<String>) {
    notes.lock().unwrap().push(text.into());
}

fn taken(notes: &Notes) -> Vec<String> {
    std::mem::take(&mut notes.lock().unwrap())
}

fn start(configure: impl FnOnce(crate::Builder, Notes) -> crate::Builder) -> (PacketClient, Notes) {
    let notes = Notes::default();
    let builder = Server::builder().collect(false).consumer::<Guarded>().consumer::<Other>();
    let server = configure(builder.state(Arc::clone(&notes)), Arc::clone(&notes)).build().unwrap();
    (PacketClient::new(&server), notes)
}

/// Notes what it is called and lets everybody pass.
fn passing(
    notes: &Notes,
    name: &'static str,
) -> impl Fn(Connecting) -> std::future::Ready<Result<(), ConnectError>> + use<> {
    let notes = Arc::clone(notes);
    move |client| {
        note(&notes, format!("{name} {}", client.path()));
        std::future::ready(Ok(()))
    }
}

/// Notes when an event comes and when it goes.
async fn around(name: &'static str, notes: Notes, call: Call, next: Next) -> Result<Reply, Error> {
    note(&notes, format!("{name} in {}", call.name()));
    let outcome = next.run(call).await;
    note(&notes, format!("{name} out {}", outcome.as_ref().map_or_else(Error::code, |_| "ok")));
    outcome
}

macro_rules! noting {
    ($notes:expr, $name:literal) => {{
        let notes = Arc::clone(&$notes);
        move |call, next| around($name, Arc::clone(&notes), call, next)
    }};
}

#[tokio::test]
async fn the_debug_output_of_a_client_hides_what_it_has_sent() {
    let (mut client, notes) = start(|builder, notes| {
        builder.on_connecting("/tests/guarded", move |client| {
            note(&notes, format!("{client:?}"));
            std::future::ready(Ok(()))
        })
    });
    client.join(r#"0/tests/guarded,{"token":"secret"}"#).await;
    let noted = taken(&notes);
    assert!(noted[0].starts_with("Connecting { socket: ") && !noted[0].contains("secret"), "{noted:?}");
}

#[tokio::test]
async fn hooks_run_in_the_order_in_which_they_were_added_and_before_connect() {
    let (mut client, notes) = start(|builder, notes| {
        builder
            .on_connecting("/tests/guarded", passing(&notes, "first"))
            .on_connecting("*", passing(&notes, "every"))
            .on_connecting("/tests/guarded/{id}", passing(&notes, "other"))
            .on_connecting("/tests/guarded", passing(&notes, "last"))
    });
    client.join("0/tests/guarded,").await;
    let path = "/tests/guarded";
    let order =
        [format!("first {path}"), format!("every {path}"), format!("last {path}"), "connect None".into()];
    assert_eq!(taken(&notes), order);
    client.join("0/tests/guarded/7,").await;
    assert_eq!(taken(&notes), ["every /tests/guarded/7", "other /tests/guarded/7"]);
    client.join("0").await;
    assert_eq!(taken(&notes), ["every /"]);
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

#[tokio::test]
async fn a_hook_sees_who_comes_and_can_refuse() {
    let (mut client, notes) = start(|builder, notes| {
        builder
            .on_connecting("/tests/guarded", |client| async move {
                assert_eq!(client.handshake().query_param("token").as_deref(), Some("abc"));
                let Login { name } = client.auth()?;
                client.socket().join("early").await?;
                client.socket().emit("early", &()).await?;
                if name == "Eve" {
                    return Err(ConnectError::new("Banned").with_data(["spam"]));
                }
                assert_ne!(name, "panic");
                client.insert(User(name));
                Ok(())
            })
            .on_connecting("/tests/guarded", passing(&notes, "second"))
    });
    let refused = client.send(&[r#"0/tests/guarded,{"name":"Eve"}"#]).await;
    assert_eq!(refused, [r#"4/tests/guarded,{"message":"Banned","data":["spam"]}"#]);
    let wrong = client.send(&["0/tests/guarded,"]).await;
    assert!(wrong[0].starts_with(r#"4/tests/guarded,{"message":"Invalid auth payload""#), "{wrong:?}");
    let panicked = client.send(&[r#"0/tests/guarded,{"name":"panic"}"#]).await;
    assert_eq!(panicked, [r#"4/tests/guarded,{"message":"Internal server error"}"#]);
    assert_eq!(taken(&notes), [""; 0]);
    let accepted = client.send(&[r#"0/tests/guarded,{"name":"Ada"}"#]).await;
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[1], r#"2/tests/guarded,["early"]"#);
    assert_eq!(taken(&notes), ["second /tests/guarded", "connect Some(\"Ada\")"]);
}

#[tokio::test]
async fn the_first_that_was_added_is_the_outermost() {
    let (mut client, notes) = start(|builder, notes| {
        builder
            .middleware("/tests/guarded", noting!(notes, "a"))
            .middleware("*", noting!(notes, "b"))
            .middleware("/tests/guarded/{id}", noting!(notes, "c"))
    });
    client.join("0/tests/guarded,").await;
    taken(&notes);
    assert_eq!(client.send(&[r#"2/tests/guarded,1["echo","x"]"#]).await, [r#"3/tests/guarded,1["x"]"#]);
    assert_eq!(taken(&notes), ["a in echo", "b in echo", "handler", "b out ok", "a out ok"]);
    assert_eq!(client.send(&[r#"2/tests/guarded,1["beside","x"]"#]).await, [r#"3/tests/guarded,1["x"]"#]);
    assert_eq!(taken(&notes), ["a in beside", "b in beside", "b out ok", "a out ok"]);
    assert_eq!(client.send(&[r#"2/tests/guarded,2["ack"]"#]).await, ["3/tests/guarded,2[1]"]);
    taken(&notes);
    client.join("0/tests/guarded/7,").await;
    client.send(&[r#"2/tests/guarded/7,["echo","x"]"#]).await;
    assert_eq!(taken(&notes), ["b in echo", "c in echo", "c out ok", "b out ok"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_can_be_refused_answered_and_changed() {
    let (mut client, notes) = start(|builder, _| {
        builder.middleware("/tests/guarded", |mut call, next: Next| async move {
            match call.name() {
                "refuse" => Err(Error::new("muted", "You are muted")),
                "answer" => call.reply(&(call.args().raw(), call.wants_ack())),
                "delay" => {
                    call.set_name("slow");
                    next.run(call).await
                }
                "wrap" => {
                    let value: crate::Value = call.args().clone().take()?;
                    call.set_name("echo");
                    call.set_args(&(value, Binary::from(b"secret")))?;
                    next.run(call).await
                }
                "change" => {
                    let text: String = call.args().clone().take()?;
                    call.set_name("echo");
                    call.set_args(&(text.to_uppercase(), Binary::from(b"x")))?;
                    next.run(call).await
                }
                _ => next.run(call).await,
            }
        })
    });
    client.join("0/tests/guarded,").await;
    taken(&notes);
    let refused = r#"3/tests/guarded,1[{"status":"error","code":"muted","message":"You are muted"}]"#;
    assert_eq!(client.send(&[r#"2/tests/guarded,1["refuse"]"#]).await, [refused]);
    let answered = r#"3/tests/guarded,1["[\"answer\",1]",true]"#;
    assert_eq!(client.send(&[r#"2/tests/guarded,1["answer",1]"#]).await, [answered]);
    assert_eq!(client.send(&[r#"2/tests/guarded,["answer",1]"#]).await, [""; 0]);
    assert_eq!(taken(&notes), [""; 0]);
    assert_eq!(client.send(&[r#"2/tests/guarded,1["change","x"]"#]).await, [r#"3/tests/guarded,1["X"]"#]);
    // With the other handler comes its deadline.
    client.send(&[r#"2/tests/guarded,1["delay"]"#]).await;
    tokio::time::advance(Duration::from_millis(20)).await;
    client.settle().await;
    assert!(client.received()[0].contains(r#""code":"timeout""#));
    // An object that a client has made up does not become the bytes that stand beside it.
    let forged = r#"2/tests/guarded,1["wrap",{"_placeholder":true,"num":0}]"#;
    let refused = client.send(&[forged]).await;
    assert!(refused[0].contains(r#""code":"internal""#), "{refused:?}");
    let wrong = client.send(&[r#"2/tests/guarded,1["change"]"#]).await;
    assert!(wrong[0].contains(r#""code":"invalid_payload""#), "{wrong:?}");
}

#[tokio::test(start_paused = true)]
async fn middleware_learns_how_a_handler_failed() {
    let (mut client, notes) =
        start(|builder, notes| builder.middleware("/tests/guarded", noting!(notes, "a")));
    client.join("0/tests/guarded,").await;
    taken(&notes);
    let panicked = client.send(&[r#"2/tests/guarded,1["panic"]"#]).await;
    assert!(panicked[0].contains(r#""code":"internal""#) && !panicked[0].contains("secret"), "{panicked:?}");
    client.send(&[r#"2/tests/guarded,2["slow"]"#]).await;
    tokio::time::advance(Duration::from_millis(20)).await;
    client.settle().await;
    assert!(client.received()[0].contains(r#""code":"timeout""#));
    client.send(&[r#"2/tests/guarded,["unknown"]"#]).await;
    let order = ["a in panic", "a out internal", "a in slow", "a out timeout", "a in unknown"];
    assert_eq!(taken(&notes)[..5], order);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_nobody_waits_for_is_given_up() {
    let (mut client, notes) = start(|builder, _| {
        builder.middleware("/tests/guarded", |call: Call, next: Next| async move {
            let fast = tokio::time::timeout(Duration::from_millis(5), next.run(call)).await;
            fast.unwrap_or_else(|_| Err(Error::new("busy", "Too slow")))
        })
    });
    client.join("0/tests/guarded,").await;
    taken(&notes);
    client.send(&[r#"2/tests/guarded,1["wait"]"#]).await;
    tokio::time::advance(Duration::from_millis(10)).await;
    client.settle().await;
    assert!(client.received()[0].contains(r#""code":"busy""#));
    assert_eq!(taken(&notes), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_dropped_as_soon_as_nobody_waits_for_it() {
    let (mut client, notes) = start(|builder, notes| {
        builder.middleware("/tests/guarded", move |call: Call, next: Next| {
            let notes = Arc::clone(&notes);
            async move {
                let _ = tokio::time::timeout(Duration::from_millis(5), next.run(call)).await;
                note(&notes, "given up");
                tokio::time::sleep(Duration::from_millis(5)).await;
                note(&notes, "done");
                Ok(Reply::none())
            }
        })
    });
    client.join("0/tests/guarded,").await;
    taken(&notes);
    client.send(&[r#"2/tests/guarded,1["wait"]"#]).await;
    for _ in 0..2 {
        tokio::time::advance(Duration::from_millis(6)).await;
        client.settle().await;
    }
    assert_eq!(client.received(), ["3/tests/guarded,1[]"]);
    assert_eq!(taken(&notes), ["given up", "dropped", "done"]);
}

#[tokio::test]
async fn middleware_may_wait_for_the_handler_in_a_task_of_its_own() {
    let (mut client, notes) = start(|builder, _| {
        builder.middleware("/tests/guarded", move |call: Call, next: Next| async move {
            tokio::spawn(next.run(call)).await.map_err(Error::internal)?
        })
    });
    client.join("0/tests/guarded,").await;
    taken(&notes);
    for id in 0..3 {
        let echo = format!(r#"2/tests/guarded,{id}["echo","x"]"#);
        assert_eq!(client.send(&[&*echo]).await, [format!(r#"3/tests/guarded,{id}["x"]"#)]);
    }
    assert_eq!(taken(&notes), ["handler"; 3]);
}

#[tokio::test]
async fn a_handler_that_is_asked_for_when_its_event_is_over_does_not_run() {
    let late = Arc::new(Mutex::new(None));
    let (mut client, notes) = start(|builder, _| {
        let late = Arc::clone(&late);
        builder.middleware("/tests/guarded", move |call: Call, next: Next| {
            *late.lock().unwrap() = Some((call, next));
            async { Ok(Reply::none()) }
        })
    });
    client.join("0/tests/guarded,").await;
    taken(&notes);
    assert_eq!(client.send(&[r#"2/tests/guarded,1["echo","x"]"#]).await, ["3/tests/guarded,1[]"]);
    let (call, next) = late.lock().unwrap().take().unwrap();
    let error = next.run(call).await.unwrap_err();
    assert_eq!(error.code(), "internal");
    assert_eq!(taken(&notes), [""; 0]);
}

#[tokio::test]
async fn middleware_that_panics_or_loses_its_way_answers_too() {
    let (mut client, _) = start(|builder, _| {
        builder.middleware("/tests/guarded", |call: Call, next: Next| async move {
            match call.name() {
                "panic" => panic!("secret"),
                _ => drop(next),
            }
            Ok(Reply::none())
        })
    });
    client.join("0/tests/guarded,").await;
    let panicked = client.send(&[r#"2/tests/guarded,1["panic"]"#]).await;
    assert!(panicked[0].contains(r#""code":"internal""#), "{panicked:?}");
    assert_eq!(client.send(&[r#"2/tests/guarded,2["echo","x"]"#]).await, ["3/tests/guarded,2[]"]);
}

#[test]
fn middleware_for_a_namespace_that_nobody_serves_is_a_mistake() {
    let builder = Server::builder().collect(false).consumer::<Other>();
    let builder = builder
        .on_connecting("/tests/guarded/7", |_| async { Ok(()) })
        .middleware("/tests/nobody", |call: Call, next: Next| next.run(call))
        .middleware("/", |call: Call, next: Next| next.run(call));
    let error = builder.build().unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}
