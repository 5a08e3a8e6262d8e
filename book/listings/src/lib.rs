//! The listings of the guides.
