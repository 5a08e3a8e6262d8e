//! One event for each thing that serde can do with a type: it takes a value and answers with it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sio::prelude::*;

/// A type with documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Plain {
    /// A field with documentation.
    ///
    /// Of two paragraphs, and a */ in it.
    pub(crate) number: i32,
    /// A word that is one of TypeScript's, too.
    pub(crate) r#type: String,
    #[deprecated]
    pub(crate) old: bool,
    pub(crate) letter: char,
    pub(crate) unit: (),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Renamed_", rename_all = "camelCase")]
pub(crate) struct Renamed {
    pub(crate) first_name: String,
    #[serde(rename = "last name")]
    pub(crate) last_name: String,
    #[serde(rename = "1st")]
    pub(crate) first: u8,
    #[serde(rename = "quote\"\\")]
    pub(crate) quote: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "words of several parts to be renamed")]
pub(crate) enum External {
    UnitForm,
    /// With one value.
    NewForm(u32),
    TupleForm(u8, String),
    StructForm {
        some_field: u8,
    },
    #[serde(rename_all = "SCREAMING-KEBAB-CASE")]
    OtherForm {
        some_field: u8,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
pub(crate) enum Internal {
    Unit,
    New(Plainer),
    Map(BTreeMap<String, u8>),
    Struct { a: u8, b: Option<u8> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Plainer {
    pub(crate) name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
pub(crate) enum Adjacent {
    Unit,
    New(u32),
    Tuple(u8, u8),
    Struct { a: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Number(u32),
    Text(String),
    Object { a: u8 },
    List(Vec<u8>),
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Words {
    Red,
    #[serde(rename = "dark green", alias = "green")]
    Green,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Documented {
    /// Warm.
    Red,
    /// Cold.
    Blue,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlatStruct {
    pub(crate) id: u8,
    #[serde(flatten)]
    pub(crate) rest: Plainer,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlatEnum {
    pub(crate) id: u8,
    #[serde(flatten)]
    pub(crate) rest: Internal,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlatExternal {
    pub(crate) id: u8,
    #[serde(flatten)]
    pub(crate) rest: FlatForms,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum FlatForms {
    New(u32),
    Struct { a: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlatMap {
    pub(crate) id: u8,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlatOption {
    pub(crate) id: u8,
    #[serde(flatten)]
    pub(crate) rest: Option<Plainer>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FlatUntagged {
    pub(crate) id: u8,
    #[serde(flatten)]
    pub(crate) rest: FlatUntaggedForms,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum FlatUntaggedForms {
    A { a: u8 },
    B { b: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Optional {
    pub(crate) always: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sometimes: Option<Plainer>,
    #[serde(default)]
    pub(crate) number: u8,
    #[serde(default = "ten")]
    pub(crate) ten: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) list: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct AllDefault {
    pub(crate) a: u8,
    pub(crate) b: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Skipped {
    pub(crate) a: u8,
    #[serde(skip)]
    pub(crate) never: u8,
    #[serde(skip_serializing, default)]
    pub(crate) only_in: u8,
    #[serde(skip_deserializing)]
    pub(crate) only_out: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum SkippedForms {
    A,
    #[serde(skip)]
    #[allow(dead_code)]
    Never,
    #[serde(skip_deserializing)]
    OnlyOut,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Strict {
    pub(crate) a: u8,
    pub(crate) b: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Pair(pub(crate) u8, pub(crate) String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Newtype(pub(crate) String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Transparent {
    pub(crate) inner: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Numbers {
    pub(crate) small: u8,
    pub(crate) float: f64,
    pub(crate) single: f32,
    pub(crate) large: u64,
    pub(crate) signed: i64,
    pub(crate) size: usize,
    pub(crate) huge: u128,
    pub(crate) nonzero: std::num::NonZeroU32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Lists {
    pub(crate) tuple: (u8, String),
    pub(crate) one: (u8,),
    pub(crate) array: [u8; 3],
    pub(crate) options: Vec<Option<u8>>,
    pub(crate) forms: Vec<External>,
    pub(crate) set: BTreeSet<String>,
    pub(crate) nested: Vec<Vec<(u8, bool)>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Maps {
    pub(crate) text: HashMap<String, u8>,
    pub(crate) number: BTreeMap<u32, String>,
    pub(crate) signed: BTreeMap<i8, String>,
    pub(crate) form: BTreeMap<MapKey, u8>,
    pub(crate) anything: BTreeMap<String, serde_json::Value>,
}

#[derive(PartialOrd, Ord, Eq, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum MapKey {
    Left,
    Right,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Library {
    pub(crate) at: DateTime<Utc>,
    pub(crate) day: NaiveDate,
    pub(crate) id: uuid::Uuid,
    pub(crate) url: Option<url::Url>,
    pub(crate) lasts: Duration,
    pub(crate) address: std::net::IpAddr,
    pub(crate) path: std::path::PathBuf,
    pub(crate) cow: Cow<'static, str>,
    pub(crate) result: Result<u8, String>,
    pub(crate) range: std::ops::Range<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Anything {
    pub(crate) value: serde_json::Value,
    pub(crate) maybe: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tree {
    pub(crate) value: u8,
    pub(crate) children: Vec<Self>,
    pub(crate) parent: Option<Box<Self>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Named_{T}")]
pub(crate) struct NamedPage<T> {
    pub(crate) items: Vec<T>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Converted {
    pub(crate) number: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct AsText {
    #[serde(with = "text")]
    #[schemars(with = "String")]
    pub(crate) id: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Empty {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Remote {
    #[serde(rename(serialize = "out", deserialize = "in"))]
    pub(crate) field: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Limited {
    #[schemars(length(min = 1, max = 5), regex(pattern = "^[a-z]+$"))]
    pub(crate) text: String,
    #[schemars(range(min = 1, max = 10))]
    pub(crate) number: u8,
    #[schemars(example = "a@example.com", email)]
    pub(crate) mail: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StrictForms {
    MoveTo { x: i32, y: i32 },
    Stop,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all(serialize = "camelCase", deserialize = "snake_case"))]
pub(crate) struct TwoCases {
    pub(crate) some_field: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(Plainer),
    Many(Vec<Plainer>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Deep {
    pub(crate) forms: Option<Vec<BTreeMap<String, Option<Adjacent>>>>,
    pub(crate) double: Option<Option<u8>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Pair", into = "Pair")]
pub(crate) struct Swapped {
    pub(crate) a: u8,
    pub(crate) b: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct UnitStruct;

impl From<Pair> for Swapped {
    fn from(Pair(a, b): Pair) -> Self {
        Self { a, b }
    }
}

impl From<Swapped> for Pair {
    fn from(swapped: Swapped) -> Self {
        Self(swapped.a, swapped.b)
    }
}

impl TryFrom<String> for Converted {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self { number: text.parse()? })
    }
}

impl From<Converted> for String {
    fn from(converted: Converted) -> Self {
        converted.number.to_string()
    }
}

impl Default for AllDefault {
    fn default() -> Self {
        Self { a: 1, b: "b".to_owned() }
    }
}

pub(crate) fn ten() -> u8 {
    10
}

/// A number as a text, of which JavaScript loses no digits.
mod text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes a consumer whose events take a type and answer with it.
macro_rules! events {
    ($($event:ident: $type:ty,)+) => {
        #[derive(Default)]
        pub(crate) struct Matrix;

        #[consumer(namespace = "/matrix")]
        impl Matrix {
            $(async fn $event(value: $type) -> $type { value })+
        }
    };
}

events! {
    event_plain: Plain,
    event_renamed: Renamed,
    event_external: External,
    event_internal: Internal,
    event_adjacent: Adjacent,
    event_untagged: Untagged,
    event_words: Words,
    event_documented: Documented,
    event_flat_struct: FlatStruct,
    event_flat_enum: FlatEnum,
    event_flat_external: FlatExternal,
    event_flat_map: FlatMap,
    event_flat_option: FlatOption,
    event_flat_untagged: FlatUntagged,
    event_optional: Optional,
    event_all_default: AllDefault,
    event_skipped: Skipped,
    event_skipped_forms: SkippedForms,
    event_strict: Strict,
    event_pair: Pair,
    event_newtype: Newtype,
    event_transparent: Transparent,
    event_numbers: Numbers,
    event_lists: Lists,
    event_maps: Maps,
    event_library: Library,
    event_anything: Anything,
    event_tree: Tree,
    event_page_of_numbers: Page<u8>,
    event_page_of_texts: Page<String>,
    event_named_page: NamedPage<Plainer>,
    event_converted: Converted,
    event_as_text: AsText,
    event_empty: Empty,
    event_remote: Remote,
    event_limited: Limited,
    event_strict_forms: StrictForms,
    event_two_cases: TwoCases,
    event_one_or_many: OneOrMany,
    event_deep: Deep,
    event_swapped: Swapped,
    event_unit_struct: UnitStruct,
    event_optional_word: Option<Words>,
    event_list: Vec<Option<External>>,
}
