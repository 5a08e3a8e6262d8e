use std::collections::BTreeSet;

use super::*;
use crate::Builder;
use crate::packet_client::PacketClient;
use crate::prelude::*;

const GRACE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Room;

#[consumer(namespace = "/tests/online")]
impl Room {
    async fn connect(&mut self, socket: &Socket, user: String) -> crate::Result {
        socket.identify(user)?;
        Ok(())
    }
}

#[derive(Default)]
struct Aside;

#[consumer(namespace = "/tests/online/aside")]
impl Aside {
    async fn connect(&mut self, socket: &Socket, user: String) -> crate::Result {
        socket.identify(user)?;
        Ok(())
    }
}

struct Observed {
    server: Server,
    told: Arc<Mutex<Vec<String>>>,
}

impl Observed {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let listener = {
            let told = Arc::clone(&told);
            move |namespace: &str, user: &str, change: PresenceChange| {
                let change = if change == PresenceChange::Online { "online" } else { "offline" };
                let namespace = namespace.trim_start_matches("/tests/online");
                told.lock().unwrap().push(format!("{user}{namespace} {change}"));
            }
        };
        let builder = Server::builder().collect(false).consumer::<Room>().consumer::<Aside>();
        let server = configure(builder.presence(GRACE).on_presence(listener)).build().unwrap();
        Self { server, told }
    }

    async fn client(&self, user: &str) -> PacketClient {
        let mut client = PacketClient::new(&self.server);
        client.join(&format!("0/tests/online,\"{user}\"")).await;
        client
    }

    /// Returns the changes that were told since the last call, once a time has passed.
    async fn after(&self, time: Duration) -> Vec<String> {
        tokio::time::sleep(time).await;
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    fn users(&self) -> usize {
        let hub = self.server.of("/tests/online").hub;
        hub.common.presence.as_ref().unwrap().lock().users.len()
    }
}

const MOMENT: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_user_is_online_with_the_first_socket_and_offline_a_while_after_the_last() {
    let observed = Observed::new();
    let one = observed.client("ada").await;
    assert_eq!(observed.after(MOMENT).await, ["ada online"]);
    let two = observed.client("ada").await;
    let mut aside = PacketClient::new(&observed.server);
    aside.join("0/tests/online/aside,\"ada\"").await;
    assert_eq!(observed.after(MOMENT).await, ["ada/aside online"]);
    two.leave().await;
    assert_eq!(observed.after(GRACE * 2).await, [""; 0]);
    one.leave().await;
    assert_eq!(observed.after(GRACE - MOMENT).await, [""; 0]);
    assert_eq!(observed.after(MOMENT * 2).await, ["ada offline"]);
    assert_eq!(observed.users(), 1, "the one aside");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_within_the_grace_time_was_never_away() {
    let observed = Observed::new();
    let mut client = observed.client("ada").await;
    assert_eq!(observed.after(MOMENT).await, ["ada online"]);
    for _ in 0..3 {
        client.leave().await;
        assert_eq!(observed.after(GRACE - MOMENT * 2).await, [""; 0]);
        client = observed.client("ada").await;
    }
    assert_eq!(observed.after(GRACE * 3).await, [""; 0]);
    client.leave().await;
    assert_eq!(observed.after(GRACE + MOMENT).await, ["ada offline"]);
    let _client = observed.client("ada").await;
    assert_eq!(observed.after(MOMENT).await, ["ada online"]);
}

/// Sockets of four users come and go at random, some faster than the grace time. Printed with a failure, the seed
/// repeats it.
#[tokio::test(start_paused = true)]
async fn at_rest_those_are_online_who_have_a_socket() {
    for seed in 1..=100 {
        random_life(seed).await;
    }
}

async fn random_life(seed: u64) {
    let observed = Observed::new();
    let mut state = seed;
    // xorshift64
    let mut random = |below: u64| {
        for (left, shift) in [(true, 13), (false, 7), (true, 17)] {
            state ^= if left { state << shift } else { state >> shift };
        }
        state % below
    };
    let (mut clients, mut online) = (Vec::new(), BTreeSet::new());
    for _ in 0..60 {
        let mut pause = MOMENT;
        match random(4) {
            0 => {
                let user = random(4).to_string();
                clients.push((user.clone(), observed.client(&user).await));
            }
            1 | 2 if !clients.is_empty() => {
                let (_, client) = clients.swap_remove(random(clients.len() as u64) as usize);
                client.leave().await;
            }
            _ => pause = Duration::from_millis(random(8000)),
        }
        follow(&mut online, observed.after(pause).await, seed);
    }
    follow(&mut online, observed.after(GRACE + MOMENT).await, seed);
    let users: BTreeSet<_> = clients.iter().map(|(user, _)| user.clone()).collect();
    assert_eq!(online, users, "seed {seed}");
    let fetched = observed.server.of("/tests/online").fetch_users().await.items;
    assert_eq!(fetched.values().sum::<usize>(), clients.len(), "seed {seed}");
    assert!(fetched.into_keys().eq(users), "seed {seed}");
}

/// Makes the changes that were told, each of which has to be one.
fn follow(online: &mut BTreeSet<String>, told: Vec<String>, seed: u64) {
    for line in told {
        let (user, change) = line.split_once(' ').unwrap();
        let is_change = if change == "online" { online.insert(user.to_owned()) } else { online.remove(user) };
        assert!(is_change, "{line} is no change: seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_came_and_went_before_anybody_was_told_was_not_there() {
    let presence = Presence::new(GRACE, 10, Listeners::default(), None);
    let mut inner = Inner::default();
    let key: Key = ("/".into(), "ada".into());
    inner.change(&key, GRACE, |user| user.is_here = true);
    inner.change(&key, GRACE, |user| user.is_here = false);
    assert_eq!(inner.take(Instant::now(), GRACE), (vec![], None));
    assert!(inner.users.is_empty() && inner.gone.is_empty());
    drop(presence);
}

#[tokio::test(start_paused = true)]
async fn all_users_that_have_gone_are_forgotten() {
    let observed = Observed::new();
    let mut clients = Vec::new();
    for number in 0..1000 {
        clients.push(observed.client(&number.to_string()).await);
    }
    assert_eq!(observed.after(MOMENT).await.len(), 1000);
    for client in clients {
        client.leave().await;
    }
    assert_eq!(observed.after(GRACE + MOMENT).await.len(), 1000);
    assert_eq!(observed.users(), 0);
}

#[test]
fn a_hundred_thousand_users_who_come_and_go_at_once_leave_nothing_behind() {
    let mut inner = Inner::default();
    let keys: Vec<Key> = (0..100_000).map(|number| ("/".into(), number.to_string().into())).collect();
    for is_here in [true, false] {
        keys.iter().for_each(|key| inner.change(key, GRACE, |user| user.is_here = is_here));
        let (told, next) = inner.take(Instant::now() + GRACE, GRACE);
        assert_eq!((told.len(), next), (keys.len(), None));
    }
    assert!(inner.users.is_empty() && inner.come.is_empty() && inner.gone.is_empty());
}

#[tokio::test(start_paused = true)]
async fn coming_and_going_within_the_grace_time_leaves_one_entry() {
    let observed = Observed::new();
    let mut client = observed.client("ada").await;
    assert_eq!(observed.after(MOMENT).await, ["ada online"]);
    for _ in 0..1000 {
        client.leave().await;
        client = observed.client("ada").await;
    }
    client.leave().await;
    let entries = || {
        let hub = observed.server.of("/tests/online").hub;
        let inner = hub.common.presence.as_ref().unwrap().lock();
        (inner.gone.len(), inner.come.len())
    };
    assert_eq!(entries(), (1, 0));
    assert_eq!(observed.after(GRACE + MOMENT).await, ["ada offline"]);
    assert_eq!(entries(), (0, 0));
}

#[test]
fn coming_and_going_while_nobody_is_told_leaves_one_entry() {
    let mut inner = Inner::default();
    let key: Key = ("/".into(), "ada".into());
    for _ in 0..1000 {
        inner.change(&key, GRACE, |user| user.is_here = true);
        inner.change(&key, GRACE, |user| user.is_here = false);
    }
    inner.change(&key, GRACE, |user| user.is_here = true);
    assert_eq!((inner.come.len(), inner.gone.len(), inner.users.len()), (1, 0, 1));
    assert_eq!(inner.take(Instant::now(), GRACE).0, [(key, PresenceChange::Online)]);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_users_are_reached_and_nobody_is_told_of_them() {
    let observed = Observed::with(|builder| builder.max_users(2));
    let [ada, _bob, eve] =
        [observed.client("ada").await, observed.client("bob").await, observed.client("eve").await];
    assert_eq!(observed.after(MOMENT).await, ["ada online", "bob online"]);
    let shop = observed.server.of("/tests/online");
    assert_eq!(shop.user("eve").is_online().await, Ok(true));
    // A user who is online stays so with another tab, and one who was not cannot go.
    let _tab = observed.client("bob").await;
    eve.leave().await;
    assert_eq!(observed.after(GRACE + MOMENT).await, [""; 0]);
    ada.leave().await;
    assert_eq!(observed.after(GRACE + MOMENT).await, ["ada offline"]);
    let _eve = observed.client("eve").await;
    assert_eq!(observed.after(MOMENT).await, ["eve online"]);
    assert_eq!(observed.users(), 2);
}

#[test]
fn a_limit_of_no_users_is_refused() {
    let error = Server::builder().collect(false).max_users(0).build().unwrap_err();
    assert!(error.to_string().contains("max_users"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_changes_its_user_takes_the_one_offline_and_the_other_online() {
    let observed = Observed::new();
    let mut client = PacketClient::new(&observed.server);
    let sid = client.join("0/tests/online,\"ada\"").await;
    assert_eq!(observed.after(MOMENT).await, ["ada online"]);
    let socket = observed.server.of("/tests/online").socket(&sid.parse().unwrap()).unwrap();
    socket.change_user("bob").unwrap();
    assert_eq!(observed.after(MOMENT).await, ["bob online"]);
    assert_eq!(observed.after(GRACE).await, ["ada offline"]);
}
