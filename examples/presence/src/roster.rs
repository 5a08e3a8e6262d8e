//! The list of people and their status. A person is there once, in however many tabs.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::model::{Login, Members, Name, Overview, Person, Status, Team};

/// Of a team, no more than these are remembered when they have gone.
const MAX_OFFLINE: usize = 50;

/// The application's state, shared by all consumers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster(Arc<Mutex<Teams>>);

#[derive(Debug, Default)]
struct Teams {
    /// Counts the changes, so that a client can tell an old list from a new one.
    version: u64,
    people: BTreeMap<(Team, Name), Entry>,
}

#[derive(Debug)]
struct Entry {
    tabs: usize,
    active_tabs: usize,
    status: Status,
    since: Instant,
}

// ANCHOR: tab
/// One tab of a person. Dropping it closes it, however the client came to leave.
#[derive(Debug)]
pub(crate) struct Tab {
    roster: Roster,
    key: (Team, Name),
    is_active: bool,
}
// ANCHOR_END: tab

impl Roster {
    /// Opens a tab, which is active at first.
    pub(crate) fn enter(&self, login: Login) -> Tab {
        let key = (login.team, login.name);
        self.lock().change(&key, |entry| {
            entry.tabs += 1;
            entry.active_tabs += 1;
        });
        Tab { roster: self.clone(), key, is_active: true }
    }

    /// Everybody in a team who is there, and those who were there last.
    pub(crate) fn members(&self, team: Team) -> Members {
        let teams = self.lock();
        let people = teams.of(team).map(|(name, entry)| Person {
            name: name.clone(),
            status: entry.status,
            seconds: entry.since.elapsed().as_secs(),
        });
        Members { team, version: teams.version, people: people.collect() }
    }

    /// How many of each team are online.
    pub(crate) fn overview(&self) -> Overview {
        let teams = self.lock();
        let online = |team| teams.of(team).filter(|(_, entry)| entry.status == Status::Online).count();
        Overview { version: teams.version, online: Team::ALL.map(|team| (team, online(team))).into() }
    }

    fn lock(&self) -> MutexGuard<'_, Teams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teams {
    fn of(&self, team: Team) -> impl Iterator<Item = (&Name, &Entry)> {
        self.people
            .iter()
            .filter(move |((theirs, _), _)| *theirs == team)
            .map(|((_, name), entry)| (name, entry))
    }

    /// Changes somebody's tabs. True when others see a difference.
    fn change(&mut self, key: &(Team, Name), change: impl FnOnce(&mut Entry)) -> bool {
        let entry = self.people.entry(key.clone()).or_insert_with(Entry::absent);
        change(entry);
        let status = match (entry.tabs, entry.active_tabs) {
            (0, _) => Status::Offline,
            (_, 0) => Status::Away,
            _ => Status::Online,
        };
        if mem::replace(&mut entry.status, status) == status {
            return false;
        }
        entry.since = Instant::now();
        self.version += 1;
        self.forget_the_longest_gone(key.0);
        true
    }

    fn forget_the_longest_gone(&mut self, team: Team) {
        let gone = || self.of(team).filter(|(_, entry)| entry.status == Status::Offline);
        if gone().count() > MAX_OFFLINE {
            let longest = gone().min_by_key(|(_, entry)| entry.since).map(|(name, _)| (team, name.clone()));
            longest.and_then(|key| self.people.remove(&key));
        }
    }
}

impl Entry {
    fn absent() -> Self {
        Self { tabs: 0, active_tabs: 0, status: Status::Offline, since: Instant::now() }
    }
}

impl Tab {
    pub(crate) fn team(&self) -> Team {
        self.key.0
    }

    /// Says whether somebody is at this tab. True when others see a difference.
    pub(crate) fn set_active(&mut self, is_active: bool) -> bool {
        if mem::replace(&mut self.is_active, is_active) == is_active {
            return false;
        }
        self.roster.lock().change(&self.key, |entry| {
            if is_active {
                entry.active_tabs += 1;
            } else {
                entry.active_tabs -= 1;
            }
        })
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.roster.lock().change(&self.key, |entry| {
            entry.tabs -= 1;
            entry.active_tabs -= usize::from(self.is_active);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(name: &str) -> Login {
        Login { name: Name::try_from(name.to_owned()).expect("a good name"), team: Team::Support }
    }

    #[test]
    fn somebody_is_online_in_any_tab_and_away_in_all() {
        let roster = Roster::default();
        let status = || roster.members(Team::Support).people[0].status;
        let (mut one, mut two) = (roster.enter(login("Ada")), roster.enter(login("Ada")));
        assert_eq!((status(), roster.members(Team::Support).people.len()), (Status::Online, 1));
        assert!(!one.set_active(false));
        assert!(two.set_active(false));
        assert_eq!(status(), Status::Away);
        assert!(one.set_active(true));
        assert!(!one.set_active(true));
        drop(one);
        assert_eq!(status(), Status::Away);
        drop(two);
        assert_eq!(status(), Status::Offline);
    }

    #[test]
    fn only_some_of_those_who_have_gone_are_remembered() {
        let roster = Roster::default();
        let _here = roster.enter(login("Ada"));
        for n in 0..=MAX_OFFLINE {
            roster.enter(login(&format!("Guest {n:02}")));
        }
        let members = roster.members(Team::Support);
        assert_eq!(members.people.len(), MAX_OFFLINE + 1);
        assert!(members.people.iter().all(|person| person.name != login("Guest 00").name));
    }
}
