//! engine/handshake
