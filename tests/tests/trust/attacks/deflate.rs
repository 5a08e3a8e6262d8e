//! Messages that are compressed (RFC 7692).

use flate2::{Compress, Compression, FlushCompress};
use sio::Builder;
use sio_tests::{Frame, TestServer, app::Plain, frame, ws::Received};

use super::{Seen, attacked};

const OFFER: [(&str, &str); 1] = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")];
const RSV1: u8 = 0b100;

/// Compresses as a client does.
fn deflated(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 500 + 1000);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(data, &mut out, FlushCompress::Sync).expect("there is room");
    out.truncate(out.len() - 4);
    out
}

fn compressed(payload: &[u8]) -> Frame {
    Frame::text(payload).with_reserved(RSV1)
}

fn messages() -> Vec<(&'static str, Vec<Frame>, &'static str)> {
    let bomb = deflated(&vec![b' '; 4 << 20]);
    let (half, rest) = bomb.split_at(bomb.len() / 2);
    let ask = deflated(br#"42990["ask","end"]"#);
    vec![
        ("a bomb of four megabytes", vec![compressed(&bomb)], "closed 1009"),
        (
            "a bomb in fragments",
            vec![compressed(half).unfinished(), Frame::continuation(rest)],
            "closed 1009",
        ),
        ("one byte too many", vec![compressed(&deflated(&vec![b'4'; 1_000_001]))], "closed 1009"),
        ("a block of no type", vec![compressed(&[0x07])], "closed 1007"),
        ("a stored block of a wrong length", vec![compressed(&[0, 5, 0, 0, 0, 1, 2, 3])], "closed 1007"),
        ("a look back behind the beginning, at zeros", vec![compressed(&[0x03, 0x02, 0x00])], "closed 1000"),
        ("text that is not UTF-8", vec![compressed(&deflated(b"4\xff"))], "closed 1007"),
        ("nothing", vec![compressed(&[])], "closed 1007"),
        (
            "a continuation that is marked",
            vec![compressed(&ask[..3]).unfinished(), Frame::continuation(&ask[3..]).with_reserved(RSV1)],
            "closed 1002",
        ),
        ("a ping that is marked", vec![Frame::new(frame::PING, "x").with_reserved(RSV1)], "closed 1002"),
        ("another bit", vec![Frame::text("4").with_reserved(0b010)], "closed 1002"),
        ("what is compressed, compressed", vec![compressed(&deflated(&ask))], "closed 1007"),
        ("a question", vec![compressed(&ask)], "answered"),
    ]
}

async fn seen(server: &TestServer, frames: &[Frame]) -> Seen {
    let query = "EIO=4&transport=websocket";
    let mut ws = server.try_ws(query, &OFFER).await.expect("the handshake is accepted");
    assert!(matches!(ws.receive().await, Received::Text(open) if open.starts_with('0')));
    ws.join("/").await;
    let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
    ws.write(&bytes).await;
    match ws.receive().await {
        Received::Close(Some(code)) => format!("closed {code}"),
        Received::Close(None) | Received::End => "closed".to_owned(),
        Received::Text(answer) if answer == r#"43990["end"]"# => "answered".to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn compressed_messages_that_break_the_rules_harm_nobody_else() {
    let compressing = |builder: Builder| builder.consumer::<Plain>().websocket_compression(1024);
    // It takes long to make a bomb.
    let messages = messages();
    attacked(compressing, async |server, watch| {
        for (name, frames, expected) in &messages {
            watch.attack(name, expected, seen(server, frames)).await;
        }
    });
}
