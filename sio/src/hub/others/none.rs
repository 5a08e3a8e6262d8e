//! [`Others`] of a server that cannot have any.

use super::super::emission::Emission;
use super::super::{Change, Target};
use crate::engine::outbox::How;
use crate::error::EmitError;

/// There are none.
#[derive(Clone)]
pub(crate) enum Others {}

impl Others {
    pub(crate) fn is_whole(&self) -> bool {
        match *self {}
    }

    pub(crate) fn check(&self, _: &str, _: &Target<'_>, _: &Emission) -> Result<(), EmitError> {
        match *self {}
    }

    pub(crate) fn publish(&self, _: &str, _: &Target<'_>, _: Emission, _: How) {
        match *self {}
    }

    pub(crate) fn change(&self, _: &str, _: &Target<'_>, _: Change<'_>) {
        match *self {}
    }
}
