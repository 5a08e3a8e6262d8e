//! Signed tokens: a few words about a user that only this server could have written.
//! Nothing has to be remembered.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::model::{Name, Refusal};

/// How long a login lasts: this long a page gets tokens without asking for the password.
const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// Makes tokens and checks them: the application's state.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    key: Hmac<Sha256>,
    clock: Clock,
    lifetime: Duration,
}

/// The purpose of a token. A session is kept in a cookie that no script can read; with it
/// a page gets access tokens, which sockets are opened with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    Session,
    Access,
}

/// The content of a token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    user: Name,
    purpose: Purpose,
    /// In milliseconds since 1970.
    expires: u64,
}

/// A token that has been checked.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) user: Name,
    pub(crate) expires: Instant,
}

impl Tokens {
    /// Begins with a key of its own, so that all tokens from before a restart are
    /// invalid.
    pub(crate) fn new(lifetime: Duration) -> sio::Result<Self> {
        let mut key = [0; 64]; // as long as a block of SHA-256
        getrandom::fill(&mut key)?;
        Ok(Self { key: Hmac::new(&key.into()), clock: Clock::start(), lifetime })
    }

    // ANCHOR: issue
    pub(crate) fn issue(&self, user: Name, purpose: Purpose) -> sio::Result<String> {
        let lifetime = match purpose {
            Purpose::Session => SESSION,
            Purpose::Access => self.lifetime,
        };
        let expires = u64::try_from((self.clock.now() + lifetime).as_millis())?;
        let claims =
            BASE64.encode(serde_json::to_vec(&Claims { user, purpose, expires })?);
        let signature =
            BASE64.encode(self.key.clone().chain_update(&claims).finalize().into_bytes());
        Ok(format!("{claims}.{signature}"))
    }

    pub(crate) fn check(&self, token: &str, purpose: Purpose) -> Result<Grant, Refusal> {
        let claims = self.read(token).filter(|claims| claims.purpose == purpose);
        let Claims { user, expires, .. } = claims.ok_or(Refusal::InvalidToken)?;
        let expires = Duration::from_millis(expires);
        if expires <= self.clock.now() {
            return Err(Refusal::ExpiredToken);
        }
        Ok(Grant { user, expires: self.clock.instant(expires) })
    }

    /// Returns a token's content, if its signature is right. Signatures are compared in
    /// constant time.
    fn read(&self, token: &str) -> Option<Claims> {
        let (claims, signature) = token.split_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        self.key.clone().chain_update(claims).verify_slice(&signature).ok()?;
        serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
    }
    // ANCHOR_END: issue

    /// How long before a token runs out its client is told.
    pub(crate) fn warning(&self) -> Duration {
        self.lifetime / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn ada() -> Name {
        Name::try_from("Ada".to_owned()).expect("a good name")
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_good_until_it_runs_out() {
        let tokens = Tokens::new(MINUTE).unwrap();
        let token = tokens.issue(ada(), Purpose::Access).unwrap();
        let grant = tokens.check(&token, Purpose::Access).unwrap();
        assert_eq!(grant.user, ada());
        assert_eq!(grant.expires - Instant::now(), MINUTE);
        tokio::time::advance(MINUTE).await;
        assert_eq!(
            tokens.check(&token, Purpose::Access).unwrap_err(),
            Refusal::ExpiredToken
        );
    }

    #[tokio::test]
    async fn nobody_else_can_make_one() {
        let (tokens, others) =
            (Tokens::new(MINUTE).unwrap(), Tokens::new(MINUTE).unwrap());
        let theirs = others.issue(ada(), Purpose::Access).unwrap();
        let session = tokens.issue(ada(), Purpose::Session).unwrap();
        let good = tokens.issue(ada(), Purpose::Access).unwrap();
        let (claims, signature) = good.split_once('.').unwrap();
        let claims = String::from_utf8(BASE64.decode(claims).unwrap())
            .unwrap()
            .replace("Ada", "Bob");
        let forged = format!("{}.{signature}", BASE64.encode(claims));
        for token in [&theirs, &session, &forged, "", ".", "a.b", &good[..good.len() - 2]]
        {
            assert_eq!(
                tokens.check(token, Purpose::Access).unwrap_err(),
                Refusal::InvalidToken,
                "{token}"
            );
        }
    }
}
