//! [`BuildError`]: everything that is wrong with a server, found before it accepts its first client.

use std::fmt;
use std::panic::Location;

/// Why a server cannot be built. It names all problems, not only the first.
#[derive(Debug)]
pub struct BuildError {
    problems: Vec<Problem>,
}

/// One reason not to start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Two consumers want one namespace.
    DuplicateNamespace {
        /// The namespace.
        namespace: &'static str,
        /// Both types, each with the place of its `#[consumer]`.
        consumers: [(&'static str, &'static Location<'static>); 2],
    },
    /// The patterns of two consumers match one path.
    OverlappingNamespaces {
        /// Both patterns.
        namespaces: [&'static str; 2],
        /// Both types, each with the place of its `#[consumer]`.
        consumers: [(&'static str, &'static Location<'static>); 2],
    },
    /// A consumer names a namespace that cannot exist, or takes parameters that its namespace does not have.
    InvalidNamespace {
        /// The type.
        consumer: &'static str,
        /// The place of its `#[consumer]`.
        location: &'static Location<'static>,
        /// The reason why the namespace is invalid.
        reason: String,
    },
    /// Two methods of a consumer handle one event. The compiler refuses it unless `#[cfg]` is involved.
    DuplicateEvent {
        /// The type.
        consumer: &'static str,
        /// The place of its `#[consumer]`.
        location: &'static Location<'static>,
        /// The event, `None` for the fallback.
        event: Option<&'static str>,
    },
    /// A handler or hook takes a `State<T>` that was not provided.
    MissingState {
        /// The type.
        consumer: &'static str,
        /// The place of its `#[consumer]`.
        location: &'static Location<'static>,
        /// The `T`.
        state: &'static str,
        /// The types that were provided.
        provided: Vec<&'static str>,
    },
    /// An expected namespace has no consumer.
    MissingNamespace {
        /// The namespace.
        namespace: String,
    },
    /// Two traits with `#[emits]` declare one event for one namespace.
    DuplicateDeclaration {
        /// The event.
        event: &'static str,
        /// The namespace.
        namespace: &'static str,
        /// Both traits, each with the place of its `#[emits]`.
        declared: [(&'static str, &'static Location<'static>); 2],
    },
    /// A trait with `#[emits]` declares events for a namespace that has no consumer.
    UnservedNamespace {
        /// The namespace.
        namespace: &'static str,
        /// The trait, with the place of its `#[emits]`.
        declared: (&'static str, &'static Location<'static>),
        /// The namespaces that there are: each with its consumer and the place of its `#[consumer]`.
        consumers: Vec<(&'static str, &'static str, &'static Location<'static>)>,
    },
    /// An option has a value that it cannot have.
    Option {
        /// The option.
        name: &'static str,
        /// The reason why the value is invalid.
        reason: String,
    },
}

impl BuildError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Returns everything that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.problems {
            [problem] => problem.fmt(f),
            problems => {
                write!(f, "the server cannot start, for {} reasons", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl std::error::Error for BuildError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateNamespace { namespace, consumers: [(first, here), (second, there)] } => write!(
                f,
                "namespace `{namespace}` has two consumers: {first} ({here}) and {second} ({there}); \
                 give one of them another namespace"
            ),
            Self::OverlappingNamespaces {
                namespaces: [one, other],
                consumers: [(first, here), (second, there)],
            } => write!(
                f,
                "the namespaces `{one}` of {first} ({here}) and `{other}` of {second} ({there}) overlap: \
                 a path that both match could mean either"
            ),
            Self::InvalidNamespace { consumer, location, reason } => {
                write!(f, "{consumer} ({location}): {reason}")
            }
            Self::DuplicateEvent { consumer, location, event: Some(event) } => {
                write!(
                    f,
                    "{consumer} ({location}) has two handlers for the event `{event}`; remove or rename one of them"
                )
            }
            Self::DuplicateEvent { consumer, location, event: None } => {
                write!(f, "{consumer} ({location}) has two fallback handlers; remove one of them")
            }
            Self::MissingState { consumer, location, state, provided } => {
                write!(f, "{consumer} ({location}) needs State<{state}>; provide it with `Builder::state`")?;
                match &**provided {
                    [] => f.write_str(" (nothing is provided)"),
                    provided => write!(f, " (provided: {})", provided.join(", ")),
                }
            }
            Self::MissingNamespace { namespace } => write!(
                f,
                "no consumer for namespace `{namespace}`; if it is in a library crate, mention the crate: \
                 `use my_consumers as _;`"
            ),
            Self::DuplicateDeclaration { event, namespace, declared: [(first, here), (second, there)] } => {
                write!(
                    f,
                    "the event `{event}` is declared twice for `{namespace}`: by {first} ({here}) and {second} ({there}); \
                 remove it from one of them"
                )
            }
            Self::UnservedNamespace { namespace, declared: (name, location), consumers } => {
                write!(
                    f,
                    "{name} ({location}) declares events for `{namespace}`, which no consumer serves; "
                )?;
                if consumers.is_empty() {
                    return f.write_str(
                        "there is no consumer at all: if it is in a library crate, mention the crate: \
                         `use my_consumers as _;`",
                    );
                }
                f.write_str("served are ")?;
                consumers.iter().enumerate().try_for_each(|(index, (namespace, consumer, location))| {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}`{namespace}` by {consumer} ({location})")
                })
            }
            // The rules of options are the rest of a sentence.
            Self::Option { name, reason } if reason.starts_with("must ") => write!(f, "`{name}` {reason}"),
            Self::Option { name, reason } => write!(f, "`{name}`: {reason}"),
        }
    }
}
