//! The matches that are played now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio::Sid;

use crate::field::Field;
use crate::model::{MatchName, Name, Point, Positions, Scene};

/// More matches than these are not played at a time.
const MAX_MATCHES: usize = 100;

/// The application's state, shared by all consumers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches(Arc<Mutex<HashMap<MatchName, Field>>>);

/// The news of one match after a tick.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) match_name: MatchName,
    pub(crate) positions: Positions,
    pub(crate) scene: Option<Scene>,
}

impl Matches {
    /// Returns the number of the player's bird.
    pub(crate) fn enter(
        &self,
        name: &MatchName,
        player: &Sid,
        called: Name,
    ) -> sio::Result<u32> {
        let mut matches = self.lock();
        if matches.len() >= MAX_MATCHES && !matches.contains_key(name) {
            return Err(sio::Error::new(
                "too_many_matches",
                "Too many matches are being played",
            ));
        }
        if !matches.contains_key(name) {
            matches.insert(name.clone(), Field::new(getrandom::u64()?));
        }
        let bird = matches.get_mut(name).and_then(|field| field.enter(player, called));
        bird.ok_or_else(|| {
            sio::Error::new("full", "This match is full, but you can watch")
        })
    }

    pub(crate) fn steer(&self, name: &MatchName, player: &Sid, direction: Point) {
        self.with(name, |field| field.steer(player, direction));
    }

    pub(crate) fn lose(&self, name: &MatchName, player: &Sid) {
        self.with(name, |field| field.lose(player));
    }

    pub(crate) fn leave(&self, name: &MatchName, player: &Sid) {
        self.with(name, |field| field.leave(player));
    }

    /// How the match stands; of one that nobody plays, an empty field.
    pub(crate) fn scene(&self, name: &MatchName) -> Scene {
        self.lock().get(name).map(Field::scene).unwrap_or_default()
    }

    /// Moves all matches on by a tick. One that has no more players is over.
    pub(crate) fn tick(&self) -> Vec<News> {
        let mut matches = self.lock();
        let mut all = Vec::with_capacity(matches.len());
        matches.retain(|name, field| {
            field.tick();
            let (positions, scene) = (field.positions(), field.news());
            all.push(News { match_name: name.clone(), positions, scene });
            field.players() > 0
        });
        all
    }

    fn with(&self, name: &MatchName, change: impl FnOnce(&mut Field)) {
        self.lock().get_mut(name).map(change);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MatchName, Field>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
