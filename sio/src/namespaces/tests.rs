//! Dynamic namespaces, with whole clients.

use serde::Deserialize;

use super::registration::{self, Registration};
use super::{Closed, Entrant};
use crate::error::{BuildError, Problem};
use crate::extract::{Params, Path};
use crate::packet_client::PacketClient;
use crate::prelude::*;

#[derive(Default)]
struct Org;

#[derive(Deserialize)]
struct Names {
    org: String,
}

#[consumer(namespace = "/tests/org/{org}")]
impl Org {
    async fn connect(&mut self, socket: &Socket) -> crate::Result {
        socket.join("all").await?;
        Ok(())
    }

    async fn event_who(params: Params, path: Path<u32>, names: Path<Names>) -> (String, u32, String) {
        (params["org"].to_owned(), *path, names.into_inner().org)
    }

    async fn event_shout(socket: &Socket, text: String) -> crate::Result {
        socket.namespace().to("all").emit("shout", &text).await?;
        Ok(())
    }
}

#[derive(Default)]
struct Special;

#[consumer(namespace = "/tests/org/0")]
impl Special {
    async fn event_who(params: Params) -> usize {
        params.len()
    }
}

fn server() -> Server {
    let builder = Server::builder().collect(false).consumer::<Org>().consumer::<Special>();
    builder.max_dynamic_namespaces(2).build().unwrap()
}

fn paths(server: &Server) -> Vec<String> {
    server.namespaces().iter().map(|namespace| namespace.path().to_owned()).collect()
}

#[tokio::test]
async fn every_path_that_matches_is_a_namespace_of_its_own() {
    let server = server();
    let (mut seven, mut eight) = (PacketClient::new(&server), PacketClient::new(&server));
    seven.join("0/tests/org/7,").await;
    eight.join("0/tests/org/8,").await;
    assert_eq!(seven.send(&[r#"2/tests/org/7,1["who"]"#]).await, [r#"3/tests/org/7,1["7",7,"7"]"#]);
    seven.send(&[r#"2/tests/org/7,["shout","hi"]"#]).await;
    eight.settle().await;
    assert_eq!(eight.received(), [""; 0]);
    assert_eq!(eight.send(&[r#"2/tests/org/8,["shout","hi"]"#]).await, [r#"2/tests/org/8,["shout","hi"]"#]);
    assert_eq!(server.get("/tests/org/7").unwrap().rooms(), ["all"]);
    assert_eq!(server.get("/tests/org/8").unwrap().params().get("org"), Some("8"));
}

#[tokio::test]
async fn a_dynamic_namespace_ends_with_its_last_socket() {
    let server = server();
    assert!(server.get("/tests/org/7").is_none());
    let (mut one, mut two) = (PacketClient::new(&server), PacketClient::new(&server));
    one.join("0/tests/org/7,").await;
    two.join("0/tests/org/7,").await;
    assert_eq!(paths(&server), ["/", "/tests/org/0", "/tests/org/7"]);
    one.send(&["1/tests/org/7,"]).await;
    assert_eq!(server.get("/tests/org/7").unwrap().sockets().len(), 1);
    two.leave().await;
    assert!(server.get("/tests/org/7").is_none());
    one.join("0/tests/org/7,").await;
    assert!(server.get("/tests/org/7").is_some());
    drop(one);
    assert_eq!(paths(&server), ["/", "/tests/org/0"]);
}

#[tokio::test]
async fn a_path_with_a_consumer_of_its_own_wins() {
    let mut client = PacketClient::new(&server());
    client.join("0/tests/org/0,").await;
    assert_eq!(client.send(&[r#"2/tests/org/0,1["who"]"#]).await, ["3/tests/org/0,1[0]"]);
}

#[tokio::test]
async fn a_parameter_that_does_not_parse_is_no_namespace() {
    let server = server();
    let mut client = PacketClient::new(&server);
    for path in ["/tests/org/x", "/tests/org/-1", "/tests/org/", "/tests/org/7/8", "/tests/org"] {
        let refused = format!(r#"4{path},{{"message":"Invalid namespace"}}"#);
        assert_eq!(client.send(&[&format!("0{path},")]).await, [refused]);
        assert!(server.get(path).is_none());
    }
    let long = format!("/tests/org/{}7", "0".repeat(1024));
    assert!(client.send(&[&format!("0{long},")]).await[0].contains("Invalid namespace"));
}

#[tokio::test]
async fn there_are_only_so_many_at_a_time() {
    let server = server();
    let (mut client, mut other) = (PacketClient::new(&server), PacketClient::new(&server));
    client.join("0/tests/org/1,").await;
    other.join("0/tests/org/2,").await;
    let refused = [r#"4/tests/org/3,{"message":"Too many namespaces"}"#];
    for client in [&mut client, &mut other, &mut PacketClient::new(&server)] {
        assert_eq!(client.send(&["0/tests/org/3,"]).await, refused);
    }
    client.join("0/tests/org/2,").await;
    client.send(&["1/tests/org/1,", "1/tests/org/2,"]).await;
    client.join("0/tests/org/3,").await;
}

#[tokio::test]
async fn greedy_clients_leave_a_place_for_those_who_have_none() {
    let builder = Server::builder().collect(false).consumer::<Org>().max_dynamic_namespaces(200);
    let server = builder.build().unwrap();
    let mut greedy: Vec<_> = (0..20).map(|_| PacketClient::new(&server)).collect();
    // Twice, since places that others have left could be taken later.
    for round in 0..2 {
        for (number, client) in greedy.iter_mut().enumerate() {
            for org in 0..32 {
                client.send(&[&format!("0/tests/org/{round}{number:02}{org:02},")]).await;
            }
        }
    }
    let there_are = paths(&server).len() - 1;
    assert!((100..190).contains(&there_are), "{there_are}");
    let mut newcomer = PacketClient::new(&server);
    newcomer.join("0/tests/org/99999,").await;
    // A client may join a namespace that others are in, however many it has joined.
    greedy[5].join("0/tests/org/99999,").await;
}

#[tokio::test]
async fn an_address_has_only_so_many() {
    let builder = Server::builder().collect(false).consumer::<Org>();
    let server = builder.max_dynamic_namespaces_per_address(2).build().unwrap();
    // Addresses that are not known count together.
    let (mut one, mut two) = (PacketClient::new(&server), PacketClient::new(&server));
    one.join("0/tests/org/1,").await;
    two.join("0/tests/org/2,").await;
    assert!(two.send(&["0/tests/org/3,"]).await[0].contains("Too many namespaces"));
    two.join("0/tests/org/1,").await;
    one.leave().await;
    assert!(two.send(&["0/tests/org/3,"]).await[0].contains("Too many namespaces"));
    two.send(&["1/tests/org/1,"]).await;
    two.join("0/tests/org/3,").await;
}

#[tokio::test]
async fn what_its_founder_has_left_counts_for_somebody_who_is_in_it() {
    let builder = Server::builder().collect(false).consumer::<Org>();
    let server = builder.max_dynamic_namespaces_per_address(2).build().unwrap();
    let enter = |last: u8, org: u32| {
        let who = Entrant { ip: Some([10, 0, 0, last].into()), dynamic: 0 };
        server.inner.reception.namespaces.enter(&format!("/tests/org/{org}"), &who).map(|(_, pass)| pass)
    };
    let (ada, eve) = (1, 2);
    let founded = [enter(ada, 1), enter(ada, 2)];
    let joined = [enter(eve, 1), enter(eve, 2)];
    assert_eq!(enter(ada, 3).err(), Some(Closed::Full));
    assert!(enter(eve, 3).is_ok(), "who has joined has founded nothing");
    drop(founded);
    assert_eq!(enter(eve, 3).err(), Some(Closed::Full));
    let (first, second) = (enter(ada, 3), enter(ada, 3));
    drop(first);
    // As long as one of an address is there, what it has founded is its own.
    let other = enter(ada, 4);
    assert_eq!(enter(ada, 5).err(), Some(Closed::Full));
    drop((second, joined));
    assert!(enter(ada, 5).is_ok() && enter(eve, 5).is_ok());
    drop(other);
}

#[tokio::test]
async fn an_empty_namespace_can_be_addressed() {
    let server = server();
    server.of("/tests/org/5").to("all").emit("nobody", &1).await.unwrap();
    assert_eq!(server.of("/tests/org/5").params().get("org"), Some("5"));
    assert!(server.get("/tests/org/5").is_none());
}

struct Overlapping;
struct Unfit;

#[consumer(namespace = "/tests/overlap/{a}")]
impl Overlapping {
    async fn connect() -> Self {
        Self
    }
}

macro_rules! described {
    ($name:ident, $namespace:literal, $($ty:ty),*) => {
        impl crate::consumer::Consumer for $name {
            const NAMESPACE: &'static str = $namespace;

            fn describe(description: &mut crate::extract::Description<'_>) {
                $(<$ty as crate::extract::FromEvent<'_>>::describe(description);)*
            }

            async fn on_connect(_: &mut crate::extract::Event<'_>) -> Result<Self, ConnectError> {
                Ok(Self)
            }
        }
    };
}

described!(Unfit, "/tests/{b}/x", Path<(u8, u8)>, Path<u8>);

struct Braces;
described!(Braces, "/tests/a{b}", Params);

struct Fixed;
described!(Fixed, "/tests/fixed", Params, Path<u8>);

fn problems(consumers: &[Registration]) -> Vec<Problem> {
    let (all, mut problems) = registration::collect(consumers, false);
    problems.extend(registration::missing(&all, &crate::state_map::StateMap::default()));
    problems
}

#[test]
fn patterns_that_overlap_are_named_with_their_places() {
    let problems = problems(&[Registration::of::<Overlapping>(), Registration::of::<Unfit>()]);
    let text = BuildError::new(problems[..1].to_vec()).to_string();
    let begin = "the namespaces `/tests/overlap/{a}` of sio::namespaces::tests::Overlapping (";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains("` of sio::namespaces::tests::Unfit ("), "{text}");
    assert_eq!(text.matches("tests.rs:").count(), 2, "{text}");
}

#[test]
fn a_path_that_cannot_fit_is_found_at_the_start() {
    let unfit = problems(&[Registration::of::<Unfit>()]);
    assert_eq!(unfit.len(), 1, "{unfit:?}");
    let text = unfit[0].to_string();
    assert!(text.contains("Path<(u8, u8)> does not fit \"/tests/{b}/x\": 2 values are asked for"), "{text}");
    assert_eq!(problems(&[Registration::of::<Braces>()]).len(), 1);
    let fixed = problems(&[Registration::of::<Fixed>()]);
    assert_eq!(fixed.len(), 1, "{fixed:?}");
    assert!(fixed[0].to_string().contains("Path<u8> does not fit"));
}

#[tokio::test]
async fn the_server_finds_sockets_and_reaches_everybody() {
    let server = server();
    let mut client = PacketClient::new(&server);
    client.join("0").await;
    let id = client.join("0/tests/org/7,").await.parse().unwrap();
    let socket = server.socket(&id).unwrap();
    assert_eq!(socket.namespace().path(), "/tests/org/7");
    server.emit("hi", &1).await.unwrap();
    server.of("/tests/org/7").send("text").await.unwrap();
    assert_eq!(client.received(), [r#"2["hi",1]"#, r#"2/tests/org/7,["message","text"]"#]);
    server.of("/tests/org/7").close_room(["all", "none"]).await.unwrap();
    assert_eq!(socket.rooms(), [id.to_string()]);
    assert!(socket.is_connected());
    client.leave().await;
    assert!(server.socket(&id).is_none());
}

#[test]
fn the_router_takes_all_patterns_that_do_not_overlap() {
    for (one, other) in [
        ("/org/{id}", "/team/{id}"),
        ("/org/{id}", "/org/{id}/{room}"),
        ("/{a}/x", "/{a}/y"),
        ("/files/{*path}", "/{a}"),
    ] {
        assert!(!sio_grammar::pattern::overlap(one, other), "{one} {other}");
        let mut router = matchit::Router::new();
        router.insert(one, ()).unwrap();
        router.insert(other, ()).unwrap();
    }
}
