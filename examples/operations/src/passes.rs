//! Passes: with the password one gets the first, with a pass the next.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Pass, Proof, Refusal};

/// Everybody's. It stands for a table of operators.
const PASSWORD: &str = "sesame";

/// After how long the password is asked for again, however often a pass was renewed.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// The passes that are valid.
pub(crate) struct Passes {
    valid_for: Duration,
    given: Mutex<HashMap<String, Given>>,
}

#[derive(Clone, Copy)]
struct Given {
    expires: Instant,
    /// When the password was given.
    logged_in: Instant,
}

/// A pass that has been made, and when it runs out.
pub(crate) struct Grant {
    pub(crate) pass: Pass,
    pub(crate) expires: Instant,
}

impl Passes {
    pub(crate) fn new(valid_for: Duration) -> Self {
        Self { valid_for, given: Mutex::default() }
    }

    /// How long before its end a socket is warned.
    pub(crate) fn warning(&self) -> Duration {
        self.valid_for / 3
    }

    /// Gives a fresh pass for the password, or for a pass that is still valid.
    pub(crate) fn admit(&self, proof: &Proof) -> sio::Result<Grant> {
        let now = Instant::now();
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let pass = format!("{:032x}", u128::from_ne_bytes(bytes));

        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|_, one| one.expires > now);
        let logged_in = match proof {
            Proof::Password(password) if password == PASSWORD => now,
            Proof::Password(_) => return Err(Refusal::WrongPassword.into()),
            Proof::Pass(pass) => given.get(pass).ok_or(Refusal::UnknownPass)?.logged_in,
        };
        let expires = (now + self.valid_for).min(logged_in + LONGEST);
        given.insert(pass.clone(), Given { expires, logged_in });
        let seconds = expires.duration_since(now).as_secs();
        Ok(Grant { pass: Pass { pass, seconds }, expires })
    }
}
