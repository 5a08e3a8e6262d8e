//! args/ser
