//! The messages of one connection as Socket.IO packets, of both revisions.

use bytes::Bytes;
use serde_json::Value as Json;
use sio_core::args::{Args, Spread};
use sio_core::engine::frame::Frames;
use sio_core::name;
use sio_core::socket::{Action, Client, DecodeError, Decoder, Packet, encode, recovery};
use sio_core::v3;
use sio_core::value::Value;

/// How many attachments a packet may have.
const MAX_ATTACHMENTS: usize = 3;

/// Ends a message. It is no byte of UTF-8; a message that is no text is an attachment.
const END: u8 = 0xff;

pub(super) fn packets(input: &[u8]) {
    let (form, messages) = super::split(input);
    let mut decoder = Decoder::new(MAX_ATTACHMENTS);
    let mut old = v3::socket::Decoder::new(MAX_ATTACHMENTS);
    let mut client = Client::new(3);
    for message in messages.split(|byte| *byte == END) {
        let packet = match (std::str::from_utf8(message), form & 1) {
            (Ok(text), 0) => decoder.text(text.into()),
            (Ok(text), _) => old.text(text.into()),
            (Err(_), 0) => decoder.binary(Bytes::copy_from_slice(message)),
            (Err(_), _) => old.binary(Bytes::copy_from_slice(message)),
        };
        let Some(packet) = checked(packet) else { continue };
        if let Ok(Action::Connect { key, auth, .. }) = client.handle(packet) {
            let _ = auth.map(recovery::take_resume);
            client.accepted(key);
        }
    }
}

/// Checks that a packet which is delivered is valid, and is read the same again when it is sent on.
fn checked(packet: Result<Option<Packet>, DecodeError>) -> Option<Packet> {
    let packet = packet.ok()??;
    assert!(packet.attachments.len() <= MAX_ATTACHMENTS);
    assert!(packet.namespace.starts_with('/') && !packet.namespace.contains([',', '?']), "{packet:?}");
    if let Some(data) = &packet.data {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok() || is_too_deep(data), "{data}");
    }
    if let Ok(mut event) = packet.clone().into_event() {
        assert!(!name::is_reserved(&event.name));
        if let Ok(args) = event.args.take_rest::<Spread<Value>>() {
            assert!(event.args.is_exhausted());
            let run = encode::event(&packet.namespace, event.id, &event.name, &args);
            again(run.ok(), &packet, &args);
        }
    }
    if let Ok((id, mut args)) = packet.clone().into_ack()
        && let Ok(args) = args.take_rest::<Spread<Value>>()
    {
        again(encode::ack(&packet.namespace, id, &args).ok(), &packet, &args);
    }
    Some(packet)
}

fn again(run: Option<Bytes>, packet: &Packet, args: &Spread<Value>) {
    // An object that looks like a placeholder cannot be sent beside bytes.
    let Some(run) = run else { return };
    let mut frames = Frames::new(run).map(|(_, payload)| payload);
    let text = frames.next().unwrap().slice(1..);
    let mut decoder = Decoder::new(usize::MAX);
    let mut read = decoder.text(text.try_into().unwrap()).unwrap();
    for attachment in frames {
        read = decoder.binary(attachment).unwrap();
    }
    let read = read.unwrap();
    assert_eq!((&read.namespace, read.id), (&packet.namespace, packet.id));
    let skip = usize::from(read.clone().into_event().is_ok());
    let mut again = Args::array(read.data.unwrap(), read.attachments);
    let values = again.take_rest::<Spread<Value>>().unwrap();
    assert_eq!(&values.0[skip..], &args.0[..]);
}

/// `serde_json` reads 127 levels; ours are checked without a stack.
fn is_too_deep(data: &str) -> bool {
    data.bytes().filter(|byte| b"[{".contains(byte)).count() > 127
        && serde_json::from_str::<Json>(data).is_err()
}
