use super::*;
use crate::args::Spread;
use crate::binary::Binary;
use crate::engine::packet::Packet;
use crate::id::Sid;
use crate::socket;
use crate::value::Value;

/// The payload of the one binary frame, in hexadecimal.
fn hex(run: &Bytes) -> String {
    let mut frames = Frames::new(encode(run).unwrap());
    let Some((true, message)) = frames.next() else { panic!("not a binary frame") };
    assert_eq!(frames.next(), None);
    message.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn event<A: serde::Serialize>(id: Option<u64>, args: &A) -> Bytes {
    socket::encode::event("/x", id, "up", args).unwrap()
}

#[test]
fn packets_are_those_of_the_javascript_encoder() {
    // Captured from socket.io-msgpack-parser 3.0.2, given members in this order.
    let connect = socket::encode::connect("/chat", &Sid::from_random([0; 15]), None);
    assert_eq!(
        hex(&connect),
        "83a47479706500a36e7370a52f63686174a46461746181a3736964b44141414141414141414141414141414141414141"
    );
    let object = serde_json::json!({"a": null, "b": [true, false, -1, -200, 300, 70000, 1.5, "é"]});
    let list = (Binary::from(b""), object);
    assert_eq!(
        hex(&event(Some(3), &(Binary::from(b"one"), list))),
        "84a47479706502a36e7370a22f78a46461746193a27570c4036f6e6592c40082a161c0a16298c3c2ffd1ff38cd012cce00011170cb\
         3ff8000000000000a2c3a9a2696403"
    );
    assert_eq!(
        hex(&socket::encode::ack("/", 12, &()).unwrap()),
        "84a47479706503a36e7370a12fa46461746190a269640c"
    );
    assert_eq!(hex(&socket::encode::disconnect("/x")), "82a47479706501a36e7370a22f78");
    assert_eq!(
        hex(&socket::encode::connect_error("/x", "no", Some("{\"code\":401}"))),
        "83a47479706504a36e7370a22f78a46461746182a76d657373616765a26e6fa46461746181a4636f6465cd0191"
    );
    let many = socket::encode::event("/", None, "a", &Spread(vec![0; 16])).unwrap();
    assert_eq!(hex(&many), "83a47479706502a36e7370a12fa464617461dc0011a16100000000000000000000000000000000");
}

#[test]
fn numbers_keep_their_value() {
    let data = |value: Value| {
        let hex = hex(&event(None, &value));
        hex.strip_prefix("83a47479706502a36e7370a22f78a46461746192a27570").unwrap().to_owned()
    };
    assert_eq!(data(u64::MAX.into()), "cfffffffffffffffff");
    assert_eq!(data(i64::MIN.into()), "d38000000000000000");
    assert_eq!(data(1.0.into()), "cb3ff0000000000000");
    assert_eq!(data((-0.0).into()), "cb8000000000000000");
    assert_eq!(data(1e300.into()), "cb7e37e43c8800759c");
}

#[test]
fn long_texts_lists_and_bytes_have_long_headers() {
    let run = event(None, &("x".repeat(70_000), vec![0; 70_000], Binary::from(vec![0; 70_000])));
    let hex = hex(&run);
    for header in ["db00011170", "dd00011170", "c600011170"] {
        assert!(hex.contains(header), "{header}");
    }
}

#[test]
fn lists_and_maps_of_all_lengths_hold_each_other() {
    let mut value = serde_json::json!("inside");
    for length in [0, 15, 16, 17, 300, 15, 70_000, 16, 1] {
        let members = (0..length).map(|n| (n.to_string(), n.into())).collect::<serde_json::Map<_, _>>();
        let list: Vec<serde_json::Value> = (0..length).map(serde_json::Value::from).collect();
        value = serde_json::json!([[list, value], members, {"a": value, "b": members}]);
        let frame = encode(&event(Some(1), &[&value])).unwrap();
        let (_, message) = Frames::new(frame).next().unwrap();
        let packet = crate::msgpack::Decoder::new(0).binary(message).unwrap().unwrap();
        let args = serde_json::json!(["up", [value]]);
        let data: serde_json::Value = serde_json::from_str(&packet.data.unwrap()).unwrap();
        assert!(data == args && packet.id == Some(1), "{length}");
        if length > 100 {
            value = serde_json::json!("inside");
        }
    }
}

#[test]
fn objects_that_look_like_placeholders_are_data_where_there_are_no_bytes() {
    let look_alike = serde_json::json!({"_placeholder": true, "num": 0});
    let hex = hex(&event(None, &look_alike));
    assert!(hex.ends_with("a27570 82 ac5f706c616365686f6c646572c3 a36e756d00".replace(' ', "").as_str()));
}

#[test]
fn an_object_that_looks_like_a_placeholder_is_data_beside_bytes_too() {
    let object = "82 ac5f706c616365686f6c646572c3 a36e756d00".replace(' ', "");
    let look_alike = serde_json::json!({ "_placeholder": true, "num": 0 });
    // JSON that is ready is written without the space that would make it look like the real ones.
    let spaced =
        r#" { "_placeholder" : true , "num" : 0 } "#.replace("{ ", "{").replace(" :", ":").replace(": ", ":");
    for text in [spaced, r#"{"_placeholder":true,"num":0 }"#.to_owned(), look_alike.to_string()] {
        let raw = serde_json::value::RawValue::from_string(text.trim().to_owned()).unwrap();
        let args = (&raw, Binary::from(b"x"), &look_alike, "{\"_placeholder\":true,\"num\":0 }");
        let run = socket::encode::Encoder::rewritten().event("/x", None, "up", &args).unwrap();
        let hex = hex(&run);
        assert!(hex.contains(&format!("95a27570{object}c40178{object}be")), "{text}: {hex}");
    }
    let run = socket::encode::Encoder::rewritten().ack("/", 1, &(Binary::from(b"x"), look_alike)).unwrap();
    assert!(hex(&run).contains(&format!("92c40178{object}")));
}

#[test]
fn other_frames_come_back_as_they_are() {
    let rewritten = encode(&event(None, &1)).unwrap();
    for frames in [
        Packet::Ping("".into()).frame(),
        Packet::Open("{}".into()).frame(),
        Packet::Noop.frame(),
        Packet::decode_binary("4".into()).frame(),
        rewritten,
        Bytes::new(),
    ] {
        assert_eq!(encode(&frames), Ok(frames));
    }
}

#[test]
fn data_that_are_not_json_are_refused() {
    for data in ["", "{", "[1,]", "[,1]", "{\"a\"}", "{\"a\":1,}", "[1 2]", "1,2", "nul", "{1:2}", "[1}", "-"]
    {
        let run = socket::encode::connect_error("/", "no", Some(data));
        assert_eq!(encode(&run), Err(EncodeError), "{data}");
    }
    let run = Packet::Message(crate::engine::packet::Message::Text("2[\"a\"]x".into())).frame();
    assert_eq!(encode(&run), Err(EncodeError));
    // Spaces mean nothing, and `1e999` is infinite to JavaScript too.
    let run = socket::encode::connect_error("/", "no", Some(" { \"a\" : [ 1e999 , { } ] } "));
    assert!(hex(&run).ends_with("81a16192cb7ff000000000000080"));
}

#[test]
fn depth_costs_memory_only() {
    let data = "[".repeat(100_000) + &"]".repeat(100_000);
    let run = socket::encode::connect_error("/", "no", Some(&data));
    assert_eq!(hex(&run).matches("91").count(), 99_999);
}
