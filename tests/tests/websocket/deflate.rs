//! permessage-deflate (RFC 7692), byte for byte.

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sio::options::{Eio3, Parser};
use sio::prelude::*;
use sio_tests::{Endpoint, Frame, Received, Request, TestServer, Ws, app::Plain, frame};

const RSV1: u8 = 0b100;
const OFFER: [(&str, &str); 1] = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")];
const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The size from which on the server compresses.
const THRESHOLD: usize = 1024;
const MAX_PAYLOAD: usize = 100_000;

/// Emits what it is asked for.
#[derive(Debug, Default)]
struct Emitting;

#[consumer(namespace = "/emitting")]
impl Emitting {
    async fn event_secret(&mut self, socket: &Socket, text: String) -> sio::Result {
        socket.compress(false).emit("secret", &text).await?;
        socket.emit("news", &text).await?;
        Ok(())
    }

    async fn event_publish(&mut self, socket: &Socket, text: String, compress: bool) -> sio::Result {
        socket.namespace().compress(compress).emit("news", &text).await?;
        Ok(())
    }

    async fn event_bytes(&mut self, socket: &Socket, length: usize) -> sio::Result {
        socket.emit("bytes", &Binary::from(vec![7; length])).await?;
        Ok(())
    }
}

async fn compressing(configure: impl FnOnce(sio::Builder) -> sio::Builder) -> TestServer {
    TestServer::start(|builder| {
        let builder = builder.consumer::<Plain>().consumer::<Emitting>().max_payload(MAX_PAYLOAD);
        configure(builder.websocket_compression(THRESHOLD))
    })
    .await
}

/// A WebSocket whose server has agreed to compression.
async fn open(server: &Endpoint, query: &str) -> Ws {
    let mut ws = server.try_ws(query, &OFFER).await.expect("the handshake is accepted");
    assert!(matches!(ws.receive().await, Received::Text(open) if open.starts_with('0')));
    ws
}

async fn joined(server: &Endpoint, namespace: &str) -> Ws {
    let mut ws = open(server, "EIO=4&transport=websocket").await;
    ws.join(namespace).await;
    ws
}

/// Compresses as a client does, with a flush at the end.
fn deflated(data: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = flushed(data.as_ref());
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

fn flushed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 1000);
    Compress::new(Compression::best(), false)
        .compress_vec(data, &mut out, FlushCompress::Sync)
        .expect("there is room");
    out
}

/// A whole compressed message.
fn compressed(text: impl AsRef<[u8]>) -> Frame {
    Frame::text(deflated(text)).with_reserved(RSV1)
}

/// The next message, and how many bytes it took. Fails if it is compressed or not against what is expected.
async fn receive(ws: &mut Ws, is_compressed: bool) -> (Vec<u8>, usize) {
    let Frame { is_final: true, reserved, mut payload, opcode: frame::TEXT | frame::BINARY, .. } =
        ws.receive_frame().await
    else {
        panic!("the server fragments nothing")
    };
    let message = String::from_utf8_lossy(&payload);
    assert_eq!(reserved, if is_compressed { RSV1 } else { 0 }, "{message:.100}");
    let size = payload.len();
    if is_compressed {
        payload.extend([0, 0, 0xff, 0xff]);
        let mut out = Vec::with_capacity(10 * MAX_PAYLOAD);
        Decompress::new(false)
            .decompress_vec(&payload, &mut out, FlushDecompress::Sync)
            .expect("it is deflated");
        payload = out;
    }
    (payload, size)
}

async fn expect_deflated(ws: &mut Ws, text: &str) {
    let (message, size) = receive(ws, true).await;
    assert!(message == text.as_bytes(), "{:.100} instead of {text:.100}", String::from_utf8_lossy(&message));
    assert!(size < text.len());
}

fn request(server: &Endpoint, extensions: &[&str]) -> Request {
    let request = super::upgrade(&server.target("EIO=4&transport=websocket"));
    extensions.iter().fold(request, |request, offer| request.header("Sec-WebSocket-Extensions", offer))
}

async fn agreed(server: &Endpoint, extensions: &[&str]) -> Option<String> {
    let answer = server.request(&request(server, extensions)).await;
    assert_eq!(answer.status, 101, "{extensions:?}");
    answer.header("sec-websocket-extensions").map(str::to_owned)
}

#[tokio::test]
async fn an_offer_is_agreed_to_or_passed_over_and_never_refused() {
    let server = compressing(|builder| builder).await;
    let window = format!("{AGREED}; server_max_window_bits=15");
    for (offers, answer) in [
        (&[][..], None),
        (&["permessage-deflate"], Some(AGREED)),
        (&["permessage-deflate; client_max_window_bits"], Some(AGREED)),
        (&["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], Some(AGREED)),
        (&["permessage-deflate; server_max_window_bits=15"], Some(&*window)),
        (&["permessage-deflate; server_max_window_bits=10"], None),
        (&["permessage-deflate; server_max_window_bits=10, permessage-deflate"], Some(AGREED)),
        (&["x-webkit-deflate-frame", "permessage-deflate"], Some(AGREED)),
        (&["permessage-deflate; strength=9"], None),
        (&["permessage-bzip2"], None),
        (&[";;,=,\""], None),
    ] {
        assert_eq!(agreed(&server, offers).await.as_deref(), answer, "{offers:?}");
    }
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    assert_eq!(agreed(&server, &["permessage-deflate"]).await, None, "by default");
}

#[tokio::test]
async fn only_the_first_frame_of_a_message_may_be_marked() {
    let fragment = || compressed(r#"421["ask",1]"#).unfinished();
    let cases: [(&str, Vec<Frame>); 8] = [
        ("a continuation", vec![fragment(), Frame::continuation([]).with_reserved(RSV1)]),
        ("a large continuation", vec![fragment(), Frame::continuation(vec![0; 40_000]).with_reserved(RSV1)]),
        ("a ping", vec![Frame::new(frame::PING, "").with_reserved(RSV1)]),
        ("a pong", vec![Frame::new(frame::PONG, "").with_reserved(RSV1)]),
        ("a close frame", vec![Frame::close(1000).with_reserved(RSV1)]),
        ("the second bit", vec![compressed("2").with_reserved(0b110)]),
        ("the third bit", vec![Frame::text("2").with_reserved(0b001)]),
        ("no known kind", vec![Frame::new(3, "").with_reserved(RSV1)]),
    ];
    let server = compressing(|builder| builder).await;
    for (case, frames) in cases {
        let mut ws = joined(&server, "/").await;
        for frame in frames {
            ws.send_frame(frame).await;
        }
        assert_eq!(ws.expect_closed().await, Some(1002), "{case}");
    }
    for length in [10, 50_000] {
        let mut ws = server.socket("/").await;
        ws.send_frame(compressed("x".repeat(length))).await;
        assert_eq!(ws.expect_closed().await, Some(1002), "without an agreement");
        let mut ws = server.socket("/").await;
        ws.send_frame(Frame::binary(vec![0; length]).with_reserved(RSV1)).await;
        assert_eq!(ws.expect_closed().await, Some(1002), "without an agreement");
    }
}

#[tokio::test]
async fn a_compressed_message_is_one_like_others() {
    let server = compressing(|builder| builder).await;
    let mut ws = joined(&server, "/").await;
    let ask = |id: usize| format!(r#"42{id}["ask",{id}]"#);
    ws.send_frame(compressed(ask(1))).await;
    ws.expect("431[1]").await;
    ws.send(&ask(2)).await;
    ws.expect("432[2]").await;
    // Two blocks, and blocks that are not compressed (RFC 7692 §7.2.3.3 and §7.2.3.5).
    let text = ask(3);
    let (first, second) = text.split_at(6);
    let blocks = [flushed(first.as_bytes()), deflated(second)].concat();
    ws.send_frame(Frame::text(blocks).with_reserved(RSV1)).await;
    ws.expect("433[3]").await;
    let text = ask(4);
    let length = u16::try_from(text.len()).unwrap();
    let stored = [&[0], &length.to_le_bytes()[..], &(!length).to_le_bytes(), text.as_bytes(), &[0]].concat();
    ws.send_frame(Frame::text(stored).with_reserved(RSV1)).await;
    ws.expect("434[4]").await;
    // A stream that ends (§7.2.3.4).
    let mut last = Vec::with_capacity(1000);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(ask(5).as_bytes(), &mut last, FlushCompress::Finish).expect("there is room");
    ws.send_frame(Frame::text([&last[..], &[0]].concat()).with_reserved(RSV1)).await;
    ws.expect("435[5]").await;
    // In its attachments too, an empty one among them (§7.2.3.6).
    for length in [0, 5, 70_000] {
        ws.send(r#"451-6["ask",{"_placeholder":true,"num":0}]"#).await;
        let attachment = vec![9; length];
        let frame = if length == 0 { vec![0] } else { deflated(&attachment) };
        ws.send_frame(Frame::binary(frame).with_reserved(RSV1)).await;
        ws.expect(r#"461-6[{"_placeholder":true,"num":0}]"#).await;
        let (answer, _) = receive(&mut ws, length > THRESHOLD).await;
        assert_eq!(answer, attachment);
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_compressed_message_may_come_in_fragments_and_byte_by_byte() {
    let server = compressing(|builder| builder).await;
    let mut ws = joined(&server, "/").await;
    let text = format!(r#"421["ask","{}"]"#, "€".repeat(300));
    let answer = text.replace(r#"421["ask","#, "431[");
    let message = deflated(&text);
    for cut in 0..message.len() {
        let (first, rest) = message.split_at(cut);
        let (second, third) = rest.split_at(rest.len() / 2);
        ws.send_frame(Frame::text(first).unfinished().with_reserved(RSV1)).await;
        ws.send_frame(Frame::new(frame::PING, "between")).await;
        ws.send_frame(Frame::continuation(second).unfinished()).await;
        ws.send_frame(Frame::new(frame::PONG, "unasked")).await;
        ws.send_frame(Frame::continuation(third)).await;
        assert_eq!(ws.receive().await, Received::Pong(b"between".to_vec()));
        ws.expect(&answer).await;
    }
    for byte in compressed(&text).encode() {
        ws.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    ws.expect(&answer).await;
}

#[tokio::test]
async fn a_message_that_is_none_ends_the_connection_and_says_why() {
    let event = |filler: &[u8]| [br#"42["ask",""#, filler, b"\"]"].concat();
    let noise: Vec<u8> = (0..200_u32).map(|n| (n * n / 7 + 113) as u8).collect();
    let zeros = deflated(vec![0; 1_000_000]);
    assert!(zeros.len() < 1100, "{}", zeros.len());
    let whole = deflated(event(&noise.repeat(9)));
    let cases: [(&str, Vec<u8>, u16); 8] = [
        ("no blocks", vec![0xff; 20], 1007),
        ("nothing at all", Vec::new(), 1007),
        ("the end is missing", whole[..whole.len() - 9].to_vec(), 1007),
        ("more after the last block", vec![0x03, 0x00, 0x03, 0x00], 1007),
        ("a reference to what was not there", vec![0x4a, 0x04, 0x82, 0x01, 0x00], 1007),
        ("text that is not UTF-8", deflated(event(b"\xff\xfe")), 1007),
        ("a bomb", zeros, 1009),
        ("one byte too much", deflated(event(&vec![b'a'; MAX_PAYLOAD + 1 - 12])), 1009),
    ];
    let server = compressing(|builder| builder).await;
    for (case, payload, code) in cases {
        for fragments in [1, 3] {
            let mut ws = joined(&server, "/").await;
            let mut parts = payload.chunks(payload.len() / fragments + 1);
            let first = Frame::text(parts.next().unwrap_or_default()).with_reserved(RSV1);
            let mut frames = vec![first];
            frames.extend(parts.map(Frame::continuation));
            let last = frames.len() - 1;
            for (n, frame) in frames.into_iter().enumerate() {
                ws.send_frame(if n < last { frame.unfinished() } else { frame }).await;
            }
            assert_eq!(ws.expect_closed().await, Some(code), "{case} in {fragments}");
        }
    }
    let mut ws = joined(&server, "/").await;
    ws.send_frame(compressed(event(&vec![b'a'; MAX_PAYLOAD - 12]))).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn messages_are_compressed_from_the_threshold_on() {
    let server = compressing(|builder| builder).await;
    let mut ws = joined(&server, "/").await;
    for length in [THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 70_000] {
        let filler = "x".repeat(length - r#"431[""]"#.len());
        ws.send_frame(compressed(format!(r#"421["ask","{filler}"]"#))).await;
        let (message, size) = receive(&mut ws, length >= THRESHOLD).await;
        assert_eq!(message, format!(r#"431["{filler}"]"#).as_bytes());
        assert_eq!(size < length, length >= THRESHOLD);
    }
    // Nothing is gained with these.
    let mut seed = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    })
    .take(2000)
    .collect();
    ws.send(r#"451-2["ask",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&noise).await;
    ws.expect(r#"461-2[{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&noise).await;
}

#[tokio::test]
async fn a_low_threshold_leaves_control_frames_alone() {
    let server = compressing(|builder| builder.websocket_compression(120)).await;
    let mut ws = joined(&server, "/").await;
    let text = "z".repeat(125);
    ws.send_frame(Frame::new(frame::PING, &*text)).await;
    assert_eq!(ws.receive().await, Received::Pong(text.clone().into()));
    ws.send(&format!(r#"421["ask","{text}"]"#)).await;
    expect_deflated(&mut ws, &format!(r#"431["{text}"]"#)).await;
}

#[tokio::test]
async fn what_is_emitted_so_is_not_compressed() {
    let server = compressing(|builder| builder).await;
    let mut ws = joined(&server, "/emitting").await;
    let text = "s".repeat(3000);
    ws.send(&format!(r#"42/emitting,["secret","{text}"]"#)).await;
    ws.expect(&format!(r#"42/emitting,["secret","{text}"]"#)).await;
    expect_deflated(&mut ws, &format!(r#"42/emitting,["news","{text}"]"#)).await;
    ws.send(&format!(r#"42/emitting,["publish","{text}",false]"#)).await;
    ws.expect(&format!(r#"42/emitting,["news","{text}"]"#)).await;
}

#[tokio::test]
async fn a_broadcast_is_compressed_for_those_who_have_agreed() {
    let server = compressing(|builder| builder).await;
    let text = "b".repeat(3000);
    let event = format!(r#"42/emitting,["news","{text}"]"#);
    let mut plain = server.socket("/emitting").await;
    let mut polling = server.polling().await;
    polling.join("/emitting").await;
    let mut agreed = Vec::new();
    for _ in 0..20 {
        agreed.push(joined(&server, "/emitting").await);
    }
    plain.send(&format!(r#"42/emitting,["publish","{text}",true]"#)).await;
    plain.expect(&event).await;
    polling.expect(&event).await;
    let mut frames = Vec::new();
    for ws in &mut agreed {
        frames.push(ws.receive_frame().await);
    }
    assert_eq!(frames[0].reserved, RSV1);
    assert!(frames.iter().all(|frame| *frame == frames[0]));
}

#[tokio::test]
async fn a_client_that_upgrades_is_sent_compressed_messages_from_then_on() {
    let server = compressing(|builder| builder).await;
    let text = "u".repeat(3000);
    let mut polling = server.polling().await;
    polling.join("/emitting").await;
    let query = format!("EIO=4&transport=websocket&sid={}", polling.open.sid);
    let mut ws = server.try_ws(&query, &OFFER).await.expect("the upgrade is accepted");
    ws.send_frame(compressed("2probe")).await;
    ws.expect("3probe").await;
    ws.send("5").await;
    ws.send(&format!(r#"42/emitting,["publish","{text}",true]"#)).await;
    expect_deflated(&mut ws, &format!(r#"42/emitting,["news","{text}"]"#)).await;
}

#[tokio::test]
async fn clients_of_the_older_protocol_get_their_own_binary_frames_compressed() {
    let server = compressing(|builder| builder.allow_eio3(Eio3::new())).await;
    let text = "o".repeat(3000);
    for base64 in [false, true] {
        let query = format!("EIO=3&transport=websocket{}", if base64 { "&b64=1" } else { "" });
        let mut ws = open(&server, &query).await;
        ws.expect("40").await;
        ws.send("40/emitting").await;
        ws.expect("40/emitting,").await;
        ws.send(&format!(r#"42/emitting,["publish","{text}",true]"#)).await;
        expect_deflated(&mut ws, &format!(r#"42/emitting,["news","{text}"]"#)).await;
        for length in [3, 3000] {
            ws.send(&format!(r#"42/emitting,["bytes",{length}]"#)).await;
            ws.expect(r#"451-/emitting,["bytes",{"_placeholder":true,"num":0}]"#).await;
            let (message, _) = receive(&mut ws, length > THRESHOLD).await;
            let bytes = [&[4][..], &vec![7; length]].concat();
            if base64 {
                assert!(message.starts_with(b"b4BwcH"), "{:?}", &message[..10]);
            } else {
                assert_eq!(message, bytes);
            }
        }
        // A message that the client has compressed.
        let bytes = deflated([&[4][..], &vec![7; 2000]].concat());
        ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
        ws.send_frame(Frame::binary(bytes).with_reserved(RSV1)).await;
        ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
        receive(&mut ws, true).await;
    }
}

#[tokio::test]
async fn messagepack_is_compressed_both_ways() {
    let server = compressing(|builder| builder.parser(Parser::MessagePack)).await;
    let mut ws = open(&server, "EIO=4&transport=websocket").await;
    ws.send_binary(b"\x82\xa4type\x00\xa3nsp\xa1/").await;
    assert!(matches!(ws.receive().await, Received::Binary(_)));
    let text = "p".repeat(3000);
    let packed = [&b"\xda\x0b\xb8"[..], text.as_bytes()].concat();
    let ask = [b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa3ask", &packed[..], b"\xa2id\x07"].concat();
    let answer = [b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x91", &packed[..], b"\xa2id\x07"].concat();
    ws.send_frame(Frame::binary(deflated(&ask)).with_reserved(RSV1)).await;
    let (message, size) = receive(&mut ws, true).await;
    assert_eq!(Bytes::from(message), answer);
    assert!(size < 100);
}

/// A client that sends little that becomes much does not keep a thread from others, nor does it stop them.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn large_inflated_messages_are_handled_one_after_the_other() {
    let server = compressing(|builder| builder.max_payload(1_000_000)).await;
    let (mut flooding, mut other) = (joined(&server, "/").await, joined(&server, "/").await);
    let filler = "f".repeat(900_000);
    let bytes: Vec<u8> =
        (1..=20).flat_map(|id| compressed(format!(r#"42{id}["ask","{filler}"]"#)).encode()).collect();
    flooding.write(&bytes).await;
    for id in 1..=20 {
        other.send(&format!(r#"42{id}["ask",{id}]"#)).await;
        other.expect(&format!("43{id}[{id}]")).await;
    }
    for id in 1..=20 {
        expect_deflated(&mut flooding, &format!(r#"43{id}["{filler}"]"#)).await;
    }
}
