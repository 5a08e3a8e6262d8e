//! socket/acks
