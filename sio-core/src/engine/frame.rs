//! engine/frame
