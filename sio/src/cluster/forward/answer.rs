//! Answers of other nodes, read from their connections: HTTP/1.1 (RFC 9112), as far as a node meets it.
//!
//! Everything has a bound here: the head, the number of headers, the body in any framing. The time is the caller's.

use std::io;
use std::mem::{self, MaybeUninit};

use bytes::{Buf as _, Bytes, BytesMut};
use httparse::Status;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::guard::is_of_one_connection;

/// The most headers of an answer: hyper takes as many of a request.
const MAX_HEADERS: usize = 100;

/// The longest head, and the longest trailer.
const MAX_HEAD: usize = 64 * 1024;

/// The room that is made for a read. Most answers fit.
const READ: usize = 2048;

/// The end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    After(usize),
    Chunks,
    EndOfStream,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<Bytes>,
    /// The connection is good for another request.
    pub(super) keeps: bool,
}

/// The beginning of an answer; its body has not been read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) response: Response<()>,
    framing: Framing,
    keeps: bool,
}

/// Reads from a connection. What has been read and not taken stays in `rest`.
#[derive(Debug)]
pub(super) struct Reader<'a, S> {
    stream: &'a mut S,
    rest: Bytes,
    max_body: usize,
}

impl<'a, S: AsyncRead + Unpin> Reader<'a, S> {
    pub(super) fn new(stream: &'a mut S, max_body: usize) -> Self {
        Self { stream, rest: Bytes::new(), max_body }
    }

    /// Reads an answer to its end.
    pub(super) async fn answer(mut self) -> io::Result<Answer> {
        let head = self.head().await?;
        self.whole(head).await
    }

    /// Reads the body that follows a head.
    pub(super) async fn whole(mut self, head: Head) -> io::Result<Answer> {
        let Head { response, framing, keeps } = head;
        let body = match framing {
            Framing::After(length) => self.take(length).await?,
            Framing::Chunks => self.chunks().await?,
            Framing::EndOfStream => self.everything().await?,
        };
        // Bytes that nobody has asked for belong to no answer.
        let keeps = keeps && self.rest.is_empty();
        Ok(Answer { response: response.map(|()| body), keeps })
    }

    /// Reads the head of the answer, without those of interim answers.
    pub(super) async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some((head, length)) = parse(&self.rest)? {
                self.rest.advance(length);
                let status = head.response.status();
                if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
                    continue;
                }
                return Ok(head);
            }
            if self.rest.len() >= MAX_HEAD {
                return Err(invalid("the head is too long"));
            }
            self.more().await?;
        }
    }

    /// Returns what the other node has sent behind the head.
    pub(super) fn into_rest(self) -> Bytes {
        self.rest
    }

    /// Reads once.
    async fn more(&mut self) -> io::Result<()> {
        let mut buffer = match mem::take(&mut self.rest) {
            empty if empty.is_empty() => BytesMut::with_capacity(READ),
            // Nobody else has a part of it, unless it is the end of what a head was read with: then it is short.
            begun => BytesMut::from(begun),
        };
        buffer.reserve(READ / 2);
        if self.stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.rest = buffer.freeze();
        Ok(())
    }

    async fn take(&mut self, length: usize) -> io::Result<Bytes> {
        if length > self.max_body {
            return Err(too_large());
        }
        if self.rest.len() < length {
            let mut buffer = BytesMut::from(mem::take(&mut self.rest));
            let missing = length - buffer.len();
            let mut stream = (&mut *self.stream).take(missing as u64);
            while buffer.len() < length {
                buffer.reserve(READ);
                if stream.read_buf(&mut buffer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            return Ok(buffer.freeze());
        }
        Ok(self.rest.split_to(length))
    }

    async fn chunks(&mut self) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let size = self.chunk_size().await?;
            if size == 0 {
                self.trailer().await?;
                return Ok(body.freeze());
            }
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > self.max_body - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&self.take(size).await?);
            if self.take(2).await? != b"\r\n"[..] {
                return Err(invalid("a chunk has no end"));
            }
        }
    }

    async fn chunk_size(&mut self) -> io::Result<u64> {
        loop {
            let size = httparse::parse_chunk_size(&self.rest);
            if let Status::Complete((length, size)) = size.map_err(|_| invalid("a chunk has no size"))? {
                self.rest.advance(length);
                return Ok(size);
            }
            // A size with its extensions.
            if self.rest.len() >= READ {
                return Err(invalid("the size of a chunk is too long"));
            }
            self.more().await?;
        }
    }

    /// Reads the lines behind the last chunk, to the empty one.
    async fn trailer(&mut self) -> io::Result<()> {
        let mut left = MAX_HEAD;
        loop {
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.split_to(end + 1);
                if matches!(&line[..], b"\r\n" | b"\n") {
                    return Ok(());
                }
                left = left.saturating_sub(line.len());
            }
            if self.rest.len() >= left {
                return Err(invalid("the trailer is too long"));
            }
            self.more().await?;
        }
    }

    async fn everything(&mut self) -> io::Result<Bytes> {
        let mut body = BytesMut::from(mem::take(&mut self.rest));
        loop {
            if body.len() > self.max_body {
                return Err(too_large());
            }
            body.reserve(READ);
            if self.stream.read_buf(&mut body).await? == 0 {
                return Ok(body.freeze());
            }
        }
    }
}

/// Parses a head, and returns it with its length once it has come whole.
fn parse(bytes: &Bytes) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let status = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut parsed, bytes, &mut headers)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let Status::Complete(length) = status else { return Ok(None) };
    let code = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let code = code.ok_or_else(|| invalid("there is no such status"))?;
    let is_switching = code == StatusCode::SWITCHING_PROTOCOLS;
    let connection: SmallVec<[&[u8]; 2]> = values(&parsed, &header::CONNECTION).collect();
    let framing = framing(code, &parsed)?;
    let is_closed = connection.iter().any(|value| names(value, "close"));
    let keeps = !is_switching && parsed.version == Some(1) && !is_closed && framing != Framing::EndOfStream;
    let mut response = Response::new(());
    *response.status_mut() = code;
    *response.headers_mut() = HeaderMap::with_capacity(parsed.headers.len());
    for header in &*parsed.headers {
        // The clock of the node that the client has asked counts. What switches protocols is the answer itself.
        if header.name.eq_ignore_ascii_case("date")
            || !is_switching && is_of_one_connection(header.name, &connection)
        {
            continue;
        }
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(io::Error::other)?;
        let value =
            HeaderValue::from_maybe_shared(bytes.slice_ref(header.value)).map_err(io::Error::other)?;
        response.headers_mut().append(name, value);
    }
    Ok(Some((Head { response, framing, keeps }, length)))
}

/// RFC 9112 §6.3: the length of a body. A length beside chunks is not believed; two lengths that differ are an error.
fn framing(code: StatusCode, parsed: &httparse::Response<'_, '_>) -> io::Result<Framing> {
    if code.is_informational() || code == StatusCode::NO_CONTENT || code == StatusCode::NOT_MODIFIED {
        return Ok(Framing::After(0));
    }
    if let Some(coding) = values(parsed, &header::TRANSFER_ENCODING).last() {
        let last = coding.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return Ok(if is_chunked { Framing::Chunks } else { Framing::EndOfStream });
    }
    let mut length = None;
    for value in values(parsed, &header::CONTENT_LENGTH) {
        let text =
            std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let one: usize = text.and_then(|text| text.parse().ok()).ok_or_else(|| invalid("no length"))?;
        if length.replace(one).is_some_and(|other| other != one) {
            return Err(invalid("there are two lengths"));
        }
    }
    Ok(length.map_or(Framing::EndOfStream, Framing::After))
}

fn values<'a>(
    parsed: &'a httparse::Response<'_, '_>,
    name: &'a HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    parsed
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name.as_str()))
        .map(|header| header.value)
}

/// Returns whether a list, such as that of `Connection`, names something.
pub(super) fn names(list: &[u8], name: &str) -> bool {
    list.split(|byte| *byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn too_large() -> io::Error {
    invalid("the body is too large")
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// Reads what comes in pieces of this length; the stream ends behind it.
    async fn read(bytes: &[u8], piece: usize) -> io::Result<(u16, Bytes, bool)> {
        let (mut node, mut here) = tokio::io::duplex(piece);
        let bytes = bytes.to_vec();
        let writing = tokio::spawn(async move { node.write_all(&bytes).await });
        let answer = Reader::new(&mut here, 10).answer().await?;
        drop(here);
        // A reader that has enough does not wait for the rest.
        let _ = writing.await.expect("it does not panic");
        Ok((answer.response.status().as_u16(), answer.response.into_body(), answer.keeps))
    }

    #[tokio::test]
    async fn a_body_ends_where_its_head_says() {
        for (text, body, keeps) in [
            ("200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true),
            ("200 OK\r\ncontent-length: 0\r\n\r\n", "", true),
            ("200 OK\r\ncontent-length: 10\r\n\r\n0123456789", "0123456789", true),
            ("200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok", "ok", true),
            ("200 OK\r\ncontent-length: 2\r\nConnection: x, Close\r\n\r\nok", "ok", false),
            ("200 OK\r\n\r\nto the end", "to the end", false),
            ("200 OK\r\ntransfer-encoding: gzip\r\ncontent-length: 1\r\n\r\nxx", "xx", false),
            ("204 No Content\r\ncontent-length: 5\r\n\r\n", "", true),
            ("100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\ncontent-length: 1\r\n\r\nx", "x", true),
            (
                "200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n02;x=y\r\nde\r\n0\r\n\r\n",
                "abcde",
                true,
            ),
            (
                "200 OK\r\ntransfer-encoding: gzip, Chunked\r\ncontent-length: 3\r\n\r\n0\r\na: b\r\nc: d\r\n\r\n",
                "",
                true,
            ),
        ] {
            for piece in [1, 7, 4096] {
                let answer = read(format!("HTTP/1.1 {text}").as_bytes(), piece).await;
                let (_, read, is_kept) = answer.unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!((&read[..], is_kept), (body.as_bytes(), keeps), "{text}");
            }
        }
        let (_, body, keeps) =
            read(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 100).await.expect("it is valid");
        assert_eq!((&body[..], keeps), (&b"ok"[..], false));
        let two = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n";
        let (_, body, keeps) = read(two, 4096).await.expect("it is valid");
        assert_eq!((&body[..], keeps), (&b"ok"[..], false), "nobody has asked for the other");
    }

    #[tokio::test]
    async fn what_is_no_answer_or_too_large_is_an_error() {
        let long = |what: &str| format!("200 OK\r\n{what}: {}", "x".repeat(2 * MAX_HEAD));
        let trailer =
            format!("200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n{}", "a: b\r\n".repeat(MAX_HEAD));
        let many = format!("200 OK\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
        for text in [
            "",
            "200 OK\r\ncontent-length: 2\r\n\r\nx",
            "200 OK\r\ncontent-length: 11\r\n\r\n01234567890",
            "200 OK\r\ncontent-length: +2\r\n\r\nok",
            "200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nok",
            "200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk",
            "200 OK\r\n\r\n01234567890",
            "200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n",
            "200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n0",
            "200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxyz",
            "200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
            "200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
            "200 OK\r\na b: c\r\n\r\n",
            &long("a"),
            &trailer,
            &many,
        ] {
            for piece in [7, 4096] {
                let answer = read(format!("HTTP/1.1 {text}").as_bytes(), piece).await;
                assert!(answer.is_err(), "{answer:?} of {:?}", &text[..text.len().min(100)]);
            }
        }
    }

    #[tokio::test]
    async fn headers_of_the_connection_are_not_the_answers() {
        let mut bytes = &b"HTTP/1.1 200 OK\r\nconnection: keep-alive, X-Own\r\nx-own: 1\r\nkeep-alive: 5\r\n\
            set-cookie: a=1\r\nset-cookie: b=2\r\ndate: now\r\ncontent-length: 0\r\n\r\n"[..];
        let answer = Reader::new(&mut bytes, 10).answer().await.expect("it is valid").response;
        let headers: Vec<_> =
            answer.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(headers, [("set-cookie", &b"a=1"[..]), ("set-cookie", b"b=2")]);
    }
}
