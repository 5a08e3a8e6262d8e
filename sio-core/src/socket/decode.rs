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
    /// The text and the attachments that have arrived.
    bytes: usize,
}

impl Decoder {
    /// Makes a decoder that accepts packets with at most `max_attachments` attachments.
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
        self.partial = Some(Box::new(Partial { packet, announced, bytes: text.len() }));
        Ok(None)
    }

    /// Takes an attachment. `None`: more are due.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedBinary`] if no attachment is due.
    pub fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        let partial = self.partial.as_mut().ok_or(DecodeError::UnexpectedBinary)?;
        partial.bytes += data.len();
        partial.packet.attachments.push(data);
        if partial.packet.attachments.len() < partial.announced {
            return Ok(None);
        }
        Ok(self.partial.take().map(|complete| complete.packet))
    }

    /// Returns how many bytes have arrived of the packet whose attachments are due: its text, and the attachments that
    /// are there. Zero when none are due.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_core::socket::Decoder;
    ///
    /// let mut decoder = Decoder::new(10);
    /// let text = r#"52-["upload"]"#;
    /// decoder.text(text.into())?;
    /// decoder.binary(vec![1, 2, 3].into())?;
    /// assert_eq!(decoder.unfinished(), text.len() + 3);
    /// decoder.binary(vec![4].into())?;
    /// assert_eq!(decoder.unfinished(), 0);
    /// # Ok::<(), sio_core::socket::DecodeError>(())
    /// ```
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.bytes)
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
    /// The text after the header; not checked.
    pub(crate) data: &'a str,
}

impl<'a> Parts<'a> {
    /// Parses the text of a packet with at most `max_attachments` attachments.
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
        // Names are short: a plain loop is faster here than a search that is made for long texts. Text after a
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
fn check_placeholders(reader: &mut Reader<'_>, announced: usize) -> Result<(), DecodeError> {
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
mod tests;
