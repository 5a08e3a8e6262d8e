//! The arguments of events and acknowledgements, in both directions.
//!
//! [`Args`] is what came in: raw JSON text and attachments, from which a handler's types pull their values one by one
//! ("parse late, parse once"). [`write_args`] is the way out: values to JSON text and attachments. Socket.IO protocol
//! v5, "packet encoding". Packet headers are not known here, see [`crate::socket`].

mod access;
mod arity;
mod de;
mod encode_error;
mod error;
mod json;
mod key;
mod placeholder;
mod plain;
mod ser;
mod spread;
mod visit;
mod writer;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::arity::Arity;
use self::de::{Deserializer, Start};
pub use self::encode_error::EncodeError;
use self::error::Error;
#[cfg(feature = "msgpack")]
pub(crate) use self::json::Number;
pub(crate) use self::json::{Malformed, Reader};
pub(crate) use self::placeholder::{Placeholder, count_placeholders, placeholder};
#[cfg(feature = "msgpack")]
pub(crate) use self::placeholder::{has_marked_placeholders, marked_placeholder};
pub(crate) use self::ser::serialize;
pub use self::ser::write_args;
pub use self::spread::Spread;
pub(crate) use self::writer::{Attachments, MAX_DIGITS, digits, write_string};
use crate::binary::AtHand;

/// The arguments of one packet, taken one after the other.
///
/// Making and cloning it is cheap: it holds the text that was received and a position in it. Values are deserialized
/// when they are taken. Wherever a type asks for bytes ([`Binary`](crate::binary::Binary), `bytes::Bytes`,
/// `serde_bytes::ByteBuf`), it gets the attachment that the client sent in that place; a
/// [`Value`](crate::value::Value) takes bytes anywhere.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use sio_core::args::Args;
///
/// #[derive(Deserialize)]
/// struct Message { text: String, n: u64 }
///
/// let mut args = Args::array(r#"[{"text":"hi","n":1},true]"#.into(), Vec::new());
/// let message: Message = args.take()?;
/// assert_eq!((message.text.as_str(), message.n), ("hi", 1));
/// assert!(args.take::<bool>()?);
/// // Nothing is left: an optional argument is `None`, any other is an error.
/// assert_eq!(args.take::<Option<u32>>()?, None);
/// assert_eq!(args.take::<u32>().unwrap_err().to_string(), "argument 3 is missing");
/// # Ok::<(), sio_core::args::ArgError>(())
/// ```
#[derive(Clone)]
pub struct Args {
    text: ByteString,
    attachments: Option<Arc<[Bytes]>>,
    /// Where the next argument begins, or the end.
    position: usize,
    index: usize,
    /// Placeholders are marked: what else looks like one is an object.
    #[cfg(feature = "msgpack")]
    is_marked: bool,
}

/// Why an argument could not be taken. The client is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub struct ArgError {
    /// Which argument, counted from 0.
    pub index: usize,
    /// The reason: serde's message, at most 256 bytes of it.
    pub detail: String,
    /// True if the client did not send the argument at all.
    pub missing: bool,
}

impl ArgError {
    fn text(&self) -> String {
        if self.missing { self.detail.clone() } else { format!("argument {}: {}", self.index, self.detail) }
    }
}

impl Args {
    /// Makes no arguments.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            text: ByteString::new(),
            attachments: None,
            position: 0,
            index: 0,
            #[cfg(feature = "msgpack")]
            is_marked: false,
        }
    }

    /// Makes one argument: any JSON value, for example the auth payload of a CONNECT. An empty text is no argument.
    ///
    /// The text is not checked: invalid JSON is an error when the argument is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_core::args::Args;
    ///
    /// let mut auth = Args::single(r#"{"token":"abc"}"#.into());
    /// let auth: std::collections::HashMap<String, String> = auth.take()?;
    /// assert_eq!(auth["token"], "abc");
    /// # Ok::<(), sio_core::args::ArgError>(())
    /// ```
    #[must_use]
    pub fn single(raw: ByteString) -> Self {
        Self::new(raw, 0, Vec::new())
    }

    /// Makes arguments of the elements of a JSON array, with the attachments that its placeholders name.
    ///
    /// The text is not checked: invalid JSON is an error when that argument is taken.
    #[must_use]
    pub fn array(raw: ByteString, attachments: Vec<Bytes>) -> Self {
        let mut reader = Reader::new(&raw, 0);
        // Left before what is no array, the position makes the first `take` fail.
        let position = if reader.expect(b'[').is_ok() { reader.position() } else { 0 };
        Self::new(raw, position, attachments)
    }

    /// Makes arguments of values, which are written as an emit writes them.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Json`] if a value cannot be written as JSON, [`EncodeError::Placeholder`] if one looks like a
    /// placeholder beside bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_core::args::Args;
    ///
    /// let mut args = Args::of(&("room", 5))?;
    /// assert_eq!(args.raw(), r#"["room",5]"#);
    /// # Ok::<(), sio_core::args::EncodeError>(())
    /// ```
    pub fn of<A: Serialize + ?Sized>(args: &A) -> Result<Self, EncodeError> {
        let (mut json, mut attachments) = (vec![b'['], Vec::new());
        write_args(&mut json, true, args, &mut attachments)?;
        json.push(b']');
        if !attachments.is_empty() && count_placeholders(&json) > attachments.len() {
            return Err(EncodeError::Placeholder);
        }
        let json =
            ByteString::try_from(json).map_err(serde::ser::Error::custom).map_err(EncodeError::Json)?;
        Ok(Self::array(json, attachments))
    }

    /// Arguments that begin at `position`, which is the beginning of the text or follows a bracket or a comma.
    pub(crate) fn new(text: ByteString, position: usize, attachments: Vec<Bytes>) -> Self {
        let mut reader = Reader::new(&text, position);
        reader.peek();
        let position = reader.position();
        let attachments = if attachments.is_empty() { None } else { Some(attachments.into()) };
        Self {
            #[cfg(feature = "msgpack")]
            is_marked: attachments.is_some() && has_marked_placeholders(&text),
            text,
            attachments,
            position,
            index: 0,
        }
    }

    /// Takes the next argument.
    ///
    /// A missing argument is `None` to an `Option` and an error to every other type. After an error the argument is
    /// still there, so that another type can be tried.
    ///
    /// # Errors
    ///
    /// [`ArgError`] if the argument is missing or is not a `T`.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, ArgError> {
        let start = if self.is_exhausted() { Start::Missing } else { Start::Value };
        let (value, position) = self.read(start)?;
        self.position = position;
        self.index += 1;
        Ok(value)
    }

    /// Takes all arguments that are left as one sequence: a `Vec<Value>`, a tuple.
    ///
    /// # Errors
    ///
    /// [`ArgError`] if the arguments that are left are not a `T`; its index is that of the argument that does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_core::args::Args;
    /// use sio_core::value::Value;
    ///
    /// let mut args = Args::array(r#"["room",1,2]"#.into(), Vec::new());
    /// let room: String = args.take()?;
    /// let rest: Vec<Value> = args.take_rest()?;
    /// assert_eq!((room.as_str(), rest.len()), ("room", 2));
    /// # Ok::<(), sio_core::args::ArgError>(())
    /// ```
    pub fn take_rest<T: DeserializeOwned>(&mut self) -> Result<T, ArgError> {
        let (value, position) = self.read(Start::Rest)?;
        self.position = position;
        Ok(value)
    }

    /// Takes an answer: a tuple (or a [`Spread`]) takes all arguments that are left, `()` none, everything else, also a
    /// `Vec` or an array, the next. It mirrors emitting, where a tuple is several arguments and `()` is no argument.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take) and [`take_rest`](Self::take_rest).
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_core::args::Args;
    ///
    /// let answer = || Args::array(r#"[5,"five"]"#.into(), Vec::new());
    /// assert_eq!(answer().take_answer::<u32>()?, 5);
    /// assert_eq!(answer().take_answer::<(u32, String)>()?, (5, "five".to_owned()));
    /// answer().take_answer::<()>()?;
    /// Args::empty().take_answer::<()>()?;
    /// # Ok::<(), sio_core::args::ArgError>(())
    /// ```
    pub fn take_answer<T: DeserializeOwned>(&mut self) -> Result<T, ArgError> {
        match arity::arity() {
            Arity::None(unit) => Ok(unit),
            Arity::One => self.take(),
            Arity::Several => self.take_rest(),
        }
    }

    /// Copies the text, and each attachment, into memory of its own if it is shorter than `limit` bytes.
    ///
    /// They are slices of the buffer that they were read into, which stays in memory for as long as one of them does.
    pub fn detach(&mut self, limit: usize) {
        if self.text.len() < limit {
            self.text = ByteString::from(&*self.text);
        }
        if let Some(attachments) = &mut self.attachments {
            let copy = |data: &Bytes| {
                if data.len() < limit { Bytes::copy_from_slice(data) } else { data.clone() }
            };
            *attachments = attachments.iter().map(copy).collect();
        }
    }

    /// Returns the index of the argument that is taken next, counted from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Returns `true` if no argument is left.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(self.text.as_bytes().get(self.position), None | Some(b']'))
    }

    /// Returns the whole JSON text as it was received: the array, an event's name included, or the single value.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.text
    }

    /// Returns the attachments of the packet.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// Deserializes from the position; gives the value and the position of the argument after it.
    fn read<T: DeserializeOwned>(&self, start: Start) -> Result<(T, usize), ArgError> {
        let _at_hand = self.attachments.as_ref().map(AtHand::put);
        let mut de = Deserializer::new(Reader::new(&self.text, self.position), self.attachments(), start);
        #[cfg(feature = "msgpack")]
        {
            de.is_marked = self.is_marked;
        }
        let value = T::deserialize(&mut de).and_then(|value| Ok((value, self.after(&de, start)?)));
        value.map_err(|error| self.error(start, de.elements, error))
    }

    /// The position of the argument after the one that has been read.
    fn after(&self, de: &Deserializer<'_>, start: Start) -> Result<usize, Error> {
        let mut reader = de.reader;
        if start == Start::Value && reader.position() == self.position {
            // A type that is made without looking at its input.
            reader.skip()?;
        }
        match reader.peek() {
            None | Some(b']') => {}
            Some(b',') if start == Start::Value => {
                reader.advance();
                reader.peek();
            }
            Some(_) if start == Start::Missing => {}
            // Likewise, of all the rest.
            Some(_) if start == Start::Rest => return Ok(self.text.len()),
            Some(_) => return Err(Malformed.into()),
        }
        Ok(reader.position())
    }

    #[cold]
    fn error(&self, start: Start, elements: usize, error: Error) -> ArgError {
        let index = self.index + elements;
        let missing = start == Start::Missing;
        let detail = if missing { format!("argument {index} is missing") } else { error.into_message() };
        ArgError { index, detail, missing }
    }
}

impl Default for Args {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Args")
            .field("raw", &self.raw())
            .field("attachments", &self.attachments().len())
            .field("index", &self.index)
            .finish()
    }
}

#[cfg(test)]
mod tests;
