//! HTTP/1.1 as a polling client needs it.

use std::borrow::Cow;

use super::tally::Fault;

/// A response of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) body: Cow<'a, [u8]>,
    /// How many bytes it takes, with its head.
    pub(crate) length: usize,
}

/// The head of a request, for a body of so many bytes.
pub(crate) fn request(method: &str, target: &str, host: &str, body: Option<usize>) -> String {
    let body = body.map_or_else(String::new, |length| {
        format!("Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}\r\n")
    });
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{body}\r\n")
}

/// The length of the head at the beginning of `bytes`, with the empty line; `None` if it is not all there yet.
pub(crate) fn head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
}

/// The status of a response.
pub(crate) fn status(head: &[u8]) -> Option<u16> {
    let digits = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    str::from_utf8(digits).ok()?.parse().ok()
}

/// The response at the head of `bytes`; `None` if it is not all there yet.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Response<'_>>, Fault> {
    let Some(head) = head(bytes) else { return Ok(None) };
    let (head, rest) = bytes.split_at(head);
    let status = status(head).ok_or("no status")?;
    if let Some(value) = header(head, b"transfer-encoding") {
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err("an unknown transfer encoding");
        }
        let Some((body, length)) = chunks(rest)? else { return Ok(None) };
        return Ok(Some(Response { status, body: body.into(), length: head.len() + length }));
    }
    let length = header(head, b"content-length").ok_or("a response without length")?;
    let length = number(length, 10).ok_or("a response without length")?;
    let Some(body) = rest.get(..length) else { return Ok(None) };
    Ok(Some(Response { status, body: body.into(), length: head.len() + length }))
}

fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (key, value) = line.split_at_checked(name.len())?;
        key.eq_ignore_ascii_case(name).then_some(value.strip_prefix(b":")?.trim_ascii())
    })
}

fn number(digits: &[u8], radix: u32) -> Option<usize> {
    usize::from_str_radix(str::from_utf8(digits).ok()?.trim(), radix).ok()
}

/// A body in chunks, and how many bytes it takes.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Fault> {
    let (mut body, mut position) = (Vec::new(), 0);
    loop {
        let rest = &bytes[position..];
        let Some(line) = rest.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = rest[..line].split(|byte| *byte == b';').next().unwrap_or_default();
        let size = number(size, 16).ok_or("a chunk without size")?;
        let Some(chunk) = rest.get(line + 2..line + 2 + size + 2) else { return Ok(None) };
        body.extend_from_slice(&chunk[..size]);
        position += line + 2 + size + 2;
        if size == 0 {
            return Ok(Some((body, position)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> Response<'_> {
        for end in 0..text.len() {
            assert_eq!(read(&text.as_bytes()[..end]), Ok(None), "{end}");
        }
        read(text.as_bytes()).unwrap().expect("the response is complete")
    }

    #[test]
    fn a_body_with_a_length() {
        let text = "HTTP/1.1 200 OK\r\nX: y\r\ncontent-Length: 2\r\n\r\nok";
        assert_eq!(
            complete(text),
            Response { status: 200, body: b"ok".as_slice().into(), length: text.len() }
        );
        assert_eq!(read(format!("{text}HTTP/1.1").as_bytes()).unwrap().unwrap().length, text.len());
    }

    #[test]
    fn a_body_in_chunks() {
        let text = "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n";
        assert_eq!(
            complete(text),
            Response { status: 400, body: b"abc".as_slice().into(), length: text.len() }
        );
    }

    #[test]
    fn a_response_without_end_is_a_fault() {
        assert!(read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
        assert!(read(b"nonsense\r\n\r\n").is_err());
    }
}
