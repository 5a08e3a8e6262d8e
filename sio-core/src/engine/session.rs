//! engine/session
