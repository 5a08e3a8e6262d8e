//! engine/packet
