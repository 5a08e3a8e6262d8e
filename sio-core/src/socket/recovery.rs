//! How a client asks to go on where it lost its connection (Socket.IO protocol v5, as extended by servers from 4.6 on).
//!
//! ```text
//! server → client   CONNECT  {"sid": …, "pid": …}                 the pid is the client's secret
//! server → client   EVENT    [name, argument…, offset]            the client remembers the last offset
//! client → server   CONNECT  {"pid": …, "offset": …, auth…}       after a reconnect; no offset before the first event
//! ```
//!
//! The server decides what is kept for such a client, and for how long.

use crate::args::{Args, Malformed, Reader};
use crate::id::PrivateId;

/// A client's wish to go on where it lost its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// The secret that the server had given the client.
    pub pid: PrivateId,
    /// The last event that the client has received, if it has received any.
    pub offset: Option<u64>,
}

/// Takes the wish out of the auth payload of a CONNECT, so that the application sees what it would see without it. A
/// payload in which nothing else stands is none.
///
/// Members of these names that no such server has made are the application's own, and stay. An offset that no such
/// server has made belongs to no place to go on from: the wish is taken out, but none is given.
///
/// # Examples
///
/// ```
/// use sio_core::args::Args;
/// use sio_core::socket::recovery;
///
/// let auth = Args::single(r#"{"pid":"BwcHBwcHBwcHBwcHBwcH","offset":"12","token":"abc"}"#.into());
/// let (resume, auth) = recovery::take_resume(auth);
/// assert_eq!(resume.unwrap().offset, Some(12));
/// assert_eq!(auth.unwrap().raw(), r#"{"token":"abc"}"#);
/// ```
#[must_use]
pub fn take_resume(auth: Args) -> (Option<Resume>, Option<Args>) {
    let Ok(Some(members)) = Members::read(auth.raw()) else { return (None, Some(auth)) };
    let resume = members.offset.map(|offset| Resume { pid: members.pid, offset });
    let rest = (!members.rest.is_empty()).then(|| {
        let text = format!("{{{}}}", members.rest.join(","));
        Args::new(text.into(), 0, auth.attachments().to_vec())
    });
    (resume, rest)
}

/// The members of an auth payload that has a pid.
struct Members<'a> {
    pid: PrivateId,
    /// `None`: there is one, but no server has made it.
    offset: Option<Option<u64>>,
    /// All others, as they were sent.
    rest: Vec<&'a str>,
}

impl<'a> Members<'a> {
    /// `None` if there is no pid.
    fn read(text: &'a str) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader::new(text, 0);
        let (mut pid, mut offset, mut rest) = (None, Some(None), Vec::new());
        reader.expect(b'{')?;
        while reader.peek() == Some(b'"') {
            let start = reader.position();
            let name = reader.string()?;
            reader.expect(b':')?;
            let mut value = reader;
            reader.skip()?;
            match &*name {
                "pid" if pid.is_none() => {
                    pid = value.string().ok().and_then(|pid| pid.parse::<PrivateId>().ok());
                    if pid.is_none() {
                        return Ok(None);
                    }
                }
                "offset" => offset = value.string().ok().and_then(|offset| offset.parse().ok()).map(Some),
                _ => rest.push(&text[start..reader.position()]),
            }
            if reader.expect(b',').is_err() {
                break;
            }
        }
        reader.expect(b'}')?;
        Ok(pid.map(|pid| Self { pid, offset, rest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PID: &str = "BwcHBwcHBwcHBwcHBwcH";

    fn take(auth: &str) -> (Option<Option<u64>>, Option<String>) {
        let (resume, rest) = take_resume(Args::single(auth.replace("PID", PID).into()));
        if let Some(resume) = resume {
            assert_eq!(resume.pid.as_str(), PID);
        }
        (resume.map(|resume| resume.offset), rest.map(|args| args.raw().to_owned()))
    }

    #[test]
    fn a_wish_is_taken_out_of_the_payload() {
        assert_eq!(take(r#"{"pid":"PID"}"#), (Some(None), None));
        assert_eq!(take(r#"{"pid":"PID","offset":"0"}"#), (Some(Some(0)), None));
        let rest = Some(r#"{"a":{"pid":1},"b":"\u00fc"}"#.to_owned());
        assert_eq!(
            take(r#" { "pid" : "PID" , "a":{"pid":1}, "offset":"3","b":"\u00fc" } "#),
            (Some(Some(3)), rest)
        );
    }

    #[test]
    fn payloads_without_a_wish_stay_as_they_are() {
        for auth in [
            "{}",
            "null",
            "[1]",
            "\"pid\"",
            r#"{"offset":"3"}"#,
            r#"{"pid":"mine","offset":"3"}"#,
            r#"{"pid":7,"token":"x"}"#,
            r#"{"nested":{"pid":"PID"}}"#,
        ] {
            assert_eq!(take(auth), (None, Some(auth.replace("PID", PID))), "{auth}");
        }
    }

    #[test]
    fn an_offset_of_no_server_is_no_place_to_go_on_from() {
        for offset in ["\"x\"", "3", "null", "\"-1\"", "\"18446744073709551616\"", "\"\""] {
            let auth = format!(r#"{{"pid":"PID","offset":{offset},"token":1}}"#);
            assert_eq!(take(&auth), (None, Some(r#"{"token":1}"#.to_owned())), "{offset}");
        }
    }
}
