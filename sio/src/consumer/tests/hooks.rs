//! `connect` in all its forms, `disconnect` and `error`.

use serde::Deserialize;
use sio_core::socket::DisconnectReason;

use super::{Client, StateMap};
use crate::Error;
use crate::consumer::{Consumer, Event};
use crate::error::IntoEventError;
use crate::prelude::*;

#[derive(Debug, Deserialize)]
struct Login {
    token: String,
}

async fn refused<C: Consumer>(auth: Option<&str>) -> Option<(String, Option<String>)> {
    let error = Client::<C>::try_connect(auth, StateMap::default()).await.err()?;
    Some((error.message().to_owned(), error.data().map(str::to_owned)))
}

fn message(text: &str) -> Option<(String, Option<String>)> {
    Some((text.to_owned(), None))
}

#[derive(Default)]
struct Flag {
    accepted: u32,
}

#[consumer(namespace = "/tests/flag")]
impl Flag {
    async fn connect(&mut self, accept: Option<bool>) -> bool {
        self.accepted += 1;
        accept.unwrap_or(true)
    }
}

#[tokio::test]
async fn false_refuses() {
    assert_eq!(refused::<Flag>(Some("false")).await, message("Not authorized"));
    assert_eq!(refused::<Flag>(Some("true")).await, None);
    // The hook's `self` is the consumer that the socket keeps.
    assert_eq!(Client::<Flag>::connect().await.consumer.accepted, 1);
}

#[derive(Default)]
struct Outcome;

#[consumer(namespace = "/tests/outcome")]
impl Outcome {
    async fn connect(&self, kind: String) -> crate::Result<bool> {
        match &*kind {
            "code" => Err(Error::new("banned", "You are banned")),
            "foreign" => Ok("x".parse()?),
            other => Ok(other == "true"),
        }
    }
}

#[tokio::test]
async fn an_error_refuses_with_what_it_may_tell() {
    let banned = ("You are banned".to_owned(), Some(r#"{"code":"banned"}"#.to_owned()));
    assert_eq!(refused::<Outcome>(Some(r#""code""#)).await, Some(banned));
    assert_eq!(refused::<Outcome>(Some(r#""foreign""#)).await, message("Internal server error"));
    assert_eq!(refused::<Outcome>(Some(r#""false""#)).await, message("Not authorized"));
    assert_eq!(refused::<Outcome>(Some(r#""true""#)).await, None);
}

struct Built(Login);

#[consumer(namespace = "/tests/built")]
impl Built {
    async fn connect(login: Login) -> Result<Self, ConnectError> {
        if login.token.is_empty() {
            Err(ConnectError::new("Who are you?").with_data(1))
        } else {
            Ok(Self(login))
        }
    }
}

#[tokio::test]
async fn connect_builds_the_consumer_from_the_auth_payload() {
    let client = Client::<Built>::try_connect(Some(r#"{"token":"abc"}"#), StateMap::default()).await.unwrap();
    assert_eq!(client.consumer.0.token, "abc");
    let refusal = ("Who are you?".to_owned(), Some("1".to_owned()));
    assert_eq!(refused::<Built>(Some(r#"{"token":""}"#)).await, Some(refusal));
}

#[tokio::test]
async fn a_wrong_auth_payload_is_refused_with_serdes_words() {
    for auth in [None, Some("{}")] {
        let (message, data) = refused::<Built>(auth).await.unwrap();
        assert_eq!(message, "Invalid auth payload");
        assert_eq!(data.unwrap(), r#"{"code":"invalid_auth","detail":"missing field `token`"}"#);
    }
}

#[derive(Default)]
struct NoSelf;

#[consumer(namespace = "/tests/no-self")]
impl NoSelf {
    async fn connect(login: Option<Login>) -> Result<bool, Refusal> {
        login.map(|login| login.token == "abc").ok_or(Refusal)
    }
}

struct Refusal;

impl IntoEventError for Refusal {
    fn into_event_error(self) -> Error {
        Error::new("anonymous", "Log in first")
    }
}

#[tokio::test]
async fn connect_without_self_may_also_just_accept() {
    assert_eq!(refused::<NoSelf>(Some(r#"{"token":"abc"}"#)).await, None);
    assert_eq!(refused::<NoSelf>(Some(r#"{"token":"x"}"#)).await, message("Not authorized"));
    let anonymous = ("Log in first".to_owned(), Some(r#"{"code":"anonymous"}"#.to_owned()));
    assert_eq!(refused::<NoSelf>(None).await, Some(anonymous));
}

#[derive(Default)]
struct Optional {
    login: Option<Login>,
}

#[consumer(namespace = "/tests/optional")]
impl Optional {
    async fn connect(&mut self, login: Option<Login>) {
        self.login = login;
    }
}

#[tokio::test]
async fn an_optional_auth_payload_tells_none_from_wrong() {
    assert!(Client::<Optional>::connect().await.consumer.login.is_none());
    let wrong = Client::<Optional>::try_connect(Some(r#"{"token":5}"#), StateMap::default()).await;
    assert_eq!(wrong.err().unwrap().message(), "Invalid auth payload");
}

#[derive(Default)]
struct Hooks(Vec<String>);

#[consumer(namespace = "/tests/hooks")]
impl Hooks {
    async fn disconnect(&mut self, reason: DisconnectReason, socket: &Socket) -> crate::Result {
        self.0.push(format!("{reason} on {}", socket.path()));
        Err(Error::new("late", "Nobody hears this"))
    }

    async fn event_fail(&mut self) -> crate::Result {
        Err(Error::new("no", "No"))
    }

    async fn error(error: Error) {
        assert_eq!(error.code(), "no");
    }
}

#[tokio::test]
async fn disconnect_learns_why() {
    let mut client = Client::<Hooks>::connect().await;
    let mut event = Event::disconnect(&client.socket, DisconnectReason::PingTimeout);
    let result = client.consumer.on_disconnect(&mut event).await;
    assert_eq!(result.unwrap_err().code(), "late");
    assert_eq!(client.consumer.0, ["ping timeout on /tests/hooks"]);
}

#[tokio::test]
async fn the_error_hook_needs_no_self() {
    let mut client = Client::<Hooks>::connect().await;
    assert_eq!(client.send(r#"2/tests/hooks,["fail"]"#).await, [""; 0]);
}

#[cfg(test)]
struct Conditional;

#[consumer(namespace = "/tests/conditional")]
#[cfg(test)]
impl Conditional {
    #[cfg(not(test))]
    async fn connect(&mut self) {}

    #[cfg(test)]
    async fn connect() -> Self {
        Self
    }

    #[cfg(test)]
    #[event("which")]
    async fn one(&self) -> u32 {
        1
    }

    #[cfg(not(test))]
    #[event("which")]
    async fn other(&self) -> u32 {
        2
    }

    #[cfg(not(test))]
    async fn disconnect(&mut self, nonsense: Nonsense) {}
}

#[tokio::test]
async fn cfg_chooses_between_methods() {
    let mut client = Client::<Conditional>::connect().await;
    assert_eq!(client.send(r#"2/tests/conditional,1["which"]"#).await, ["43/tests/conditional,1[1]"]);
    assert_eq!(Conditional::EVENTS.len(), 1);
}
