//! Runs the programs that suites and real clients are run against.
//!
//! ```text
//! acceptance [PROFILE…]     all profiles when none is named, `cluster` if CLUSTER is set
//!
//! PORT          base port, 3000 when unset; 0 takes any free ones
//! HOST          address, 127.0.0.1 when unset
//! CORS_ORIGINS  allowed origins, separated by commas
//! HEARTBEAT     the interval of pings and how long an answer may take, in seconds, `2 3` when unset
//! ADMIN         `development` or `production`: the Admin UI, for `ops` with the password `secret`; `read-only` after
//!               a comma
//! ADMIN_UI      the folder of its page, which is served at `/ui/`
//! DELAY         seconds from SIGTERM until the first client is disconnected, none when unset
//! SPREAD        seconds over which clients are disconnected, none when unset
//!
//! CLUSTER       URL of the broker at which the nodes of the profile `cluster` meet
//! CLUSTER_NAME  prefix of everything there, `accept` when unset
//! NODE          this node's name, the process id when unset
//! FORWARD       0: requests for sessions of other nodes are not passed on
//! ROOM_TOPICS   the number of topics among which rooms are divided, none when unset
//! RECOVERY      seconds for which a client may come back, none when unset
//! EIO3          set: the profile `cluster` lets clients of Engine.IO 3 in as well
//! METRICS       the path of the metrics of a node, which are served nowhere when unset
//! DEFLATE_FROM  from how many bytes on WebSocket messages are compressed, 1,024 when unset
//! WEBTRANSPORT  set: the profiles `main` and `recovery` are served by WebTransport as well
//! CLUSTER_WAIT  1: serves local clients although the broker cannot be reached
//! ```
//!
//! Prints one line `listening PROFILE PORT` for each profile, before it `webtransport PROFILE HASH` with the hash of
//! the certificate where there is one, and ends with code 0 on SIGTERM. Most
//! answer probes at `/healthz` and `/readyz`.

use std::{env, future::ready, net::IpAddr, pin::pin};

use sio_tests::acceptance::Profile;
use tokio::{net::TcpListener, task::JoinSet};

/// The origins that the pages of the suites come from.
const ORIGINS: &str = "http://127.0.0.1:4199,http://accept.example";

fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> sio::Result<()> {
    let host: IpAddr = variable("HOST", "127.0.0.1").parse()?;
    let base: u16 = variable("PORT", "3000").parse()?;
    let origins: Vec<String> = variable("CORS_ORIGINS", ORIGINS).split(',').map(str::to_owned).collect();

    let mut servers = JoinSet::new();
    let profiles = profiles()?;
    for profile in profiles.iter().copied() {
        let port = if base == 0 { 0 } else { base + profile.port() };
        let listener = TcpListener::bind((host, port)).await?;
        let port = listener.local_addr()?.port();
        let (origins, profiles) = (origins.clone(), profiles.clone());
        servers.spawn(async move {
            let entered = profile.enter(&origins).await?;
            let mut serving = pin!(profile.serve(listener, &origins, &profiles, entered));
            tokio::select! {
                biased;
                ended = &mut serving => return ended,
                // From the first look at it on the server listens for signals: whoever reads the line may send one.
                () = ready(()) => announce(profile, port),
            }
            serving.await
        });
    }
    while let Some(ended) = servers.join_next().await {
        ended??;
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the suites wait for this line")]
fn announce(profile: Profile, port: u16) {
    println!("listening {} {port}", profile.name());
}

/// The profiles that the arguments name.
fn profiles() -> sio::Result<Vec<Profile>> {
    let names: Vec<String> = env::args().skip(1).collect();
    if names.is_empty() {
        return Ok(Profile::ALL.into_iter().filter(|profile| profile.is_possible()).collect());
    }
    let find = |name: &String| Profile::ALL.into_iter().find(|profile| profile.name() == *name);
    let unknown = |name: &String| sio::Error::new("unknown_profile", format!("there is no profile `{name}`"));
    names.iter().map(|name| find(name).ok_or_else(|| unknown(name))).collect()
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
