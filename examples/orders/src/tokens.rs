//! JSON Web Tokens: who somebody is and in which role, signed by this server.

use std::time::{Duration, Instant};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode,
    get_current_timestamp,
};
use serde::{Deserialize, Serialize};

use crate::hs256;
use crate::model::{Failure, Role};

/// Makes tokens and checks them.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    lifetime: Duration,
}

/// The content of a token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    role: Role,
    exp: u64,
}

/// Somebody whose token was valid.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// When the token ends, and the socket with it.
    pub(crate) expires: Instant,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], lifetime: Duration) -> sio::Result<Self> {
        hs256::install();
        let (signing, checking) =
            (EncodingKey::from_secret(secret)?, DecodingKey::from_secret(secret)?);
        Ok(Self { signing, checking, lifetime })
    }

    pub(crate) fn issue(&self, name: &str, role: Role) -> sio::Result<String> {
        let exp = get_current_timestamp() + self.lifetime.as_secs();
        let claims = Claims { sub: name.to_owned(), role, exp };
        Ok(encode(&Header::new(Algorithm::HS256), &claims, &self.signing)?)
    }

    pub(crate) fn check(&self, token: &str) -> Result<User, Failure> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        let token = decode::<Claims>(token, &self.checking, &validation)
            .map_err(|_| Failure::InvalidToken)?;
        let Claims { sub: name, role, exp } = token.claims;
        let left = Duration::from_secs(exp.saturating_sub(get_current_timestamp()));
        Ok(User { name, role, expires: Instant::now() + left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn nobody_else_can_make_a_token() {
        let ours = Tokens::new(b"ours", HOUR).unwrap();
        let good = ours.issue("Ada", Role::Guest).unwrap();
        assert_eq!(ours.check(&good).unwrap().name, "Ada");

        let theirs =
            Tokens::new(b"theirs", HOUR).unwrap().issue("Ada", Role::Manager).unwrap();
        let [header, claims, signature]: [&str; 3] =
            good.split('.').collect::<Vec<_>>().try_into().unwrap();
        let (_, other_claims) = theirs.split_once('.').unwrap();
        let (other_claims, _) = other_claims.split_once('.').unwrap();
        // `{"alg":"none"}`
        let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
        let swapped = format!("{header}.{other_claims}.{signature}");
        for token in [&theirs, &unsigned, &swapped, "", "..", &good[..good.len() - 2]] {
            assert!(matches!(ours.check(token), Err(Failure::InvalidToken)), "{token}");
        }
    }

    #[test]
    fn a_token_that_has_expired_is_not_valid() {
        let tokens = Tokens::new(b"ours", Duration::ZERO).unwrap();
        let token = tokens.issue("Ada", Role::Guest).unwrap();
        let expired = tokens.check(&token).map(|user| user.expires <= Instant::now());
        assert!(matches!(expired, Ok(true) | Err(Failure::InvalidToken)));
    }
}
