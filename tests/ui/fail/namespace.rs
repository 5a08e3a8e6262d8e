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

#[derive(Default)]
struct PartOfASegment;

#[consumer(namespace = "/org/org-{id}")]
impl PartOfASegment {}

#[derive(Default)]
struct Unclosed;

#[consumer(namespace = "/org/{id")]
impl Unclosed {}

#[derive(Default)]
struct NoName;

#[consumer(namespace = "/org/{}")]
impl NoName {}

#[derive(Default)]
struct Twice;

#[consumer(namespace = "/org/{id}/{id}")]
impl Twice {}

#[derive(Default)]
struct RestNotLast;

#[consumer(namespace = "/org/{*rest}/room")]
impl RestNotLast {}

fn main() {}
