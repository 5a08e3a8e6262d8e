use std::io;

use super::{ConnectError, Error, IntoConnectError as _};

fn object(error: &Error) -> String {
    serde_json::to_string(&error.answer()).unwrap()
}

fn io_error() -> Error {
    io::Error::other("disk on fire").into()
}

#[test]
fn the_text_of_a_foreign_error_stays_on_the_server() {
    let error = io_error();
    assert_eq!(object(&error), r#"{"status":"error","code":"internal","message":"Internal server error"}"#);
    assert_eq!(error.to_string(), "disk on fire");
}

#[test]
fn fields_follow_the_code_and_the_message_in_order() {
    let error = Error::new("muted", "You are muted").with_field("until", 5).with_field("by", "ada");
    let expected = r#"{"status":"error","code":"muted","message":"You are muted","until":5,"by":"ada"}"#;
    assert_eq!(object(&error), expected);
}

#[test]
fn no_field_makes_another_error_or_a_success_of_an_error() {
    let error = Error::new("muted", "You are muted")
        .with_field("status", "ok")
        .with_field("code", 0)
        .with_field("until", 5)
        .with_field(String::from("message"), "fine");
    let expected = r#"{"status":"error","code":"muted","message":"You are muted","until":5}"#;
    assert_eq!(object(&error), expected);
    let refusal = ConnectError::from(error);
    assert_eq!((refusal.message(), refusal.data()), ("You are muted", Some(r#"{"code":"muted","until":5}"#)));
    // Not even that of a refusal, which keeps its data.
    let error = Error::from(ConnectError::new("No").with_data(7)).with_field("code", "ok");
    assert_eq!(ConnectError::from(error).data(), Some("7"));
    assert_eq!(
        object(&io_error().with_field("code", "ok")),
        r#"{"status":"error","code":"internal","message":"Internal server error"}"#
    );
}

#[test]
fn a_field_replaces_the_one_that_has_its_name() {
    let error = Error::new("muted", "You are muted").with_field("until", "no").with_field("until", 5);
    assert_eq!(object(&error), r#"{"status":"error","code":"muted","message":"You are muted","until":5}"#);
}

#[test]
fn a_body_takes_the_place_of_the_object() {
    let error = Error::new("muted", "You are muted").with_field("until", 5).with_body("no");
    assert_eq!(object(&error), r#""no""#);
}

#[test]
fn a_value_that_is_no_json_is_left_out() {
    let no_json = std::collections::HashMap::from([((1, 2), 3)]);
    let error = Error::new("a", "b").with_field("x", &no_json).with_body(&no_json);
    assert_eq!(object(&error), r#"{"status":"error","code":"a","message":"b"}"#);
}

#[test]
fn an_argument_error_taken_by_hand_is_the_clients_fault() {
    let mut args = sio_core::args::Args::array(r#"["x"]"#.into(), Vec::new());
    let error = Error::from(args.take::<u32>().unwrap_err());
    assert_eq!(error.code(), "invalid_payload");
    assert!(object(&error).contains(r#""index":0,"detail":"invalid type: string"#), "{}", object(&error));
}

#[test]
fn debug_prints_every_cause_for_people() {
    let json = serde_json::from_str::<u8>("x").unwrap_err();
    let error = Error::from(super::EmitError::from(sio_core::args::EncodeError::Json(json)));
    assert_eq!(
        format!("{error:?}"),
        "an argument cannot be written as JSON\n  caused by: expected value at line 1 column 1"
    );
    let parse = "x".parse::<u32>().unwrap_err();
    let error = Error::new("a", "no number").with_source(parse).with_field("n", 1);
    assert_eq!(format!("{error:?}"), "a: no number\n  n: 1\n  caused by: invalid digit found in string");
}

#[test]
fn connect_errors_tell_the_code_but_nothing_internal() {
    let error = ConnectError::from(Error::new("banned", "You are banned").with_field("days", 3));
    assert_eq!((error.message(), error.data()), ("You are banned", Some(r#"{"code":"banned","days":3}"#)));

    let error = io_error().into_connect_error();
    assert_eq!((error.message(), error.data()), ("Internal server error", None));
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk on fire"));

    let error = ConnectError::from(io::Error::other("x"));
    assert_eq!((error.message(), error.data()), ("Internal server error", None));
}

#[test]
fn a_refusal_goes_through_an_error_unchanged() {
    #[derive(serde::Serialize)]
    struct Ban {
        until: u32,
        by: &'static str,
    }
    let error = Error::from(ConnectError::new("Banned").with_data(Ban { until: 5, by: "ada" }));
    let answer = r#"{"status":"error","code":"refused","message":"Banned","data":{"by":"ada","until":5}}"#;
    assert_eq!(object(&error), answer);
    assert_eq!(error.to_string(), "Banned");
    let refusal = ConnectError::from(error);
    assert_eq!((refusal.message(), refusal.data()), ("Banned", Some(r#"{"until":5,"by":"ada"}"#)));

    let refusal = ConnectError::from(Error::from(ConnectError::new("No")));
    assert_eq!((refusal.message(), refusal.data()), ("No", None));
    let refusal = ConnectError::from(Error::from(ConnectError::new("No")).with_field("limit", 3));
    assert_eq!((refusal.message(), refusal.data()), ("No", Some(r#"{"code":"refused","limit":3}"#)));
}

#[test]
fn a_refusal_by_a_foreign_error_keeps_its_text_on_the_server() {
    let error = Error::from(ConnectError::from(io::Error::other("disk on fire")));
    assert_eq!(object(&error), r#"{"status":"error","code":"internal","message":"Internal server error"}"#);
    assert_eq!(error.to_string(), "disk on fire");
    let refusal = error.into_connect_error();
    assert_eq!((refusal.message(), refusal.data()), ("Internal server error", None));
    // With data it is a refusal again, of which the cause is still nobody's business.
    let error = Error::from(refusal.with_data(7));
    assert_eq!(
        object(&error),
        r#"{"status":"error","code":"refused","message":"Internal server error","data":7}"#
    );
    assert_eq!(error.to_string(), "Internal server error");
}

#[test]
fn an_error_fits_into_every_box() {
    fn boxed() -> Result<(), Box<dyn std::error::Error>> {
        Err(io_error())?
    }
    fn sendable() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(Error::new("muted", "You are muted").with_source(io::Error::other("disk on fire")))?
    }
    let error = boxed().unwrap_err();
    assert_eq!((error.to_string(), format!("{error:?}")), ("disk on fire".into(), "disk on fire".into()));
    assert!(error.source().is_none());
    let error = sendable().unwrap_err();
    assert_eq!(error.to_string(), "You are muted");
    assert_eq!(format!("{error:?}"), "muted: You are muted\n  caused by: disk on fire");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk on fire"));
}
