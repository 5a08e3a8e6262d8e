//! The chat on three nodes: starts a redis-server, three processes of the chat and a proxy in front of them that gives
//! each request to the next node, and prints the one address to open. Commands on standard input stop nodes and bring
//! them back, to show what people in the chat notice of it.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`. `REDIS` names the program to start,
//! `redis-server` without it.

mod process;
mod proxy;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::{env, io, thread};

use futures_util::future::join_all;
use process::Process;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const NODES: [&str; 3] = ["a", "b", "c"];

const COMMANDS: &str = "\
kill a     ends node a at once, as a crash does (b, c: the same)
stop a     ends node a in order, as a deployment does
start a    starts node a again
redis off  ends Redis;  redis on  starts it again
quit       ends everything";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };
    let listener = TcpListener::bind((host, port)).await?;

    let mut redis = redis().await?;
    redis.start().await?;
    let mut nodes = Vec::new();
    for name in NODES {
        let mut node = node(name, redis.address).await?;
        node.start().await?;
        nodes.push(node);
    }
    let backends = nodes.iter().map(|node| node.address).collect();
    println!(
        "listening on http://{}, nodes {}",
        listener.local_addr()?,
        NODES.join(", ")
    );
    println!("{COMMANDS}");

    tokio::spawn(proxy::run(listener, backends));
    let outcome = tokio::select! {
        outcome = obey(&mut redis, &mut nodes) => outcome,
        outcome = interrupted() => outcome,
    };
    for ended in join_all(nodes.iter_mut().map(Process::stop)).await {
        ended?;
    }
    redis.stop().await?;
    outcome
}

/// Carries out commands until somebody wants to quit. Where there is no input, nobody ever does.
async fn obey(redis: &mut Process, nodes: &mut [Process]) -> Result<(), Box<dyn Error>> {
    let (commands, mut given) = mpsc::unbounded_channel();
    // A thread of its own: the runtime would not end while it reads.
    thread::spawn(move || {
        io::stdin().lines().map_while(Result::ok).try_for_each(|line| commands.send(line))
    });
    while let Some(line) = given.recv().await {
        let mut words = line.split_whitespace();
        let (verb, name) = (words.next(), words.next());
        let node = nodes.iter_mut().find(|node| Some(&*node.name) == name);
        match (verb, name, node) {
            (Some("kill"), _, Some(node)) => node.kill().await?,
            (Some("stop"), _, Some(node)) => node.stop().await?,
            (Some("start"), _, Some(node)) => node.start().await?,
            (Some("redis"), Some("off"), _) => redis.kill().await?,
            (Some("redis"), Some("on"), _) => redis.start().await?,
            (Some("quit"), None, _) => return Ok(()),
            (None, ..) => {}
            _ => println!("{COMMANDS}"),
        }
    }
    std::future::pending().await
}

#[cfg(unix)]
async fn interrupted() -> Result<(), Box<dyn Error>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn interrupted() -> Result<(), Box<dyn Error>> {
    Ok(tokio::signal::ctrl_c().await?)
}

async fn redis() -> Result<Process, Box<dyn Error>> {
    let address = free_address().await?;
    let program = env::var("REDIS").unwrap_or_else(|_| "redis-server".to_owned());
    let port = address.port().to_string();
    let arguments =
        ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    Ok(Process::new("redis", program, &arguments, &[], address))
}

/// The chat lies beside this program: `make cluster` builds both.
async fn node(name: &str, redis: SocketAddr) -> Result<Process, Box<dyn Error>> {
    let address = free_address().await?;
    let chat =
        env::current_exe()?.with_file_name(format!("chat{}", env::consts::EXE_SUFFIX));
    let environment = [
        ("HOST", address.ip().to_string()),
        ("PORT", address.port().to_string()),
        ("CLUSTER", format!("redis://{redis}")),
        ("NODE", name.to_owned()),
    ];
    Ok(Process::new(name, chat, &[], &environment, address))
}

async fn free_address() -> Result<SocketAddr, Box<dyn Error>> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}
