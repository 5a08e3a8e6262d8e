//! socket/packet
