use sio::prelude::*;

#[derive(Default)]
struct NoSlash;

#[consumer(namespace = "chat")]
impl NoSlash {}

#[derive(Default)]
struct Comma;

#[consumer(namespace = "/chat,room")]
impl Comma {}

#[derive(Default)]
struct Query;

#[consumer(namespace = "/chat?token=1")]
impl Query {}

#[derive(Default)]
struct Empty;

#[consumer(namespace = "")]
impl Empty {}

fn main() {}
