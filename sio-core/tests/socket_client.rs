//! Conversations of one client with the state machines, from messages to what they mean: how a connection joins and leaves
//! namespaces, and what closes it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use bytestring::ByteString;
use sio_core::socket::{Action, Client, DecodeError, Decoder, Event, Key, Violation};
use sio_core::value::Value;

/// Decoder and client of one connection.
struct Connection {
    decoder: Decoder,
    client: Client,
}

impl Connection {
    fn new() -> Self {
        Self { decoder: Decoder::new(3), client: Client::new(2) }
    }

    /// A connection that is in `/` and `/chat`.
    fn joined() -> (Self, Key, Key) {
        let mut connection = Self::new();
        let main = connection.join("0");
        let chat = connection.join("0/chat,");
        (connection, main, chat)
    }

    /// A text message. `None`: its attachments are due.
    fn text(&mut self, text: &str) -> Result<Option<Action>, Violation> {
        let packet = self.decoder.text(text.into())?;
        packet.map(|packet| self.client.handle(packet)).transpose()
    }

    fn binary(&mut self, bytes: &'static [u8]) -> Result<Option<Action>, Violation> {
        let packet = self.decoder.binary(Bytes::from_static(bytes))?;
        packet.map(|packet| self.client.handle(packet)).transpose()
    }

    fn action(&mut self, text: &str) -> Action {
        self.text(text).unwrap().expect("the packet is complete")
    }

    fn connect(&mut self, text: &str) -> (Key, ByteString, Option<Value>) {
        match self.action(text) {
            Action::Connect { key, namespace, auth } => {
                (key, namespace, auth.map(|mut auth| auth.take().unwrap()))
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    fn join(&mut self, text: &str) -> Key {
        let (key, ..) = self.connect(text);
        assert!(self.client.accepted(key));
        key
    }

    fn event(&mut self, text: &str) -> (Key, Event) {
        match self.action(text) {
            Action::Event { key, event } => (key, event),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn assert_ignored(&mut self, text: &str) {
        let action = self.text(text);
        assert!(matches!(action, Ok(Some(Action::Ignore))), "{text}: {action:?}");
    }

    #[track_caller]
    fn violation(&mut self, text: &str) -> Violation {
        match self.text(text) {
            Err(violation) => violation,
            Ok(action) => panic!("{text}: {action:?}"),
        }
    }
}

/// Returns the error with which a text closes a connection that is in `/` and `/chat`.
#[track_caller]
fn closes(text: &str) -> DecodeError {
    let (mut connection, ..) = Connection::joined();
    match connection.violation(text) {
        Violation::Packet(error) => error,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_client_joins_two_namespaces() {
    let mut connection = Connection::new();
    assert!(connection.client.is_empty());
    let (main, namespace, auth) = connection.connect("0");
    assert_eq!((&*namespace, auth), ("/", None));
    assert!(connection.client.accepted(main));
    let (chat, namespace, auth) = connection.connect(r#"0/chat,{"token":"123"}"#);
    assert_eq!(&*namespace, "/chat");
    assert_eq!(auth.unwrap()["token"].as_str(), Some("123"));
    assert!(connection.client.accepted(chat));
    assert_ne!(main, chat);

    let (key, event) = connection.event(r#"2["a"]"#);
    assert_eq!((key, &*event.name, event.id), (main, "a", None));
    let (key, event) = connection.event(r#"2/chat,5["b"]"#);
    assert_eq!((key, &*event.name, event.id), (chat, "b", Some(5)));
}

#[test]
fn connect_without_a_comma_and_with_a_query_string() {
    let mut connection = Connection::new();
    assert_eq!(connection.connect("0/x").1, "/x");
    assert_eq!(connection.connect(r#"0/chat?token=1,{"a":1}"#).1, "/chat");
    assert!(matches!(connection.violation("0/chat,"), Violation::ConnectedTwice(name) if name == "/chat"));
}

#[test]
fn an_auth_payload_of_any_kind_is_left_to_the_hook() {
    for (text, auth) in [("0\"str\"", Value::from("str")), ("0[1]", vec![1].into()), ("0null", Value::Null)] {
        assert_eq!(Connection::new().connect(text).2, Some(auth), "{text}");
    }
}

#[test]
fn connecting_twice_closes_the_connection() {
    let (mut connection, ..) = Connection::joined();
    assert_eq!(connection.violation("0"), Violation::ConnectedTwice("/".into()));
    assert_eq!(connection.violation("0/chat,{}"), Violation::ConnectedTwice("/chat".into()));
    // Also while the hook of the first one runs.
    let mut connection = Connection::new();
    connection.connect("0/x,");
    assert_eq!(connection.violation("0/x,"), Violation::ConnectedTwice("/x".into()));
}

#[test]
fn a_packet_for_a_namespace_that_was_never_joined_closes_the_connection() {
    for text in ["2/x,[\"a\"]", "3/x,1[]", "1/x,", "2/Chat,[\"a\"]", "2/chat/,[\"a\"]"] {
        let (mut connection, ..) = Connection::joined();
        assert!(matches!(connection.violation(text), Violation::NeverJoined(_)), "{text}");
    }
    for text in ["2[\"a\"]", "31[]", "1"] {
        assert!(
            matches!(Connection::new().violation(text), Violation::NeverJoined(name) if name == "/"),
            "{text}"
        );
    }
}

#[test]
fn a_packet_while_the_connect_hook_runs_closes_the_connection() {
    for text in ["2/x,[\"a\"]", "3/x,1[]"] {
        let mut connection = Connection::new();
        connection.connect("0/x,");
        assert_eq!(connection.violation(text), Violation::NotYetJoined("/x".into()), "{text}");
    }
}

#[test]
fn a_refused_client_was_never_in() {
    let mut connection = Connection::new();
    let (key, ..) = connection.connect("0/x,");
    assert!(connection.client.refused(key));
    assert!(connection.client.is_empty() && !connection.client.has_ever_joined());
    assert!(connection.client.has_ever_asked());
    assert!(!connection.client.accepted(key));
    // It may try again.
    let (again, ..) = connection.connect("0/x,");
    assert_ne!(key, again);
    assert!(connection.client.refused(again));
    assert_eq!(connection.violation("2/x,[\"a\"]"), Violation::NeverJoined("/x".into()));
}

#[test]
fn a_client_that_leaves_while_its_hook_runs_is_gone() {
    let mut connection = Connection::new();
    let (key, ..) = connection.connect("0/x,");
    assert!(matches!(connection.action("1/x,"), Action::Leave { key: left } if left == key));
    assert!(!connection.client.accepted(key));
    assert!(connection.client.is_empty() && !connection.client.has_ever_joined());
    connection.assert_ignored("2/x,[\"a\"]");
}

#[test]
fn late_packets_are_ignored_after_leaving_and_after_being_put_out() {
    let (mut connection, main, chat) = Connection::joined();
    assert!(matches!(connection.action("1/chat,"), Action::Leave { key } if key == chat));
    assert!(!connection.client.left(chat), "already left");
    assert!(connection.client.left(main));
    for text in ["2[\"a\"]", "31[]", "1", "2/chat,[\"a\"]", "2/chat,7[\"a\"]", "3/chat,1[]", "1/chat,"] {
        connection.assert_ignored(text);
    }
    // With attachments, too.
    assert!(connection.text(r#"51-/chat,["a",{"_placeholder":true,"num":0}]"#).unwrap().is_none());
    assert!(matches!(connection.binary(b"x"), Ok(Some(Action::Ignore))));
    // The last namespace is left, and the connection is still of use.
    assert!(connection.client.is_empty() && connection.client.has_ever_joined());
    let again = connection.join("0/chat,");
    assert_ne!(again, chat);
    assert_eq!(connection.event("2/chat,[\"a\"]").0, again);
    assert!(matches!(connection.violation("2/x,[\"a\"]"), Violation::NeverJoined(_)));
}

#[test]
fn more_namespaces_than_allowed_are_refused_one_by_one() {
    let (mut connection, _, chat) = Connection::joined();
    assert!(
        matches!(connection.action("0/x,"), Action::TooManyNamespaces { namespace } if namespace == "/x")
    );
    // The connection lives, and there is room again when one is left.
    assert_eq!(connection.event("2/chat,[\"a\"]").0, chat);
    assert!(matches!(connection.action("1/chat,"), Action::Leave { .. }));
    assert_eq!(connection.connect("0/x,").1, "/x");
}

#[test]
fn acks_reach_their_namespace() {
    let (mut connection, main, chat) = Connection::joined();
    let Action::Ack { key, id, mut args } = connection.action(r#"3/chat,12["x",1]"#) else {
        panic!("not an ack")
    };
    assert_eq!((key, id, args.take_rest::<(String, u8)>().unwrap()), (chat, 12, ("x".into(), 1)));
    let Action::Ack { key, id, args } = connection.action("39007199254740991[]") else {
        panic!("not an ack")
    };
    assert_eq!((key, id, args.is_exhausted()), (main, (1 << 53) - 1, true));

    assert_eq!(closes("39007199254740992[]"), DecodeError::AckIdTooLarge);
    assert_eq!(closes("29007199254740992[\"a\"]"), DecodeError::AckIdTooLarge);
    assert_eq!(closes("3[]"), DecodeError::NoAckId);
    assert_eq!(closes("31"), DecodeError::NotJson);
    assert_eq!(closes("31{}"), DecodeError::NotAnArray);
}

#[test]
fn a_connect_error_from_a_client_closes_the_connection() {
    let (mut connection, ..) = Connection::joined();
    assert_eq!(connection.violation("4/chat,{\"message\":\"\"}"), Violation::ConnectError);
}

#[test]
fn invalid_packets_close_the_connection() {
    for text in ["", "abc", "7", "8[\"a\"]", "-1"] {
        assert!(matches!(closes(text), DecodeError::UnknownKind(_) | DecodeError::Empty), "{text}");
    }
    for text in ["2abc", "2abc[\"a\"]", "2[\"a\"", "2[\"a\"]x", "2['a']", "2[\"a\",]", "2/chat[\"a\"]", "0{"]
    {
        assert!(matches!(closes(text), DecodeError::NotJson), "{text}");
    }
    for text in ["2{}", "2{\"0\":\"a\"}", "2\"a\"", "21null", "5"] {
        let error = closes(text);
        assert!(
            matches!(error, DecodeError::NotAnArray | DecodeError::NoAttachmentCount),
            "{text}: {error:?}"
        );
    }
    assert_eq!(closes("2[]"), DecodeError::EmptyArray);
    assert_eq!(closes("1{}"), DecodeError::UnexpectedPayload);
}

#[test]
fn names_that_are_no_texts_or_reserved_close_the_connection() {
    for text in ["2[1]", "2[null,\"a\"]", "2[{}]", "2[[\"a\"]]", "2[true]"] {
        assert_eq!(closes(text), DecodeError::NameNotText, "{text}");
    }
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert_eq!(closes(&format!("2[\"{name}\",{{}}]")), DecodeError::ReservedName(name.into()));
        let binary = format!("50-[\"{name}\"]");
        assert_eq!(closes(&binary), DecodeError::ReservedName(name.into()));
    }
    assert_eq!(closes(r#"2["\u0064isconnect"]"#), DecodeError::ReservedName("disconnect".into()));
}

#[test]
fn attachments_make_one_event_with_their_text() {
    let (mut connection, _, chat) = Connection::joined();
    let text = r#"52-/chat,["up",{"data":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]"#;
    assert!(connection.text(text).unwrap().is_none());
    assert!(connection.binary(b"0").unwrap().is_none());
    let Ok(Some(Action::Event { key, mut event })) = connection.binary(b"1") else { panic!("not an event") };
    assert_eq!(key, chat);
    assert_eq!(event.args.take::<Value>().unwrap()["data"][0].as_bytes(), Some(&b"1"[..]));
    assert_eq!(event.args.take::<Value>().unwrap().as_bytes(), Some(&b"0"[..]));
    // Nothing is left over: the next text is a packet of its own.
    assert_eq!(connection.event(r#"2/chat,["next"]"#).1.name, "next");
}

#[test]
fn a_binary_packet_of_no_attachments_is_delivered_at_once() {
    let (mut connection, main, _) = Connection::joined();
    let (key, mut event) = connection.event(r#"50-3["a",{"_placeholder":false,"num":0}]"#);
    assert_eq!((key, event.id), (main, Some(3)));
    assert_eq!(event.args.take::<Value>().unwrap()["_placeholder"].as_bool(), Some(false));
    assert_eq!(connection.event(r#"2["b"]"#).1.name, "b");
    assert_eq!(connection.event(r#"50-["c"]"#).1.name, "c");
    assert!(matches!(connection.action("60-1[]"), Action::Ack { id: 1, .. }));
}

#[test]
fn attachments_out_of_place_close_the_connection() {
    // A text while attachments are due, even one that would be valid.
    for text in ["2[\"b\"]", "1", "51-[\"b\"]", "x"] {
        let (mut connection, ..) = Connection::joined();
        assert!(connection.text("52-[\"a\"]").unwrap().is_none());
        assert!(connection.binary(b"0").unwrap().is_none());
        assert_eq!(connection.violation(text), Violation::Packet(DecodeError::AttachmentsDue), "{text}");
    }
    // Bytes that nobody announced, and one more than announced.
    let (mut connection, ..) = Connection::joined();
    assert!(matches!(connection.binary(b"x"), Err(Violation::Packet(DecodeError::UnexpectedBinary))));
    assert!(connection.text("51-[\"a\"]").unwrap().is_none());
    assert!(matches!(connection.binary(b"x"), Ok(Some(Action::Event { .. }))));
    assert!(matches!(connection.binary(b"x"), Err(Violation::Packet(DecodeError::UnexpectedBinary))));
    // More than are allowed.
    assert_eq!(closes("54-[\"a\"]"), DecodeError::TooManyAttachments { limit: 3 });
    // Placeholders without attachments.
    for text in [
        r#"51-["a",{"_placeholder":true,"num":1}]"#,
        r#"51-["a",{"_placeholder":true,"num":"0"}]"#,
        r#"51-["a",{"_placeholder":true}]"#,
        r#"50-["a",{"_placeholder":true,"num":0}]"#,
    ] {
        assert_eq!(closes(text), DecodeError::NoAttachment, "{text}");
    }
}

#[test]
fn odd_values_reach_the_application() {
    let (mut connection, ..) = Connection::joined();
    // In a plain packet a placeholder is data like any other.
    let (_, mut event) = connection.event(r#"2["a",{"_placeholder":true,"num":0}]"#);
    assert_eq!(event.args.take::<Value>().unwrap()["num"].as_u64(), Some(0));
    // Half of a surrogate pair is no Rust string; the connection lives.
    let (_, mut event) = connection.event(r#"2["\ud83d\ude00\ud800",{"\udfff":"x\ud800\ud800y"}]"#);
    assert_eq!(event.name, "😀\u{fffd}");
    assert_eq!(event.args.take::<Value>().unwrap()["\u{fffd}"].as_str(), Some("x\u{fffd}\u{fffd}y"));
    // Deeper than any payload type: this argument fails, and the connection lives.
    let deep = format!("2[\"a\",{}1{},2]", "[".repeat(5000), "]".repeat(5000));
    let (_, mut event) = connection.event(&deep);
    assert_eq!(event.args.take::<Value>().unwrap_err().detail, "recursion limit exceeded");
    event.args.take::<serde::de::IgnoredAny>().unwrap();
    assert_eq!(event.args.take::<u8>().unwrap(), 2);
    // Names that are no reserved ones, however odd.
    for (text, name) in
        [(r#"2[""]"#, ""), (r#"2["a,b"]"#, "a,b"), (r#"2["\"\\\/\n"]"#, "\"\\/\n"), ("2[\"42\"]", "42")]
    {
        assert_eq!(connection.event(text).1.name, name, "{text}");
    }
}
