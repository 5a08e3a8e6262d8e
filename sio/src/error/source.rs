//! The cause of an error, which is a value of the application.

use std::error::Error as StdError;
use std::fmt;

use super::BoxError;
use crate::guarded::{self, Guarded};

/// A cause. It can be displayed and dropped anywhere: its own code may panic.
pub(crate) struct Source(Guarded<BoxError>);

impl Source {
    pub(super) fn get(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &**self.0
    }

    /// The cause and its own causes in one line, for the log.
    pub(crate) fn chain(&self) -> impl fmt::Display + '_ {
        Chain(self)
    }

    /// Writes the causes of this cause, each behind `before`.
    pub(super) fn write_causes(&self, f: &mut fmt::Formatter<'_>, before: &str) -> fmt::Result {
        guarded::display(f, |f| {
            let mut cause = self.0.source();
            while let Some(error) = cause {
                write!(f, "{before}{error}")?;
                cause = error.source();
            }
            Ok(())
        })
    }
}

struct Chain<'a>(&'a Source);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        self.0.write_causes(f, "; caused by: ")
    }
}

impl From<BoxError> for Source {
    fn from(error: BoxError) -> Self {
        Self(Guarded::new(error))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        guarded::display(f, |f| fmt::Display::fmt(&**self.0, f))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        guarded::display(f, |f| fmt::Debug::fmt(&**self.0, f))
    }
}
