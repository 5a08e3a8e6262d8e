//! socket/client
