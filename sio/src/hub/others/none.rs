//! [`Others`] of a server that cannot have any.

use std::future::Ready;
use std::task::{Context, Poll};
use std::time::Duration;

use sio_core::id::NodeId;

use super::super::answer::Answer;
use super::super::emission::Emission;
use super::super::snapshot::Snapshot;
use super::super::{Change, Gathered, RoomChanges, Target};
use crate::engine::outbox::How;
use crate::error::EmitError;

/// An event or a change that others are told of.
pub(crate) enum Noted {}

/// An event for servers of other kinds.
pub(crate) enum Event {}

/// The messages for servers of other kinds.
pub(crate) enum Prepared {}

/// There are none.
#[derive(Clone)]
pub(crate) enum Others {}

impl Others {
    pub(crate) fn next_offset(&self) -> u64 {
        match *self {}
    }

    pub(crate) fn note(&self, _: &str, _: &Target<'_>, _: &Emission) -> Option<Noted> {
        match *self {}
    }

    pub(crate) fn is_whole(&self) -> bool {
        match *self {}
    }

    pub(crate) fn check(&self, _: &str, _: &Target<'_>, _: &Emission) -> Result<(), EmitError> {
        match *self {}
    }

    pub(crate) fn publish(&self, _: &str, _: &Target<'_>, _: Emission, _: How, _: Option<Noted>) {
        match *self {}
    }

    pub(crate) fn note_change(&self, _: &str, _: &Target<'_>, _: Change<'_>) -> Option<Noted> {
        match *self {}
    }

    pub(crate) fn prepare_change(
        &self,
        _: &str,
        _: &Target<'_>,
        _: Change<'_>,
    ) -> Result<Prepared, EmitError> {
        match *self {}
    }

    pub(crate) fn change(&self, _: &str, _: &Target<'_>, _: Change<'_>, _: Option<Noted>, _: Prepared) {
        match *self {}
    }

    pub(crate) fn settling(&self, _: &str, _: &[String]) -> Option<Ready<()>> {
        match *self {}
    }

    pub(crate) fn count_rooms(&self, _: &str, _: &RoomChanges) {
        match *self {}
    }

    pub(crate) fn tell_presence(&self, _: &str, _: &str, _: bool, _: u64) {
        match *self {}
    }

    pub(crate) fn are_there(&self) -> bool {
        match *self {}
    }

    pub(crate) fn ask(
        &self,
        _: &str,
        _: &Target<'_>,
        _: Emission,
        _: How,
        _: Duration,
        _: Option<&Event>,
    ) -> Option<Elsewhere> {
        match *self {}
    }

    pub(crate) fn foreign_event<A: ?Sized>(
        &self,
        _: &str,
        _: &A,
        _: How,
        _: bool,
    ) -> Result<Option<Event>, EmitError> {
        match *self {}
    }

    pub(crate) fn rooms_changed(&self) {
        match *self {}
    }

    pub(crate) fn prepare(&self, _: &str, _: &Target<'_>, _: &Event) -> Result<Prepared, EmitError> {
        match *self {}
    }

    pub(crate) fn tell(&self, _: Prepared) {
        match *self {}
    }

    pub(crate) fn change_foreign(&self, _: &str, _: &Target<'_>, _: Change<'_>) -> Result<bool, EmitError> {
        match *self {}
    }
}

#[allow(clippy::unused_async, reason = "it waits with the feature `cluster`")]
impl Others {
    pub(crate) async fn snapshots(&self, _: &str, _: &Target<'_>) -> Gathered<Vec<Snapshot>> {
        match *self {}
    }

    pub(crate) async fn count(&self, _: &str, _: &Target<'_>) -> Gathered<usize> {
        match *self {}
    }

    pub(crate) async fn is_any(&self, _: &str, _: &Target<'_>) -> Gathered<bool> {
        match *self {}
    }

    pub(crate) async fn users(&self, _: &str) -> Gathered<Vec<(String, usize)>> {
        match *self {}
    }

    pub(crate) async fn rooms(&self, _: &str) -> Gathered<Vec<String>> {
        match *self {}
    }

    pub(crate) async fn change_counted(&self, _: &str, _: &Target<'_>, _: Change<'_>) -> Gathered<usize> {
        match *self {}
    }
}

/// Nobody is asked elsewhere.
pub(crate) enum Elsewhere {}

impl Elsewhere {
    pub(crate) fn left(&self) -> usize {
        match *self {}
    }

    pub(crate) fn is_over(&self) -> bool {
        match *self {}
    }

    pub(crate) fn missing(&self) -> Vec<NodeId> {
        match *self {}
    }

    pub(crate) fn poll_answered(&mut self, _: &mut Context<'_>) -> Poll<Option<Answer>> {
        match *self {}
    }

    pub(crate) fn expire_one(&mut self) -> Option<Answer> {
        match *self {}
    }
}
