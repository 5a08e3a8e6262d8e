//! A contract's parts: namespaces, events, arguments.

use std::collections::BTreeMap;

use serde_json::Value;

/// The way that a value goes. Bytes look different at its ends, and serde lets fields be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// The way that values of a named type go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ways {
    One(Way),
    /// Both, and the type looks the same from both sides.
    Both,
}

/// A type that has a name.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) schema: Value,
    pub(crate) ways: Ways,
}

pub(crate) type Types = BTreeMap<String, Named>;

/// Everything that goes back and forth in one namespace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Namespace {
    /// The type of its consumer, and the place of its `#[consumer]`.
    pub(crate) consumer: Option<(&'static str, String)>,
    pub(crate) docs: String,
    /// The payload with which a client connects.
    pub(crate) auth: Option<Arg>,
    /// From clients.
    pub(crate) receives: Vec<Event>,
    /// To clients.
    pub(crate) sends: Vec<Event>,
    /// True if events that are not listed have a handler too.
    pub(crate) has_fallback: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) args: Vec<Arg>,
    /// True if more arguments of any shape follow.
    pub(crate) has_rest: bool,
    /// The values of the acknowledgement; `None` if there is none.
    pub(crate) ack: Option<Vec<Value>>,
    /// The codes with which it fails, besides those of `sio`; `None`: any.
    pub(crate) codes: Option<&'static [&'static str]>,
    /// Limits, as the routes show them.
    pub(crate) limits: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) is_optional: bool,
}

impl Namespace {
    /// Calls `look` with every schema, and the way that its values go.
    pub(crate) fn each_schema(&mut self, mut look: impl FnMut(&mut Value, Way)) {
        if let Some(auth) = &mut self.auth {
            look(&mut auth.schema, Way::ToServer);
        }
        let sides = [(&mut self.receives, Way::ToServer), (&mut self.sends, Way::ToClient)];
        for (events, way) in sides {
            for event in events {
                event.args.iter_mut().for_each(|arg| look(&mut arg.schema, way));
                event.ack.iter_mut().flatten().for_each(|value| look(value, way.back()));
            }
        }
    }
}

impl Way {
    pub(crate) fn back(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}
