//! Marker types that say by which way a type gets in or out of a handler. Never written by hand.

/// It is provided by the server.
#[derive(Debug)]
pub enum Server {}

/// It is sent by the client.
#[derive(Debug)]
pub enum Payload {}

/// It is a value to answer with.
#[derive(Debug)]
pub enum Value {}

/// It is a `Result`.
#[derive(Debug)]
pub enum Outcome {}
