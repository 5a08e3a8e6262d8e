//! The list of people and their status. The server says who is online; that somebody is idle is found out here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::{Login, Members, Overview, Person, Status, Team};

/// Of a team, no more than these are remembered when they have gone.
const MAX_OFFLINE: usize = 50;

/// The application's state, shared by all consumers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    teams: Mutex<Teams>,
    has_changed: Notify,
}

#[derive(Debug, Default)]
struct Teams {
    /// Counts the changes, so that a client can tell an old list from a new one.
    version: u64,
    /// By the names under which the server knows them.
    people: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    login: Login,
    status: Status,
    since: Instant,
}

impl Roster {
    /// Somebody comes. Until the server tells, they are offline, as before.
    pub(crate) fn add(&self, login: &Login) {
        let absent = || Entry {
            login: login.clone(),
            status: Status::Offline,
            since: Instant::now(),
        };
        self.lock().people.entry(login.user()).or_insert_with(absent);
    }

    /// Somebody has another status.
    pub(crate) fn set(&self, user: &str, status: Status, since: Instant) {
        if self.lock().set(user, status, since) {
            self.0.has_changed.notify_one();
        }
    }

    /// Waits until others see a difference.
    pub(crate) async fn changed(&self) {
        self.0.has_changed.notified().await;
    }

    /// Everybody in a team who is there, and those who were there last.
    pub(crate) fn members(&self, team: Team) -> Members {
        let teams = self.lock();
        let person = |entry: &Entry| Person {
            name: entry.login.name.clone(),
            status: entry.status,
            seconds: entry.since.elapsed().as_secs(),
        };
        Members {
            team,
            version: teams.version,
            people: teams.of(team).map(person).collect(),
        }
    }

    /// How many of each team are online.
    pub(crate) fn overview(&self) -> Overview {
        let teams = self.lock();
        let online =
            |team| teams.of(team).filter(|entry| entry.status == Status::Online).count();
        Overview {
            version: teams.version,
            online: Team::ALL.map(|team| (team, online(team))).into(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Teams> {
        self.0.teams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teams {
    fn of(&self, team: Team) -> impl Iterator<Item = &Entry> {
        self.people.values().filter(move |entry| entry.login.team == team)
    }

    /// True when others see a difference.
    fn set(&mut self, user: &str, status: Status, since: Instant) -> bool {
        let Some(entry) =
            self.people.get_mut(user).filter(|entry| entry.status != status)
        else {
            return false;
        };
        (entry.status, entry.since) = (status, since);
        let team = entry.login.team;
        self.version += 1;
        self.forget_the_longest_gone(team);
        true
    }

    fn forget_the_longest_gone(&mut self, team: Team) {
        let gone = || self.of(team).filter(|entry| entry.status == Status::Offline);
        if gone().count() > MAX_OFFLINE {
            let longest =
                gone().min_by_key(|entry| entry.since).map(|entry| entry.login.user());
            longest.and_then(|user| self.people.remove(&user));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Name;

    fn login(name: &str) -> Login {
        Login {
            name: Name::try_from(name.to_owned()).expect("a good name"),
            team: Team::Support,
        }
    }

    #[test]
    fn only_some_of_those_who_have_gone_are_remembered() {
        let roster = Roster::default();
        let come = |name: &str| {
            let login = login(name);
            roster.add(&login);
            roster.set(&login.user(), Status::Online, Instant::now());
            login.user()
        };
        come("Ada");
        for n in 0..=MAX_OFFLINE {
            let user = come(&format!("Guest {n:02}"));
            roster.set(&user, Status::Offline, Instant::now());
        }
        let members = roster.members(Team::Support);
        assert_eq!(members.people.len(), MAX_OFFLINE + 1);
        assert!(
            members.people.iter().all(|person| person.name != login("Guest 00").name)
        );
    }
}
