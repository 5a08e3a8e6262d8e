//! Hook or handler: what the name of a method makes of it.

/// The prefix of a handler's method; the rest of its name is the event's.
pub(crate) const PREFIX: &str = "event_";

/// The handler of the event of the same name, by which a client renews its credentials.
pub(crate) const REAUTH: &str = "reauth";

/// A method that `sio` calls is a hook or a handler; its name says which.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Connect,
    Disconnect,
    Error,
    Handler,
}

impl Role {
    pub(crate) fn of(name: &str, has_event_attribute: bool) -> Option<Self> {
        match name {
            "connect" => Some(Self::Connect),
            "disconnect" => Some(Self::Disconnect),
            "error" => Some(Self::Error),
            REAUTH => Some(Self::Handler),
            _ if has_event_attribute || name.starts_with(PREFIX) => Some(Self::Handler),
            _ => None,
        }
    }

    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Handler => "handlers",
            _ => "hooks",
        }
    }

    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Handler => "a handler",
            _ => "a hook",
        }
    }
}
