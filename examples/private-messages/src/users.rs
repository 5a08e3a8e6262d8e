//! The users. A name belongs to whoever took it first, also while all of the user's tabs are closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Login, Name, People, Refusal, Session, User, UserId};

/// More users than these are not remembered.
const MAX_USERS: usize = 1000;

/// The application's state, shared by all consumers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users(Arc<Mutex<Register>>);

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
    tabs: usize,
    /// The version of the last change of `tabs`: the lowest of all has been away longest.
    changed: u64,
}

/// One of the tabs in which a user is here. Dropping it closes it, however the client came to leave.
#[derive(Debug)]
pub(crate) struct Tab {
    users: Users,
    pub(crate) user: UserId,
    pub(crate) session: Session,
}

impl Users {
    /// Lets a user in, in one more tab.
    pub(crate) fn log_in(&self, login: Login) -> sio::Result<Tab> {
        let mut register = self.lock();
        let user = match login {
            Login::Name(name) => register.add(name)?,
            Login::Session(session) => {
                register.sessions.get(&session).cloned().ok_or(Refusal::UnknownSession)?
            }
        };
        let account = register.change_tabs(&user, |tabs| tabs + 1).ok_or(Refusal::UnknownSession)?;
        Ok(Tab { users: self.clone(), session: account.session.clone(), user })
    }

    /// Forgets a user, whose name is free then.
    pub(crate) fn remove(&self, user: &UserId) {
        self.lock().remove(user);
    }

    /// Checks that a user can be written to.
    pub(crate) fn check_online(&self, user: &UserId) -> Result<(), Refusal> {
        match self.lock().accounts.get(user) {
            None => Err(Refusal::UnknownUser(user.clone())),
            Some(Account { tabs: 0, .. }) => Err(Refusal::Offline(user.clone())),
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn people(&self) -> People {
        let register = self.lock();
        let user = |(id, account): (&UserId, &Account)| User {
            id: id.clone(),
            name: account.name.clone(),
            online: account.tabs > 0,
        };
        People { version: register.version, people: register.accounts.iter().map(user).collect() }
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.accounts.insert(user.clone(), Account { name, session, tabs: 0, changed: 0 });
        Ok(user)
    }

    /// Makes room: whoever has been away longest has to log in again.
    fn forget_somebody(&mut self) -> Result<(), Refusal> {
        let away = self.accounts.iter().filter(|(_, account)| account.tabs == 0);
        let longest = away.min_by_key(|(_, account)| account.changed).map(|(user, _)| user.clone());
        self.remove(&longest.ok_or(Refusal::Full)?);
        Ok(())
    }

    fn remove(&mut self, user: &UserId) {
        if let Some(account) = self.accounts.remove(user) {
            self.sessions.remove(&account.session);
            self.version += 1;
        }
    }

    fn change_tabs(&mut self, user: &UserId, change: impl FnOnce(usize) -> usize) -> Option<&Account> {
        let account = self.accounts.get_mut(user)?;
        self.version += 1;
        account.tabs = change(account.tabs);
        account.changed = self.version;
        Some(account)
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        // Nothing is left to change when the user has logged out.
        self.users.lock().change_tabs(&self.user, |tabs| tabs - 1);
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
        let tab = users.log_in(name("Ada")).unwrap();
        assert_eq!(users.log_in(name("ada")).unwrap_err().code(), "name_taken");
        users.remove(&tab.user);
        users.log_in(name("ada")).unwrap();
        drop(tab);
        assert_eq!(users.people().people.len(), 1);
    }

    #[test]
    fn when_it_is_full_whoever_has_been_away_longest_makes_room() {
        let users = Users::default();
        let mut tabs: Vec<_> =
            (0..MAX_USERS).map(|n| users.log_in(name(&format!("user {n}"))).unwrap()).collect();
        assert_eq!(users.log_in(name("Ada")).unwrap_err().code(), "full");

        let (first, second) = (tabs.remove(7), tabs.remove(3));
        let [session_of_first, session_of_second] = [&first, &second].map(|tab| tab.session.clone());
        drop(first);
        drop(second);
        let _ada = users.log_in(name("Ada")).unwrap();
        assert_eq!(users.log_in(Login::Session(session_of_first)).unwrap_err().code(), "unknown_session");
        users.log_in(Login::Session(session_of_second)).unwrap();
    }
}
