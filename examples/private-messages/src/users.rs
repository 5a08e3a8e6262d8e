//! The users. A name belongs to the user who took it first, also while all of the user's tabs are closed. The server,
//! which knows the sockets, tells which users are online.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio::observe::PresenceChange;
use tokio::sync::Notify;

use crate::model::{Login, Name, People, Refusal, Session, User, UserId};

/// More users than these are not remembered.
const MAX_USERS: usize = 1000;

/// The application's state, shared by all consumers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    register: Mutex<Register>,
    has_changed: Notify,
}

#[derive(Debug, Default)]
struct Register {
    /// Counts the changes, so that a client can tell an old list from a new one.
    version: u64,
    accounts: HashMap<UserId, Account>,
    sessions: HashMap<Session, UserId>,
}

#[derive(Debug)]
struct Account {
    name: Name,
    session: Session,
    is_online: bool,
    /// The version of the last change of `is_online`: the lowest of all has been away longest.
    changed: u64,
}

impl Users {
    /// Returns who it is, and the session for the next time.
    pub(crate) fn log_in(&self, login: Login) -> sio::Result<(UserId, Session)> {
        let mut register = self.lock();
        let user = match login {
            Login::Name(name) => register.add(name)?,
            Login::Session(session) => {
                register.sessions.get(&session).cloned().ok_or(Refusal::UnknownSession)?
            }
        };
        let account = register.accounts.get(&user).ok_or(Refusal::UnknownSession)?;
        Ok((user, account.session.clone()))
    }

    // ANCHOR: presence
    /// A user has come or gone, with the first tab or the last.
    pub(crate) fn hear(&self, user: &str, change: PresenceChange) {
        let is_online = matches!(change, PresenceChange::Online);
        // One who has logged out is no user any more.
        if self.lock().set_online(&UserId(user.to_owned()), is_online) {
            self.0.has_changed.notify_one();
        }
    }
    // ANCHOR_END: presence

    /// Waits until the list of people is another.
    pub(crate) async fn changed(&self) {
        self.0.has_changed.notified().await;
    }

    /// Forgets a user, whose name is free then.
    pub(crate) fn remove(&self, user: &UserId) {
        self.lock().remove(user);
        self.0.has_changed.notify_one();
    }

    /// Checks that there is such a user, who may be offline.
    pub(crate) fn check(&self, user: &UserId) -> Result<(), Refusal> {
        let is_known = self.lock().accounts.contains_key(user);
        is_known.then_some(()).ok_or_else(|| Refusal::UnknownUser(user.clone()))
    }

    pub(crate) fn people(&self) -> People {
        let register = self.lock();
        let user = |(id, account): (&UserId, &Account)| User {
            id: id.clone(),
            name: account.name.clone(),
            online: account.is_online,
        };
        People {
            version: register.version,
            people: register.accounts.iter().map(user).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        self.0.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Register {
    fn add(&mut self, name: Name) -> sio::Result<UserId> {
        if self.accounts.values().any(|account| account.name.looks_like(&name)) {
            return Err(Refusal::NameTaken(name).into());
        }
        if self.accounts.len() >= MAX_USERS {
            self.forget_somebody()?;
        }
        let (user, session) = (UserId(random()?), Session(random()?));
        self.sessions.insert(session.clone(), user.clone());
        self.accounts.insert(
            user.clone(),
            Account { name, session, is_online: false, changed: 0 },
        );
        Ok(user)
    }

    /// Makes room: whoever has been away longest has to log in again.
    fn forget_somebody(&mut self) -> Result<(), Refusal> {
        let away = self.accounts.iter().filter(|(_, account)| !account.is_online);
        let longest =
            away.min_by_key(|(_, account)| account.changed).map(|(user, _)| user.clone());
        self.remove(&longest.ok_or(Refusal::Full)?);
        Ok(())
    }

    fn remove(&mut self, user: &UserId) {
        if let Some(account) = self.accounts.remove(user) {
            self.sessions.remove(&account.session);
            self.version += 1;
        }
    }

    /// True if that is a change.
    fn set_online(&mut self, user: &UserId, is_online: bool) -> bool {
        let Some(account) =
            self.accounts.get_mut(user).filter(|one| one.is_online != is_online)
        else {
            return false;
        };
        self.version += 1;
        (account.is_online, account.changed) = (is_online, self.version);
        true
    }
}

/// 128 random bits, which nobody guesses.
fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Login {
        Login::Name(Name::try_from(name.to_owned()).expect("a good name"))
    }

    #[test]
    fn a_name_is_taken_until_its_owner_logs_out() {
        let users = Users::default();
        let (user, _) = users.log_in(name("Ada")).unwrap();
        assert_eq!(users.log_in(name("ada")).unwrap_err().code(), "name_taken");
        users.remove(&user);
        users.log_in(name("ada")).unwrap();
        users.hear(&user.0, PresenceChange::Online);
        assert_eq!(users.people().people.len(), 1);
    }

    #[test]
    fn when_it_is_full_whoever_has_been_away_longest_makes_room() {
        let users = Users::default();
        let come = |n| {
            let (user, session) = users.log_in(name(&format!("user {n}"))).unwrap();
            users.hear(&user.0, PresenceChange::Online);
            (user, session)
        };
        let all: Vec<_> = (0..MAX_USERS).map(come).collect();
        assert_eq!(users.log_in(name("Ada")).unwrap_err().code(), "full");

        let [first, second] = [7, 3].map(|at: usize| {
            let (user, session) = all[at].clone();
            users.hear(
                &user.0,
                PresenceChange::Offline { since: std::time::SystemTime::now() },
            );
            session
        });
        users.log_in(name("Ada")).unwrap();
        assert_eq!(
            users.log_in(Login::Session(first)).unwrap_err().code(),
            "unknown_session"
        );
        users.log_in(Login::Session(second)).unwrap();
    }
}
