//! [`Logins`]: who has shown the password, and who has tried too often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "cluster")]
use base64::Engine as _;
#[cfg(feature = "cluster")]
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest as _, Sha1};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::options::Account;
use crate::places::network;

/// How long a login lasts.
pub(super) const LASTS: Duration = Duration::from_secs(8 * 60 * 60);

/// How many logins are kept; the oldest makes room for the next.
const MAX_LOGINS: usize = 1_000;

/// How often an address may fail, and in which time.
const MAX_FAILURES: u32 = 5;
const FAILURES_LAST: Duration = Duration::from_secs(60);

/// Of how many addresses failures are counted; all others count as one.
const MAX_ADDRESSES: usize = 10_000;

/// How many passwords are looked at at a time. It takes a processor to look at one.
const AT_A_TIME: usize = 2;

/// How many passwords may wait for that. With the most expensive hash the last one waits some eight seconds.
const MAX_WAITING: usize = 16;

/// A secret that the client keeps, as the server keeps it: a list of these lets nobody in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 20]);

impl Fingerprint {
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha1::digest(secret.as_bytes()).into())
    }

    /// Returns its text, for other nodes.
    #[cfg(feature = "cluster")]
    pub(super) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    #[cfg(feature = "cluster")]
    pub(super) fn from_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }
}

/// Returns whether two texts are the same, in a time that does not say where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other));
    std::hint::black_box(differs) == 0 && one.len() == other.len()
}

#[derive(Default)]
struct Book {
    logins: Vec<(Fingerprint, Instant)>,
    failures: HashMap<Option<IpAddr>, Failures>,
}

struct Failures {
    count: u32,
    since: Instant,
}

/// The logins of a server.
pub(super) struct Logins {
    account: Account,
    book: Mutex<Book>,
    turns: Arc<Semaphore>,
    /// Places for those who have a turn and for those who wait for one.
    places: Semaphore,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The name or the password is wrong, or the address has failed too often.
    Invalid,
    /// Too many wait to have their passwords looked at.
    Busy,
}

impl Logins {
    pub(super) fn new(account: Account) -> Self {
        Self {
            account,
            book: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            places: Semaphore::new(AT_A_TIME + MAX_WAITING),
        }
    }

    /// Returns until when this login lasts, if it does.
    pub(super) fn known(&self, login: Fingerprint) -> Option<Instant> {
        let book = self.book();
        let now = Instant::now();
        // Each is compared, and each to its end.
        book.logins.iter().fold(None, |found, (known, end)| {
            if is_same(&known.0, &login.0) && *end > now { Some(*end) } else { found }
        })
    }

    /// Remembers a login.
    pub(super) fn add(&self, login: Fingerprint, end: Instant) {
        let mut book = self.book();
        let now = Instant::now();
        book.logins.retain(|(known, end)| *end > now && *known != login);
        if book.logins.len() >= MAX_LOGINS {
            book.logins.remove(0);
        }
        book.logins.push((login, end.min(now + LASTS)));
    }

    /// Counts an attempt of an address as failed until it has not. Returns false if it has failed too often.
    pub(super) fn attempt(&self, ip: Option<IpAddr>) -> bool {
        let (mut book, now) = (self.book(), Instant::now());
        let mut address = ip.map(network);
        if book.failures.len() >= MAX_ADDRESSES && !book.failures.contains_key(&address) {
            book.failures.retain(|_, failures| now < failures.since + FAILURES_LAST);
            if book.failures.len() >= MAX_ADDRESSES {
                address = None;
            }
        }
        let failures = book.failures.entry(address).or_insert(Failures { count: 0, since: now });
        if now >= failures.since + FAILURES_LAST {
            *failures = Failures { count: 0, since: now };
        }
        failures.count = failures.count.saturating_add(1);
        failures.count <= MAX_FAILURES
    }

    /// The attempt of an address has not failed.
    pub(super) fn succeeded(&self, ip: Option<IpAddr>) {
        if let Some(failures) = self.book().failures.get_mut(&ip.map(network)) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    /// Checks a name and a password. The password is looked at where it keeps no client waiting.
    pub(super) async fn check(&self, name: &str, password: String) -> Result<(), Refusal> {
        let _place = self.places.try_acquire().map_err(|_| Refusal::Busy)?;
        let is_name = is_same(name.as_bytes(), self.account.name.as_bytes());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Refusal::Busy)?;
        let hash = self.account.hash.clone();
        // Also for a wrong name: the time that it takes says nothing of the name.
        let looked = tokio::task::spawn_blocking(move || {
            let is_password = bcrypt::verify(password, &hash).unwrap_or(false);
            // Not before: one who leaves meanwhile has had a turn all the same.
            drop(turn);
            is_password
        });
        let is_password = looked.await.unwrap_or(false);
        if is_name && is_password { Ok(()) } else { Err(Refusal::Invalid) }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn logins() -> Logins {
        Logins::new(Account { name: "ops".to_owned(), hash: String::new() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_lasts_eight_hours_and_the_oldest_makes_room() {
        let logins = logins();
        let login = |number: usize| Fingerprint::of(&number.to_string());
        logins.add(login(0), Instant::now() + 2 * LASTS);
        tokio::time::advance(LASTS - Duration::from_secs(1)).await;
        assert!(logins.known(login(0)).is_some() && logins.known(login(1)).is_none());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(logins.known(login(0)).is_none());
        for number in 0..=MAX_LOGINS {
            logins.add(login(number), Instant::now() + LASTS);
        }
        assert_eq!(logins.book().logins.len(), MAX_LOGINS);
        assert!(logins.known(login(0)).is_none() && logins.known(login(MAX_LOGINS)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_may_fail_five_times_a_minute_and_addresses_are_bounded() {
        let logins = logins();
        let ip = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
        assert!((0..5).all(|_| logins.attempt(ip(1))));
        assert!(!logins.attempt(ip(1)));
        assert!(logins.attempt(ip(2)), "another address");
        tokio::time::advance(FAILURES_LAST).await;
        assert!((0..20).all(|_| {
            let may = logins.attempt(ip(1));
            logins.succeeded(ip(1));
            may
        }));
        for number in 0..2 * MAX_ADDRESSES as u32 {
            logins.attempt(ip(number));
        }
        assert!(logins.book().failures.len() <= MAX_ADDRESSES + 1);
    }

    #[tokio::test]
    async fn so_many_passwords_wait_and_no_more() {
        let logins = logins();
        let turns = logins.turns.acquire_many(AT_A_TIME as u32).await.unwrap();
        let mut waiting: Vec<_> =
            (0..AT_A_TIME + MAX_WAITING).map(|_| Box::pin(logins.check("ops", String::new()))).collect();
        for one in &mut waiting {
            assert_eq!(one.as_mut().now_or_never(), None);
        }
        assert_eq!(logins.check("ops", String::new()).await, Err(Refusal::Busy));
        // One who does not wait any longer makes room.
        waiting.pop();
        drop(turns);
        waiting.push(Box::pin(logins.check("ops", String::new())));
        for one in waiting {
            assert_eq!(one.await, Err(Refusal::Invalid));
        }
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn a_fingerprint_comes_back_from_its_text() {
        let one = Fingerprint::of("one");
        assert!(Fingerprint::from_text(&one.to_text()) == Some(one));
        for text in ["", "zz", &"ä".repeat(20), &"g".repeat(40)] {
            assert!(Fingerprint::from_text(text).is_none());
        }
    }
}
