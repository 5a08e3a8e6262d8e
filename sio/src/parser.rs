//! [`Parser`]: the format of Socket.IO packets on the wire.
//!
//! Packets are made in the text format, whatever the parser: only observers see them so. Then they are rewritten if
//! need be, once for all who receive them.

use bytes::Bytes;
use sio_core::args::EncodeError;
#[cfg(feature = "msgpack")]
use sio_core::msgpack;
use sio_core::socket::encode::Encoder;

use crate::error::Problem;

/// The encoding of Socket.IO packets, chosen with [`Builder::parser`](crate::Builder::parser).
///
/// Nothing on the wire says which it is: all clients of a server have to use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Parser {
    /// JSON with attachments, the format of the protocol, which clients use unless told otherwise.
    #[default]
    Json,
    /// MessagePack: one binary message for each packet, with bytes in their place and no attachments. Feature
    /// `msgpack`.
    ///
    /// It is the format of the npm package `socket.io-msgpack-parser`, and of python-socketio's
    /// `serializer="msgpack"`. Consumers are the same for both formats; what is not in JSON arrives as what comes
    /// closest: a date as text, `undefined` as `null`, a map's numeric key as text.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

impl Parser {
    /// Returns the name by which nodes of a cluster compare their parsers.
    #[cfg(feature = "cluster")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "msgpack",
        }
    }

    /// Checks the option against `allow_eio3`.
    pub(crate) fn problem(self, allow_eio3: bool) -> Option<Problem> {
        let reason = "clients of Engine.IO 3 are served in JSON only".to_owned();
        (allow_eio3 && self != Self::Json).then_some(Problem::Option { name: "allow_eio3", reason })
    }

    /// Returns the encoder for packets of an application, which [`finish`](Self::finish) takes.
    pub(crate) fn encoder(self, max_attachments: usize) -> Encoder {
        match self {
            Self::Json => Encoder::new(max_attachments),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => Encoder::rewritten(),
        }
    }

    /// Returns a packet of the text format as it is on the wire.
    pub(crate) fn finish(self, frames: Bytes) -> Result<Bytes, EncodeError> {
        Ok(self.rewrite(&frames)?.unwrap_or(frames))
    }

    /// As [`finish`](Self::finish); `None` if it is on the wire as it is.
    #[cfg_attr(not(feature = "msgpack"), expect(unused_variables, reason = "only other formats look"))]
    pub(crate) fn rewrite(self, frames: &Bytes) -> Result<Option<Bytes>, EncodeError> {
        match self {
            Self::Json => Ok(None),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => Ok(Some(msgpack::encode(frames)?)),
        }
    }
}
