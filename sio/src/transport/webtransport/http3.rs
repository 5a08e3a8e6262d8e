//! As much of HTTP/3 (RFC 9114) as one WebTransport session needs (draft-ietf-webtrans-http3-02, which browsers speak).
//!
//! A connection carries one session. Its first bidirectional stream is the request, the next one of the session carries
//! the packets, and no others are accepted. Unidirectional streams of the client, its settings among them, are never
//! read: what comes by them counts against the window of the connection, and says nothing that this server has to know.
//! Datagrams are not read either.

use std::fmt;

use quinn::{Connection, RecvStream, SendStream, VarInt};
use wtransport_proto::frame::{Frame, FrameKind, ParseError};
use wtransport_proto::headers::Headers;
use wtransport_proto::ids::{SessionId, StatusCode, StreamId};
use wtransport_proto::session::{SessionRequest, SessionResponse};
use wtransport_proto::settings::Settings;
use wtransport_proto::stream_header::StreamHeader;
use wtransport_proto::varint::VarInt as ProtoVarInt;

pub(crate) const H3_NO_ERROR: VarInt = VarInt::from_u32(0x100);
const H3_REQUEST_REJECTED: VarInt = VarInt::from_u32(0x10b);

/// A DATA frame with the capsule `CLOSE_WEBTRANSPORT_SESSION`, code 0 and no reason.
pub(super) const GOODBYE: [u8; 9] = [0x00, 0x07, 0x68, 0x43, 0x04, 0, 0, 0, 0];

/// How many bytes of a frame are read at a time. A frame with headers of more than 4,096 bytes is refused.
const PART: usize = 1024;

/// Why a connection does not become a session.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection has ended.
    Lost(String),
    /// The client does not speak as it should.
    Protocol(&'static str),
}

impl<E: std::error::Error> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Lost(error.to_string())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost(why) => why,
            Self::Protocol(rule) => rule,
        })
    }
}

/// A session that has been asked for.
pub(crate) struct Opening {
    connection: Connection,
    control: SendStream,
    answer: SendStream,
    request: RecvStream,
    id: SessionId,
}

/// The streams of a session that carries packets.
pub(crate) struct Opened {
    pub(super) send: SendStream,
    pub(super) receive: RecvStream,
    pub(super) answer: SendStream,
    pub(super) control: SendStream,
}

impl Opening {
    /// Waits for the request, and returns it.
    pub(crate) async fn begin(connection: Connection) -> Result<(Self, SessionRequest), Broken> {
        let mut control = connection.open_uni().await?;
        control.write_all(&settings()).await?;
        let (answer, mut request) = connection.accept_bi().await?;
        let id = StreamId::new(ProtoVarInt::try_from(u64::from(request.id()))?);
        let id = SessionId::try_from_session_stream(id)
            .map_err(|_| Broken::Protocol("the first stream is not one of the client"))?;
        let First::Headers(headers) = first(&mut request, PART).await? else {
            return Err(Broken::Protocol("the first stream is no request"));
        };
        let wanted = SessionRequest::try_from(headers)
            .map_err(|_| Broken::Protocol("the request is not for a WebTransport session"))?;
        Ok((Self { connection, control, answer, request, id }, wanted))
    }

    /// Answers that there is no session, and closes the connection when the client knows.
    pub(crate) async fn refuse(mut self, status: u16) -> Result<(), Broken> {
        self.respond(status).await?;
        let _ = self.answer.finish();
        let _ = self.answer.stopped().await;
        self.connection.close(H3_NO_ERROR, b"");
        Ok(())
    }

    /// Answers that there is a session, and waits for its stream. Returns the session's half of the client as well, which
    /// ends with it.
    pub(crate) async fn accept(mut self) -> Result<(RecvStream, Opened), Broken> {
        self.respond(200).await?;
        let (send, receive) = loop {
            let (mut send, mut receive) = self.connection.accept_bi().await?;
            // Byte by byte: what follows are packets.
            match first(&mut receive, 1).await? {
                First::Of(id) if id == self.id => break (send, receive),
                _ => {}
            }
            let _ = (send.reset(H3_REQUEST_REJECTED), receive.stop(H3_REQUEST_REJECTED));
        };
        let Self { control, answer, request, .. } = self;
        Ok((request, Opened { send, receive, answer, control }))
    }

    async fn respond(&mut self, status: u16) -> Result<(), Broken> {
        let status = StatusCode::try_from(status).unwrap_or(StatusCode::FORBIDDEN);
        let response = SessionResponse::with_status_code(status);
        Ok(self.answer.write_all(&bytes(&response.headers().generate_frame())).await?)
    }
}

impl Opened {
    /// Reads the text of the first packet, of at most so many bytes.
    pub(crate) async fn first(&mut self, limit: u8) -> Result<String, Broken> {
        let mut length = [0];
        self.receive.read_exact(&mut length).await?;
        if length[0] > limit.min(125) {
            return Err(Broken::Protocol("the first packet does not open a session"));
        }
        let mut packet = vec![0; usize::from(length[0])];
        self.receive.read_exact(&mut packet).await?;
        String::from_utf8(packet).map_err(|_| Broken::Protocol("the first packet is not UTF-8"))
    }
}

/// The control stream: its type and the settings of the server.
fn settings() -> Vec<u8> {
    let none = ProtoVarInt::from_u32(0);
    let settings = Settings::builder()
        .qpack_max_table_capacity(none)
        .qpack_blocked_streams(none)
        .enable_connect_protocol()
        .enable_webtransport()
        .enable_h3_datagrams()
        .webtransport_max_sessions(ProtoVarInt::from_u32(1))
        .build();
    let mut stream = Vec::new();
    let header = StreamHeader::new_control();
    header.write(&mut stream).expect("a vector has room");
    stream.extend(bytes(&settings.generate_frame()));
    stream
}

fn bytes(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame.write_size());
    frame.write(&mut bytes).expect("a vector has room");
    bytes
}

/// The beginning of a bidirectional stream.
enum First {
    /// A request.
    Headers(Headers),
    /// A stream of this session.
    Of(SessionId),
}

/// Reads the first frame of a stream that is not there only to be ignored (RFC 9114 §9), and of what follows it as much as
/// comes in parts of this size.
async fn first(stream: &mut RecvStream, part: usize) -> Result<First, Broken> {
    let mut buffer = Vec::new();
    loop {
        let mut rest = &buffer[..];
        match Frame::read(&mut rest) {
            Ok(Some(frame)) => match (frame.kind(), frame.session_id()) {
                (FrameKind::Headers, _) => {
                    let headers = Headers::with_frame(&frame);
                    return headers.map(First::Headers).map_err(|_| Broken::Protocol("invalid headers"));
                }
                (FrameKind::WebTransport, Some(id)) => return Ok(First::Of(id)),
                (FrameKind::Exercise(_), _) => {
                    let ignored = buffer.len() - rest.len();
                    buffer.drain(..ignored);
                    continue;
                }
                _ => return Err(Broken::Protocol("a stream begins with a frame that may not stand there")),
            },
            Ok(None) => {}
            Err(ParseError::PayloadTooBig) => return Err(Broken::Protocol("a frame is too large")),
            Err(_) => return Err(Broken::Protocol("a stream begins with something unknown")),
        }
        let before = buffer.len();
        buffer.resize(before + part, 0);
        let read = stream.read(&mut buffer[before..]).await?;
        buffer.truncate(before + read.unwrap_or(0));
        if buffer.len() == before {
            return Err(Broken::Protocol("a stream has ended too early"));
        }
    }
}
