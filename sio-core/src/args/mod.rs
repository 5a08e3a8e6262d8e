//! args/mod
