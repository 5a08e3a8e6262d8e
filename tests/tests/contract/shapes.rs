//! Consumers and declared events as a contract shows them.

use serde_json::{Value, json};
use sio::contract::Contract;

fn event(path: &str, name: &str) -> Value {
    Contract::collect().to_json()["namespaces"][path]["receives"][name].clone()
}

#[test]
fn arguments_have_names_and_documentation() {
    let said = event("/chat", "chat message");
    assert_eq!(said["docs"], "Says something.\n\nTo everybody.");
    let message = json!({ "$ref": "#/types/MessageInput" });
    assert_eq!(said["args"], json!([{ "name": "message", "optional": false, "schema": message }]));
    assert_eq!(said["ack"], json!([{ "$ref": "#/types/Delivered" }]));
    assert_eq!(said["codes"], json!(["muted", "too_long"]));
}

#[test]
fn what_the_server_provides_is_no_argument() {
    let provided = event("/chat", "provided");
    assert_eq!(provided["args"], json!([]));
    assert_eq!(provided["ack"], json!([{ "$ref": "#/types/Promise" }]));
    assert_eq!(provided["codes"], Value::Null);
}

#[test]
fn an_answer_is_what_is_returned_or_what_the_ack_takes() {
    assert_eq!(event("/chat", "nothing")["ack"], json!([]));
    assert_eq!(event("/chat", "several")["ack"].as_array().map(Vec::len), Some(3));
    assert_eq!(event("/chat", "by_ack")["ack"].as_array().map(Vec::len), Some(2));
    assert_eq!(event("/chat", "maybe_ack")["ack"], json!([{ "$ref": "#/types/Delivered" }]));
}

#[test]
fn an_option_may_be_left_out() {
    let args = event("/chat", "optional")["args"].clone();
    let optional: Vec<_> =
        args.as_array().expect("a list").iter().map(|arg| arg["optional"] == true).collect();
    assert_eq!(optional, [false, true, true]);
    assert_eq!(event("/chat", "rest")["rest"], true);
}

#[test]
fn a_type_without_a_schema_is_unknown_and_noted() {
    let contract = Contract::collect();
    let place = "/chat <- opaque, argument `thing`: `contract::app::Opaque` has no `JsonSchema`";
    let problems = contract.problems();
    assert!(problems.iter().any(|problem| problem.starts_with(place)), "{problems:#?}");
    assert!(
        problems
            .iter()
            .any(|problem| problem.starts_with("/chat <- client, argument `new`: an integer of 64"))
    );
    assert!(problems.iter().any(|problem| problem.starts_with("type Numbers: an integer of 64 bits")));
    assert_eq!(problems.iter().filter(|problem| problem.contains("Message")).count(), 0);
}

#[test]
fn the_payload_of_a_connection_is_that_of_connect() {
    let json = Contract::collect().to_json();
    let namespaces = &json["namespaces"];
    assert_eq!(
        namespaces["/chat"]["auth"],
        json!({ "optional": false, "schema": { "$ref": "#/types/Auth" } })
    );
    assert_eq!(namespaces["/rooms/{id}"]["auth"]["optional"], true);
    assert_eq!(namespaces["/"]["auth"], Value::Null);
    assert_eq!(namespaces["/chat"]["docs"], "Where people talk.");
}

#[test]
fn declared_events_are_what_the_server_sends() {
    let json = Contract::collect().to_json();
    let sends = &json["namespaces"]["/chat"]["sends"];
    let written = &sends["written"];
    assert_eq!(written["docs"], "Somebody has written something.");
    let names: Vec<_> = written["args"].as_array().expect("a list").iter().map(|arg| &arg["name"]).collect();
    assert_eq!(names, ["from", "message", "times"]);
    // A message that clients get looks different from one that they send.
    assert_eq!(written["args"][1]["schema"], json!({ "$ref": "#/types/Message" }));
    assert_eq!(written["ack"], Value::Null);
    assert_eq!(
        sends["nothing"],
        json!({ "docs": "", "args": [], "rest": false, "ack": null, "codes": null })
    );
    assert_eq!(sends["are_you_there"]["ack"].as_array().map(Vec::len), Some(1));
    // A tuple is one argument, and several values of an answer.
    assert_eq!(sends["pair"]["args"].as_array().map(Vec::len), Some(2));
    assert_eq!(sends["pair"]["ack"].as_array().map(Vec::len), Some(2));
    assert_eq!(sends["picture added"]["args"][1]["schema"], json!({ "x-socketio-attachment": true }));
}

#[test]
fn the_routes_show_each_event_with_its_limits() {
    let routes = Contract::collect().to_string();
    let said = "  <- chat message(message: MessageInput, ack: (answer: Delivered | SioError<\"muted\" | \"too_long\">) => void) => void  \
                [at most 16384 bytes, 5 in 1s]\n";
    assert!(routes.contains(said), "{routes}");
    assert!(routes.contains("/rooms/{id}  contract::app::Room  tests/tests/contract/app.rs:"), "{routes}");
    assert!(routes.contains("[concurrent, timeout 5s]"), "{routes}");
    assert!(routes.contains("  <- (any other event)\n"), "{routes}");
}

#[test]
fn a_contract_is_the_same_each_time() {
    let (one, other) = (Contract::collect(), Contract::collect());
    assert_eq!(one.typescript(), other.typescript());
    assert_eq!(one.to_json(), other.to_json());
}
