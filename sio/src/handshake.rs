//! The request with which a client came.

/// The request with which a client came.
#[derive(Debug, Default)]
pub struct Handshake(());
