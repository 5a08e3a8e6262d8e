//! Access for visitors to the elements of an array, the members of an object, and the variant of an enum.

use serde::de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::de::Deserializer;
use super::error::Error;
use super::key::Key;

/// The elements of an array.
pub(super) struct Elements<'a, 'de> {
    pub(super) de: &'a mut Deserializer<'de>,
    pub(super) is_first: bool,
    pub(super) is_rest: bool,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.de.pace.step();
        match self.de.reader.peek() {
            Some(b']') => return Ok(None),
            None if self.is_rest => return Ok(None),
            _ if self.is_first => self.is_first = false,
            _ => self.de.reader.expect(b',')?,
        }
        let element = seed.deserialize(&mut *self.de)?;
        if self.is_rest {
            self.de.elements += 1;
        }
        Ok(Some(element))
    }
}

/// The members of an object.
pub(super) struct Members<'a, 'de> {
    pub(super) de: &'a mut Deserializer<'de>,
    pub(super) is_first: bool,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.de.pace.step();
        match self.de.reader.peek() {
            Some(b'}') => return Ok(None),
            _ if self.is_first => self.is_first = false,
            _ => self.de.reader.expect(b',')?,
        }
        let key = self.de.reader.string()?;
        self.de.reader.expect(b':')?;
        seed.deserialize(Key(key)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.de)
    }
}

/// `{"Variant": content}`, from after the brace.
pub(super) struct Variant<'a, 'de> {
    pub(super) de: &'a mut Deserializer<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name = self.de.reader.string().map_err(|_| Error::new("expected the name of a variant"))?;
        self.de.reader.expect(b':')?;
        Ok((seed.deserialize(Key(name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        de::Deserialize::deserialize(self.de)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.de)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_seq(self.de, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_struct(self.de, "", fields, visitor)
    }
}
