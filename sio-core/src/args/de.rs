//! args/de
