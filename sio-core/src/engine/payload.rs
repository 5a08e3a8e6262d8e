//! engine/payload
