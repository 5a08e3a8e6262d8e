//! [`Binary`]: bytes inside a payload, which travel as an attachment of their own instead of as JSON.
//!
//! How an attachment reaches a `Binary` without being copied: serde can only pass byte slices. While arguments are
//! deserialized, this module therefore keeps their packet's attachments at hand (per thread); a slice that *is* one of
//! them is answered with another handle to the same memory. It works through serde's buffering too (`flatten`,
//! untagged enums), as the slices stay borrowed there. Any other slice is copied.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that travel as a binary attachment, anywhere inside a payload.
///
/// It shares the memory that the packet was received in: cloning and receiving it copy nothing.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use sio_core::binary::Binary;
///
/// #[derive(Serialize, Deserialize)]
/// struct Upload { name: String, data: Binary }
///
/// let upload = Upload { name: "a.txt".into(), data: Binary::from(vec![1, 2, 3]) };
/// assert_eq!(upload.data.len(), 3);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Binary(pub Bytes);

impl Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Binary {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&'static [u8]> for Binary {
    fn from(bytes: &'static [u8]) -> Self {
        Self(Bytes::from_static(bytes))
    }
}

impl<const N: usize> From<&'static [u8; N]> for Binary {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self(Bytes::from_static(bytes))
    }
}

impl From<Binary> for Bytes {
    fn from(binary: Binary) -> Self {
        binary.0
    }
}

impl From<Binary> for Vec<u8> {
    fn from(binary: Binary) -> Self {
        binary.0.into()
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BinaryVisitor)
    }
}

struct BinaryVisitor;

impl<'de> Visitor<'de> for BinaryVisitor {
    type Value = Binary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Binary, E> {
        Ok(Binary(share(bytes)))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Binary, E> {
        Ok(Binary(bytes.into()))
    }

    /// Plain JSON has no bytes and writes them as a list of numbers: a `Binary` that was written to a file or a
    /// database as JSON can be read back.
    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Binary, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element::<u8>()? {
            bytes.push(byte);
        }
        Ok(Binary(bytes.into()))
    }
}

thread_local! {
    /// The attachments of the packet whose arguments this thread is deserializing.
    static AT_HAND: RefCell<Option<Arc<[Bytes]>>> = const { RefCell::new(None) };
}

/// Keeps a packet's attachments at hand until it is dropped, then those from before: a `Deserialize` of an application
/// may itself deserialize another packet's arguments.
#[derive(Debug)]
pub(crate) struct AtHand(Option<Arc<[Bytes]>>);

impl AtHand {
    pub(crate) fn put(attachments: &Arc<[Bytes]>) -> Self {
        Self(AT_HAND.replace(Some(Arc::clone(attachments))))
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        AT_HAND.set(self.0.take());
    }
}

/// A handle to the attachment that `bytes` is, or else a copy.
pub(crate) fn share(bytes: &[u8]) -> Bytes {
    // Both slices are alive here, so equal address and length mean the same memory.
    let attachment = AT_HAND.with_borrow(|at_hand| {
        at_hand.as_deref()?.iter().find(|other| std::ptr::eq(&***other, bytes)).cloned()
    });
    attachment.unwrap_or_else(|| Bytes::copy_from_slice(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_attachment_itself_is_shared() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let attachments: Arc<[Bytes]> = Arc::from([bytes.clone()]);
        {
            let _at_hand = AtHand::put(&attachments);
            assert_eq!(share(&bytes).as_ptr(), bytes.as_ptr());
            let equal = vec![1, 2, 3];
            assert_ne!(share(&equal).as_ptr(), equal.as_ptr());
            assert_eq!(share(&bytes[..2]), [1, 2][..]);
            assert_ne!(share(&bytes[..2]).as_ptr(), bytes.as_ptr());
        }
        assert_ne!(share(&bytes).as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn the_attachments_from_before_come_back() {
        let outer: Arc<[Bytes]> = Arc::from([Bytes::from(vec![1])]);
        let inner: Arc<[Bytes]> = Arc::from([Bytes::from(vec![2])]);
        let _outer = AtHand::put(&outer);
        drop(AtHand::put(&inner));
        assert_eq!(share(&outer[0]).as_ptr(), outer[0].as_ptr());
        assert_ne!(share(&inner[0]).as_ptr(), inner[0].as_ptr());
    }

    #[test]
    fn plain_json_round_trips_as_numbers() {
        let binary = Binary::from(b"\x00\xff\x07");
        let json = serde_json::to_string(&binary).unwrap();
        assert_eq!(json, "[0,255,7]");
        assert_eq!(serde_json::from_str::<Binary>(&json).unwrap(), binary);
        assert!(serde_json::from_str::<Binary>("[256]").is_err());
        assert!(serde_json::from_str::<Binary>("{}").is_err());
    }
}
