//! Text and bytes of one connection to packets.
//!
//! Grammar (Socket.IO protocol v5, "packet encoding"; the Engine.IO message type is already off):
//!
//! ```text
//! packet    := kind [count "-"] [namespace [","]] [id] [json]     count for kinds 5 and 6, and only there
//! kind      := "0" … "6"
//! namespace := "/" any character but ","                           a comma ends it, or else the packet does
//! id        := digits                                              0 … 2^53 - 1
//! ```
//!
//! The header is scanned by hand; the JSON is checked from end to end, so that what is delivered is valid whoever
//! looks at it later, and stays text. Nothing is copied and, but for packets with attachments, nothing allocated. What
//! the packets mean is not known here: see [`client`](super::client).

use bytes::Bytes;
use bytestring::ByteString;

use crate::args::{Placeholder, Reader, placeholder};
use crate::socket::packet::{DecodeError, Kind, MAIN_NAMESPACE, Packet};

/// The largest whole number that JavaScript can count to.
pub(crate) const MAX_ACK_ID: u64 = (1 << 53) - 1;

/// Decodes the packets of one connection.
///
/// After an error the connection is to be closed. The decoder itself stays usable: a packet whose attachments were
/// still due is dropped.
///
/// # Examples
///
/// ```
/// use sio_core::socket::{Decoder, Kind};
///
/// let mut decoder = Decoder::new(10);
/// let text = r#"51-["upload",{"_placeholder":true,"num":0}]"#;
/// assert!(decoder.text(text.into())?.is_none());
/// let packet = decoder.binary(vec![1, 2, 3].into())?.expect("the last attachment completes the packet");
/// assert_eq!(packet.kind, Kind::BinaryEvent);
/// assert_eq!(packet.attachments, [vec![1, 2, 3]]);
/// # Ok::<(), sio_core::socket::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    max_attachments: usize,
    /// A packet whose attachments are due. Boxed, since most connections never have one.
    partial: Option<Box<Partial>>,
}

#[derive(Debug)]
struct Partial {
    packet: Packet,
    announced: usize,
}

impl Decoder {
    /// Makes a decoder that accepts packets with at most so many attachments.
    #[must_use]
    pub const fn new(max_attachments: usize) -> Self {
        Self { max_attachments, partial: None }
    }

    /// Decodes a text message. `None`: the packet's attachments are due.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if it is no packet, or if the attachments of the packet before are due.
    #[expect(clippy::needless_pass_by_value, reason = "a message is handed over, as in `binary`")]
    pub fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        if self.partial.take().is_some() {
            return Err(DecodeError::AttachmentsDue);
        }
        let Parts { kind, announced, namespace, id, data } = Parts::read(&text, self.max_attachments)?;
        check(kind, data, announced)?;
        let namespace =
            namespace.map_or(ByteString::from_static(MAIN_NAMESPACE), |name| text.slice_ref(name));
        let data = if data.is_empty() { None } else { Some(text.slice_ref(data)) };
        let packet = Packet { kind, namespace, id, data, attachments: Vec::new() };
        if announced == 0 {
            return Ok(Some(packet));
        }
        self.partial = Some(Box::new(Partial { packet, announced }));
        Ok(None)
    }

    /// Takes an attachment. `None`: more are due.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedBinary`] if no attachment is due.
    pub fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        let partial = self.partial.as_mut().ok_or(DecodeError::UnexpectedBinary)?;
        partial.packet.attachments.push(data);
        if partial.packet.attachments.len() < partial.announced {
            return Ok(None);
        }
        Ok(self.partial.take().map(|complete| complete.packet))
    }
}

/// The parts of a packet's text.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) kind: Kind,
    /// How many attachments follow.
    pub(crate) announced: usize,
    /// The namespace, if the packet names one.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) id: Option<u64>,
    /// What follows the header; not checked.
    pub(crate) data: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes the text of a packet with at most so many attachments apart.
    #[inline]
    pub(crate) fn read(text: &'a str, max_attachments: usize) -> Result<Self, DecodeError> {
        let mut header = Header { text, position: 0 };
        let kind = header.kind()?;
        let announced = if kind.is_binary() { header.attachments(max_attachments)? } else { 0 };
        let namespace = header.namespace();
        let id = header.id()?;
        Ok(Self { kind, announced, namespace, id, data: header.rest() })
    }
}

/// The header of a packet, read from left to right.
struct Header<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Header<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn kind(&mut self) -> Result<Kind, DecodeError> {
        let first = *self.text.as_bytes().first().ok_or(DecodeError::Empty)?;
        let kind = Kind::from_digit(first)
            .ok_or_else(|| DecodeError::UnknownKind(self.text.chars().next().unwrap_or_default()))?;
        self.position = 1;
        Ok(kind)
    }

    fn attachments(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let too_many = DecodeError::TooManyAttachments { limit };
        let count = self.number(&too_many)?.ok_or(DecodeError::NoAttachmentCount)?;
        if !self.rest().starts_with('-') {
            return Err(DecodeError::NoAttachmentCount);
        }
        self.position += 1;
        usize::try_from(count).ok().filter(|count| *count <= limit).ok_or(too_many)
    }

    /// The namespace, if the packet names one.
    fn namespace(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        if bytes.first() != Some(&b'/') {
            return None;
        }
        // Names are short: a plain loop is faster here than a search that is made for long texts. What follows a
        // question mark is the query string of clients older than this protocol's auth payload.
        let end = bytes.iter().position(|byte| matches!(byte, b',' | b'?')).unwrap_or(bytes.len());
        let comma = bytes[end..].iter().position(|byte| *byte == b',');
        self.position += comma.map_or(bytes.len(), |comma| end + comma + 1);
        Some(&rest[..end])
    }

    fn id(&mut self) -> Result<Option<u64>, DecodeError> {
        match self.number(&DecodeError::AckIdTooLarge)? {
            Some(id) if id > MAX_ACK_ID => Err(DecodeError::AckIdTooLarge),
            id => Ok(id),
        }
    }

    /// The number at the position, `None` if there is no digit; `overflow` if it is larger than a `u64`.
    fn number(&mut self, overflow: &DecodeError) -> Result<Option<u64>, DecodeError> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.text.as_bytes().get(self.position) {
            let digit = u64::from(digit - b'0');
            let larger = number.unwrap_or(0_u64).checked_mul(10).and_then(|tens| tens.checked_add(digit));
            number = Some(larger.ok_or_else(|| overflow.clone())?);
            self.position += 1;
        }
        Ok(number)
    }
}

/// Checks the JSON of a packet: that it is JSON, and that the packet's kind allows it.
fn check(kind: Kind, data: &str, announced: usize) -> Result<(), DecodeError> {
    let mut reader = Reader::new(data, 0);
    let first = reader.peek();
    match kind {
        Kind::Connect | Kind::ConnectError if data.is_empty() => return Ok(()),
        Kind::Connect | Kind::ConnectError => reader.skip()?,
        Kind::Disconnect if data.is_empty() => return Ok(()),
        Kind::Disconnect => return Err(DecodeError::UnexpectedPayload),
        Kind::Event | Kind::Ack => reader.skip()?,
        Kind::BinaryEvent | Kind::BinaryAck => check_placeholders(&mut reader, announced)?,
    }
    if reader.peek().is_some() {
        return Err(DecodeError::NotJson);
    }
    if first != Some(b'[') && !matches!(kind, Kind::Connect | Kind::ConnectError) {
        return Err(DecodeError::NotAnArray);
    }
    Ok(())
}

/// Checks one value, and that each placeholder in it has an attachment. No client uses an attachment twice; if there
/// could be more placeholders than attachments, a small packet could make a payload type copy one without end.
pub(crate) fn check_placeholders(reader: &mut Reader<'_>, announced: usize) -> Result<(), DecodeError> {
    let mut left = announced;
    reader.walk(|object| match placeholder(object) {
        None => Ok(()),
        Some(Placeholder::Attachment { index, .. }) if index < announced && left > 0 => {
            left -= 1;
            Ok(())
        }
        Some(_) => Err(DecodeError::NoAttachment),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Option<Packet>, DecodeError> {
        Decoder::new(3).text(text.into())
    }

    fn packet(text: &str) -> Packet {
        decode(text).unwrap().expect("the packet is complete")
    }

    fn parts(text: &str) -> (Kind, String, Option<u64>, Option<String>) {
        let packet = packet(text);
        (packet.kind, packet.namespace.to_string(), packet.id, packet.data.map(String::from))
    }

    #[test]
    fn headers_are_taken_apart() {
        assert_eq!(parts("0"), (Kind::Connect, "/".into(), None, None));
        assert_eq!(parts("0{\"a\":1}"), (Kind::Connect, "/".into(), None, Some("{\"a\":1}".into())));
        assert_eq!(parts("0/x,"), (Kind::Connect, "/x".into(), None, None));
        assert_eq!(parts("0/x"), (Kind::Connect, "/x".into(), None, None));
        assert_eq!(parts("0/x?a=b,{}"), (Kind::Connect, "/x".into(), None, Some("{}".into())));
        assert_eq!(parts("0/?a=b"), (Kind::Connect, "/".into(), None, None));
        assert_eq!(parts("0/x,\"token\""), (Kind::Connect, "/x".into(), None, Some("\"token\"".into())));
        assert_eq!(parts("1/ünï,"), (Kind::Disconnect, "/ünï".into(), None, None));
        assert_eq!(parts("2/x,12[\"a\"]"), (Kind::Event, "/x".into(), Some(12), Some("[\"a\"]".into())));
        assert_eq!(parts("2 [\"a\"] "), (Kind::Event, "/".into(), None, Some(" [\"a\"] ".into())));
        assert_eq!(parts("30[]"), (Kind::Ack, "/".into(), Some(0), Some("[]".into())));
        assert_eq!(parts("4{\"message\":\"\"}").0, Kind::ConnectError);
    }

    #[test]
    fn unknown_kinds_are_refused() {
        assert_eq!(decode("").unwrap_err(), DecodeError::Empty);
        for (text, first) in
            [("abc", 'a'), ("7", '7'), ("9[\"a\"]", '9'), ("-1", '-'), ("é", 'é'), (" 2[\"a\"]", ' ')]
        {
            assert_eq!(decode(text).unwrap_err(), DecodeError::UnknownKind(first), "{text}");
        }
    }

    #[test]
    fn payloads_that_are_not_json_are_refused() {
        for text in [
            "2abc",
            "2abc[\"a\"]",
            "2[\"a\"",
            "2[\"a\"]]",
            "2[\"a\",]",
            "2['a']",
            "2[\"a\",01]",
            "2[\"a\\x\"]",
            "2[\"a\n\"]",
            "2/x[\"a\"],",
            "2-1[\"a\"]",
            "2+1[\"a\"]",
            "3[",
            "0{",
            "0{}x",
            "0x",
            "51-[\"a\",{]",
        ] {
            assert!(matches!(decode(text), Err(DecodeError::NotJson)), "{text}: {:?}", decode(text));
        }
    }

    #[test]
    fn events_and_acks_need_an_array() {
        for text in [
            "2",
            "2/x",
            "2/x,",
            "21",
            "2{}",
            "2\"a\"",
            "2null",
            "3",
            "31",
            "31{}",
            "51-{}",
            "61-1\"a\"",
            "50-{}",
        ] {
            let error = decode(text).unwrap_err();
            assert!(matches!(error, DecodeError::NotAnArray | DecodeError::NotJson), "{text}: {error:?}");
        }
        assert_eq!(decode("2{}").unwrap_err(), DecodeError::NotAnArray);
        assert_eq!(decode("1{}").unwrap_err(), DecodeError::UnexpectedPayload);
        assert_eq!(decode("1/x,[]").unwrap_err(), DecodeError::UnexpectedPayload);
    }

    #[test]
    fn ack_ids_end_where_javascript_does() {
        assert_eq!(packet("29007199254740991[\"a\"]").id, Some(MAX_ACK_ID));
        assert_eq!(packet("2007[\"a\"]").id, Some(7));
        for text in ["29007199254740992[\"a\"]", "299999999999999999999999[\"a\"]", "39007199254740992[]"] {
            assert_eq!(decode(text).unwrap_err(), DecodeError::AckIdTooLarge, "{text}");
        }
    }

    #[test]
    fn attachments_are_counted() {
        for text in ["5[\"a\"]", "5-[\"a\"]", "51[\"a\"]", "5x-[\"a\"]", "51", "5", "5/x,1-[\"a\"]"] {
            assert_eq!(decode(text).unwrap_err(), DecodeError::NoAttachmentCount, "{text}");
        }
        for text in ["54-[\"a\"]", "699999999999999999999-1[]", "518446744073709551615-[\"a\"]"] {
            assert_eq!(decode(text).unwrap_err(), DecodeError::TooManyAttachments { limit: 3 }, "{text}");
        }
        let mut decoder = Decoder::new(3);
        assert!(decoder.text("53-/x,1[\"a\"]".into()).unwrap().is_none());
        assert!(decoder.binary("1".into()).unwrap().is_none());
        assert!(decoder.binary("2".into()).unwrap().is_none());
        let packet = decoder.binary("3".into()).unwrap().unwrap();
        assert_eq!((packet.kind, &*packet.namespace, packet.id), (Kind::BinaryEvent, "/x", Some(1)));
        assert_eq!(packet.attachments, ["1", "2", "3"]);
        assert_eq!(decoder.binary("4".into()).unwrap_err(), DecodeError::UnexpectedBinary);
    }

    #[test]
    fn a_packet_of_no_attachments_is_delivered_at_once() {
        let mut decoder = Decoder::new(3);
        let packet = decoder.text("50-[\"a\",1]".into()).unwrap().unwrap();
        assert!(packet.kind == Kind::BinaryEvent && packet.attachments.is_empty());
        assert_eq!(decoder.text("2[\"b\"]".into()).unwrap().unwrap().kind, Kind::Event);
        assert_eq!(decoder.text("60-1[]".into()).unwrap().unwrap().kind, Kind::BinaryAck);
        assert_eq!(decoder.binary("1".into()).unwrap_err(), DecodeError::UnexpectedBinary);
    }

    #[test]
    fn a_text_while_attachments_are_due_is_refused() {
        let mut decoder = Decoder::new(3);
        assert!(decoder.text("52-[\"a\"]".into()).unwrap().is_none());
        assert!(decoder.binary("1".into()).unwrap().is_none());
        assert_eq!(decoder.text("2[\"b\"]".into()).unwrap_err(), DecodeError::AttachmentsDue);
        assert_eq!(decoder.binary("2".into()).unwrap_err(), DecodeError::UnexpectedBinary);
        assert!(decoder.text("2[\"b\"]".into()).unwrap().is_some());
    }

    #[test]
    fn placeholders_need_their_attachments() {
        let place = |index: &str| format!("{{\"_placeholder\":true,\"num\":{index}}}");
        for text in [
            format!("50-[\"a\",{}]", place("0")),
            format!("51-[\"a\",{}]", place("1")),
            format!("51-[\"a\",{}]", place("-1")),
            format!("51-[\"a\",{}]", place("\"0\"")),
            "51-[\"a\",{\"_placeholder\":true}]".to_owned(),
            format!("51-[\"a\",{},{}]", place("0"), place("0")),
            format!("61-1[[{{\"deep\":[{}]}}]]", place("2")),
        ] {
            assert_eq!(decode(&text).unwrap_err(), DecodeError::NoAttachment, "{text}");
        }
        for text in [
            // Plain packets have no placeholders, and neither have objects that only look like them.
            format!("2[\"a\",{}]", place("5")),
            "50-[\"a\",{\"_placeholder\":false,\"num\":5}]".to_owned(),
            "50-[\"a\",{\"_placeholder\":\"true\",\"num\":5}]".to_owned(),
        ] {
            assert!(decode(&text).unwrap().is_some(), "{text}");
        }
        // An attachment that nothing names is no mistake.
        assert!(decode("51-[\"a\"]").unwrap().is_none());
    }

    #[test]
    fn nothing_is_copied_and_an_idle_decoder_is_small() {
        let text = ByteString::from("2/chat,1[\"a\",\"b\"]");
        let packet = Decoder::new(3).text(text.clone()).unwrap().unwrap();
        assert_eq!(packet.namespace.as_ptr(), text[1..].as_ptr());
        assert_eq!(packet.data.unwrap().as_ptr(), text[8..].as_ptr());
        assert!(size_of::<Decoder>() <= 16);
    }
}
