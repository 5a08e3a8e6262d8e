//! socket/reason
