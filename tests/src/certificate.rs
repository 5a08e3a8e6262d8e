//! A certificate that nobody has signed but itself, as browsers accept it when they are told its hash.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use sha2::{Digest, Sha256};
use sio::http::rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long it may be valid at the most (W3C WebTransport, "custom certificate requirements").
const VALIDITY: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A certificate for `localhost` and `127.0.0.1`, with a key of ECDSA.
#[derive(Debug)]
pub struct Certificate {
    /// For servers that use it.
    pub config: Arc<ServerConfig>,
    /// Its bytes.
    pub der: Vec<u8>,
}

impl Certificate {
    /// Makes one that is valid now.
    ///
    /// # Panics
    ///
    /// When that cannot be done.
    #[must_use]
    pub fn new() -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("the names are valid");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is later than 1970");
        params.not_before = date_time_ymd(1970, 1, 1) + now - DAY;
        params.not_after = params.not_before + VALIDITY;
        let key = KeyPair::generate().expect("a key of ECDSA");
        let der = params.self_signed(&key).expect("a certificate").der().clone();
        let chain = vec![der.clone()];
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private.into());
        Self { config: Arc::new(config.expect("the key is that of the certificate")), der: der.to_vec() }
    }

    /// Returns the SHA-256 hash, as hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        Sha256::digest(&self.der).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}
