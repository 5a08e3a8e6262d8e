//! socket/encode
