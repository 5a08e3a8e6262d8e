//! The lines that a server of NATS sends.
//!
//! ```text
//! INFO {"max_payload":1048576,…}     MSG <subject> <sid> [reply] <bytes>     PING   PONG   +OK
//!                                    <payload>                               -ERR 'reason'
//! ```

use bytes::{Buf as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::error::BusError;

/// Bytes of a line. The first one names all servers of a cluster.
const MAX_LINE: usize = 64 << 10;

/// Bytes of a message: as many as NATS can be made to take.
const MAX_MESSAGE: usize = 64 << 20;

/// Something that a server has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Info(Info),
    Message {
        subject: String,
        payload: Bytes,
    },
    Ping,
    Pong,
    Error(String),
    /// Something that does not matter.
    Other,
}

/// How a server introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Info {
    /// Bytes of the largest message.
    pub(super) max_payload: usize,
    #[serde(default)]
    pub(super) tls_required: bool,
}

/// How a client introduces itself.
#[derive(Serialize)]
pub(super) struct Connect<'a> {
    pub(super) verbose: bool,
    pub(super) pedantic: bool,
    pub(super) tls_required: bool,
    pub(super) name: &'a str,
    pub(super) lang: &'a str,
    pub(super) version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pass: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_token: Option<&'a str>,
}

/// Takes what the server has said first out of the buffer, once it is there as a whole.
pub(super) fn next(buffer: &mut BytesMut) -> Result<Option<Said>, BusError> {
    let Some(end) = buffer.windows(2).take(MAX_LINE).position(|end| end == b"\r\n") else {
        return if buffer.len() > MAX_LINE { Err(strange(buffer)) } else { Ok(None) };
    };
    let line = std::str::from_utf8(&buffer[..end]).map_err(|_| strange(buffer))?;
    let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let said = match word {
        "MSG" => {
            let mut parts = rest.split_ascii_whitespace();
            let (subject, subscription) = (parts.next(), parts.next());
            let size = parts.next_back().and_then(|size| size.parse::<usize>().ok());
            let (Some(subject), Some(_), Some(size @ ..=MAX_MESSAGE)) = (subject, subscription, size) else {
                return Err(strange(buffer));
            };
            let subject = subject.to_owned();
            let begin = end + 2;
            if buffer.len() < begin + size + 2 {
                buffer.reserve(begin + size + 2 - buffer.len());
                return Ok(None);
            }
            // Copied: one event that waits for a slow client must not hold all that came with it in memory.
            let payload = Bytes::copy_from_slice(&buffer[begin..begin + size]);
            buffer.advance(begin + size + 2);
            return Ok(Some(Said::Message { subject, payload }));
        }
        "INFO" => Said::Info(serde_json::from_str(rest).map_err(|_| strange(buffer))?),
        "PING" => Said::Ping,
        "PONG" => Said::Pong,
        "-ERR" => Said::Error(rest.trim().trim_matches('\'').to_owned()),
        "+OK" => Said::Other,
        _ => return Err(strange(buffer)),
    };
    buffer.advance(end + 2);
    Ok(Some(said))
}

/// Quotes a line that no server of NATS sends, so that an operator sees who does.
fn strange(buffer: &[u8]) -> BusError {
    let line = buffer.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    BusError::new(format!("it does not speak as NATS does: `{}`", line[..line.len().min(60)].escape_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &[u8] =
        b"INFO {\"server_id\":\"x\",\"max_payload\":1000}\r\nPING\r\nMSG sio.a 1 5\r\nhello\r\n\
        MSG sio.x.1 2 reply 2\r\n\r\n\r\n+OK\r\nPONG\r\n-ERR 'Slow Consumer'\r\n";

    fn all(buffer: &mut BytesMut) -> Vec<Said> {
        std::iter::from_fn(|| next(buffer).unwrap()).collect()
    }

    fn expected() -> Vec<Said> {
        let message = |subject: &str, payload: &'static [u8]| Said::Message {
            subject: subject.to_owned(),
            payload: Bytes::from_static(payload),
        };
        vec![
            Said::Info(Info { max_payload: 1000, tls_required: false }),
            Said::Ping,
            message("sio.a", b"hello"),
            message("sio.x.1", b"\r\n"),
            Said::Other,
            Said::Pong,
            Said::Error("Slow Consumer".to_owned()),
        ]
    }

    #[test]
    fn what_comes_at_once_is_taken_apart() {
        let mut buffer = BytesMut::from(TALK);
        assert_eq!(all(&mut buffer), expected());
        assert!(buffer.is_empty());
    }

    #[test]
    fn what_comes_byte_by_byte_is_put_together() {
        let mut buffer = BytesMut::new();
        let said: Vec<Said> = TALK
            .iter()
            .flat_map(|byte| {
                buffer.extend_from_slice(&[*byte]);
                all(&mut buffer)
            })
            .collect();
        assert_eq!(said, expected());
    }

    #[test]
    fn who_is_no_server_of_nats_is_quoted() {
        let endless = vec![b'x'; MAX_LINE + 2];
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            b"\xff\xfe\r\n",
            b"MSG sio.a 1\r\n",
            b"MSG sio.a 1 -5\r\n",
            b"MSG sio.a 1 99999999999\r\n",
            b"INFO {}\r\n",
            &endless,
        ] {
            let error = next(&mut BytesMut::from(bytes)).unwrap_err().to_string();
            assert!(error.starts_with("it does not speak as NATS does: `") && error.len() < 300, "{error}");
        }
    }
}
