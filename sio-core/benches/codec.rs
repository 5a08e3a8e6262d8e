//! The cost of one event on its way in and out, without I/O: `cargo bench -p sio-core --bench codec`. Allocations are
//! counted beside the time.

use bytestring::ByteString;
use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use serde::{Deserialize, Serialize};
#[cfg(feature = "msgpack")]
use sio_core::engine::frame::Frames;
use sio_core::engine::frame::write_text_frame;
use sio_core::engine::packet::{Message, Packet};
use sio_core::socket::{Action, Client, Decoder, Event, encode};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Bytes of text in the payload.
const SIZES: [usize; 3] = [1, 128, 4096];

const NAMESPACE: &str = "/chat";

fn main() {
    divan::main();
}

#[derive(Serialize, Deserialize)]
struct Chat {
    text: String,
    n: u64,
}

fn chat(size: usize) -> Chat {
    Chat { text: "the quick brown fox ".chars().cycle().take(size).collect(), n: 1_234_567 }
}

/// An event as it comes out of a WebSocket frame.
fn text(size: usize) -> ByteString {
    let json = serde_json::to_string(&chat(size)).expect("a struct of text and number is JSON");
    format!("42{NAMESPACE},17[\"message\",{json}]").into()
}

fn decode(text: ByteString) -> Event {
    let Ok(Packet::Message(Message::Text(text))) = Packet::decode_text(text) else {
        panic!("the packet is a text message");
    };
    let packet = Decoder::new(10).text(text).expect("the packet is valid").expect("no attachments are due");
    packet.into_event().expect("the packet is an event")
}

/// From the text of a frame to an event: the JSON is checked, not parsed.
#[divan::bench(args = SIZES)]
fn decode_event(bencher: Bencher<'_, '_>, size: usize) {
    let text = text(size);
    bencher.counter(BytesCount::of_str(&text)).with_inputs(|| text.clone()).bench_values(decode);
}

/// The same through the state of a client that is in the namespace.
#[divan::bench]
fn decode_and_find_namespace(bencher: Bencher<'_, '_>) {
    let mut client = Client::new(32);
    let join = Decoder::new(10).text(format!("0{NAMESPACE},").into());
    let join = join.expect("the packet is valid").expect("no attachments are due");
    let Ok(Action::Connect { key, .. }) = client.handle(join) else { panic!("a connect asks the hook") };
    assert!(client.accepted(key));
    let text = text(128);
    let mut decoder = Decoder::new(10);
    bencher.bench_local(move || {
        let packet = decoder.text(text.slice_ref(&text[1..])).expect("the packet is valid");
        client.handle(packet.expect("no attachments are due"))
    });
}

/// A handler's argument out of an event.
#[divan::bench(args = SIZES)]
fn take_struct(bencher: Bencher<'_, '_>, size: usize) {
    let event = decode(text(size));
    bencher.with_inputs(|| event.args.clone()).bench_values(|mut args| args.take::<Chat>());
}

#[divan::bench]
fn take_three_arguments(bencher: Bencher<'_, '_>) {
    let event = decode(ByteString::from_static(r#"42["move",12.5,-3,"north"]"#));
    bencher.with_inputs(|| event.args.clone()).bench_values(|mut args| {
        let x: f64 = args.take().expect("the first is a number");
        let y: i32 = args.take().expect("the second is a whole number");
        let name: String = args.take().expect("the third is a text");
        (x, y, name)
    });
}

/// An acknowledgement, as the frame that is written.
#[divan::bench(args = SIZES)]
fn encode_ack(bencher: Bencher<'_, '_>, size: usize) {
    let chat = chat(size);
    bencher.bench(|| encode::ack(NAMESPACE, black_box(17), &chat));
}

/// An event, as the frame that is written, or shared by all members of a room.
#[divan::bench(args = SIZES)]
fn encode_event(bencher: Bencher<'_, '_>, size: usize) {
    let chat = chat(size);
    bencher.bench(|| encode::event(NAMESPACE, None, black_box("message"), &chat));
}

/// The frame alone, into memory that is there.
#[divan::bench(args = SIZES)]
fn write_frame(bencher: Bencher<'_, '_>, size: usize) {
    let text = text(size);
    let mut out = Vec::with_capacity(size + 256);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        out.clear();
        write_text_frame(black_box(&mut out), &[text.as_bytes()]);
    });
}

/// All of it: what `async fn event_message(&mut self, chat: Chat) -> Chat` costs the protocol.
#[divan::bench(args = SIZES)]
fn echo(bencher: Bencher<'_, '_>, size: usize) {
    let text = text(size);
    bencher.with_inputs(|| text.clone()).bench_values(|text| {
        let mut event = decode(text);
        let chat: Chat = event.args.take().expect("the argument fits");
        encode::ack(NAMESPACE, event.id.expect("the client asks for an answer"), &chat)
    });
}

/// The same in MessagePack, beside [`echo`]: the cost of rewriting both ways is the difference.
#[cfg(feature = "msgpack")]
mod msgpack {
    use bytes::Bytes;
    use sio_core::msgpack::{Decoder, encode};

    use super::*;

    /// An event as it comes out of a WebSocket frame.
    fn message(size: usize) -> Bytes {
        let run = super::encode::event(NAMESPACE, Some(17), "message", &chat(size));
        let frame = encode(&run.expect("a struct of text and number is JSON")).expect("the packet is valid");
        let (_, message) = Frames::new(frame).next().expect("a packet is one frame");
        message
    }

    fn decode(message: Bytes) -> Event {
        let packet = Decoder::new(10).binary(message).expect("the packet is valid");
        packet.expect("every message is a packet").into_event().expect("the packet is an event")
    }

    #[divan::bench(args = SIZES)]
    fn decode_event(bencher: Bencher<'_, '_>, size: usize) {
        let message = message(size);
        bencher.counter(BytesCount::of_slice(&message)).with_inputs(|| message.clone()).bench_values(decode);
    }

    #[divan::bench(args = SIZES)]
    fn encode_event(bencher: Bencher<'_, '_>, size: usize) {
        let chat = chat(size);
        bencher.bench(|| {
            let run = super::encode::event(NAMESPACE, None, black_box("message"), &chat);
            encode(&run.expect("a struct of text and number is JSON"))
        });
    }

    #[divan::bench(args = SIZES)]
    fn echo(bencher: Bencher<'_, '_>, size: usize) {
        let message = message(size);
        bencher.with_inputs(|| message.clone()).bench_values(|message| {
            let mut event = decode(message);
            let chat: Chat = event.args.take().expect("the argument fits");
            let id = event.id.expect("the client asks for an answer");
            encode(&super::encode::ack(NAMESPACE, id, &chat).expect("the answer is JSON"))
        });
    }
}
