//! socket/decode
