//! Messages between nodes: frames that later versions have to read, and properties under faults.

mod bundles;
mod frames;
mod lanes;
mod members;
