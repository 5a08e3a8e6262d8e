//! How values look from outside: [`JsonSchema`] of the types that a payload may hold.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::binary::Binary;
use crate::id::Sid;
use crate::value::Value;

/// The keyword of a schema that stands for bytes which travel as an attachment.
pub const ATTACHMENT: &str = "x-socketio-attachment";

macro_rules! schema {
    ($type:ty, $name:literal, $is_inline:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                $is_inline
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn schema_id() -> Cow<'static, str> {
                concat!("sio::", $name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

// By name: schemars adds `null` to what has a name or a `type`, and to nothing else.
schema!(Binary, "Binary", false, json_schema!({ ATTACHMENT: true }));
schema!(Sid, "Sid", true, json_schema!({ "type": "string" }));
schema!(Value, "Value", true, json_schema!(true));
