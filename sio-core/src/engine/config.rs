//! engine/config
