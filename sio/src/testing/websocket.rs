//! A connection by WebSocket, from the client's side (RFC 6455).

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket, WebSocketRead, WebSocketWrite};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use sio_core::engine::frame::Frames;
use sio_core::engine::packet::Packet;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::session::{Open, Outgoing, Shared};

type Stream = TokioIo<Upgraded>;

/// Told when an upgrade is complete, or why it cannot be.
type Upgrading = oneshot::Sender<Result<(), String>>;

/// Reads the open packet of a new connection; returns the task that does the rest.
pub(super) async fn begin(
    shared: Arc<Shared>,
    stream: Stream,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
) -> Result<impl Future<Output = ()> + Send, String> {
    let (mut read, write) = open(stream);
    let first = receive(&mut read).await?;
    Open::find(first.as_slice())?;
    Ok(async move {
        let why = run(&shared, read, write, &mut outgoing, None).await;
        shared.end(&why);
    })
}

/// Both halves of a stream that has become a WebSocket.
pub(super) fn open(stream: Stream) -> (WebSocketRead<ReadHalf<Stream>>, WebSocketWrite<WriteHalf<Stream>>) {
    let mut websocket = WebSocket::after_handshake(stream, Role::Client);
    // The server sends no pings of WebSocket's own, and a close frame is the end.
    websocket.set_auto_pong(false);
    websocket.set_auto_close(false);
    websocket.split(tokio::io::split)
}

/// Reads and writes until the connection ends, and says why it did. `upgrading` is told when the server has taken
/// in everything that was written before.
pub(super) async fn run(
    shared: &Shared,
    mut read: WebSocketRead<ReadHalf<Stream>>,
    mut write: WebSocketWrite<WriteHalf<Stream>>,
    outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
    mut upgrading: Option<Upgrading>,
) -> String {
    let reading = async {
        loop {
            match receive(&mut read).await {
                Ok(Some(packet)) => {
                    if let ControlFlow::Break(why) = shared.receive(packet) {
                        return why;
                    }
                }
                // The answer to the frame that follows an upgrade packet.
                Ok(None) => {
                    if let Some(upgraded) = upgrading.take() {
                        let _ = upgraded.send(Ok(()));
                    }
                }
                Err(why) => return why,
            }
        }
    };
    let writing = async {
        while let Some(next) = outgoing.recv().await {
            match next {
                Outgoing::Frames(frames, written) => {
                    if let Err(why) = send(&mut write, frames).await {
                        return why;
                    }
                    let _ = written.send(());
                }
                Outgoing::Upgrade(upgraded) => {
                    let _ = upgraded.send(Err("the client uses WebSocket already".to_owned()));
                }
            }
        }
        "nobody holds the client any more".to_owned()
    };
    // Neither is begun again: whichever ends first ends the connection.
    tokio::select! {
        why = reading => why,
        why = writing => why,
    }
}

/// The next packet; None is a pong of WebSocket's own.
pub(super) async fn receive<S: AsyncRead + Unpin>(
    read: &mut WebSocketRead<S>,
) -> Result<Option<Packet>, String> {
    let mut nothing_to_send = |_: Frame<'_>| std::future::ready(Ok::<_, io::Error>(()));
    let frame = read.read_frame(&mut nothing_to_send).await.map_err(|error| error.to_string())?;
    match frame.opcode {
        OpCode::Text => {
            let text = ByteString::try_from(&frame.payload[..]).map_err(|error| error.to_string())?;
            Packet::decode_text(text).map(Some).map_err(|error| error.to_string())
        }
        OpCode::Binary => Ok(Some(Packet::decode_binary(Bytes::copy_from_slice(&frame.payload)))),
        OpCode::Close => Err(match frame.payload.get(..2) {
            Some(&[high, low]) => {
                format!("the server closed the WebSocket with code {}", u16::from_be_bytes([high, low]))
            }
            _ => "the server closed the WebSocket".to_owned(),
        }),
        OpCode::Ping | OpCode::Pong | OpCode::Continuation => Ok(None),
    }
}

/// Sends ready-made frames, masked as a client's have to be.
pub(super) async fn send<S: AsyncWrite + Unpin>(
    write: &mut WebSocketWrite<S>,
    frames: Bytes,
) -> Result<(), String> {
    for (is_binary, data) in Frames::new(frames) {
        let opcode = if is_binary { OpCode::Binary } else { OpCode::Text };
        write_frame(write, opcode, &data).await?;
    }
    Ok(())
}

/// Sends a ping of WebSocket's own, which the server answers in its turn.
pub(super) async fn ping<S: AsyncWrite + Unpin>(write: &mut WebSocketWrite<S>) -> Result<(), String> {
    write_frame(write, OpCode::Ping, &[]).await
}

async fn write_frame<S: AsyncWrite + Unpin>(
    write: &mut WebSocketWrite<S>,
    opcode: OpCode,
    data: &[u8],
) -> Result<(), String> {
    let frame = Frame::new(true, opcode, None, Payload::Owned(data.to_vec()));
    write.write_frame(frame).await.map_err(|error| error.to_string())?;
    write.flush().await.map_err(|error| error.to_string())
}
