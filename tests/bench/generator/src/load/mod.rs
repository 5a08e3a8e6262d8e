//! One measurement: clients are opened, the server is warmed up, its CPU time is read before and after.

pub(crate) mod across;
pub(crate) mod behaviours;
mod beside;
mod clock;
pub(crate) mod exchange;
pub(crate) mod frame;
pub(crate) mod http;
mod network;
mod paced;
mod polling;
mod sockets;
mod tally;

use std::io;
use std::time::{Duration, Instant};

use self::behaviours::{Broadcast, Echo, Idle, Passing};
pub(crate) use self::beside::beside;
use self::exchange::{Answer, Exchange};
use self::network::{Handler, Network};
use self::paced::{Arrivals, Crowd, Room};
use self::polling::Polling;
use self::sockets::Sockets;
use self::tally::Tally;
use crate::measurement::{Faults, Idleness, Measurement};
use crate::process::{self, Cpu};
use crate::workload::{Kind, Workload};

/// Until all clients are connected.
const OPENING: Duration = Duration::from_secs(60);
/// Until everything that was begun is complete.
const DRAINING: Duration = Duration::from_secs(5);
/// Until every client has answered a heartbeat.
const HEARTBEATS: Duration = Duration::from_secs(60);
/// The work that a server may still be doing when the last client has answered is not part of an idle connection.
const SETTLING: Duration = Duration::from_secs(1);

/// A measurement goes through these, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The clients connect.
    Opening,
    /// They do what they do, but it does not count.
    WarmUp,
    /// Now it does.
    Measuring,
    /// Nothing new is begun.
    Draining,
}

/// Clients that can be measured.
pub(crate) trait Load: Handler {
    fn enter(&mut self, stage: Stage, network: &mut Network);
    /// Whether all clients are connected.
    fn is_open(&self) -> bool;
    /// How much was begun and is not complete.
    fn outstanding(&self) -> u64;
    fn tally(&mut self) -> &mut Tally;
}

/// The measurement to make.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) workload: Workload,
    pub(crate) port: u16,
    pub(crate) pid: u32,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
}

/// Does the measurement.
pub(crate) fn measure(order: &Order) -> io::Result<Measurement> {
    let mut network = Network::new(&[order.port])?;
    let (clients, host) = (order.workload.clients, network.host());
    let exchange = |answer| Exchange::new(answer, clients, exchange::text(128));
    match order.workload.kind {
        Kind::Echo { window } => {
            let echo = Echo::new(exchange(Answer::Acknowledgement), window);
            run(&mut Sockets::new(echo, &host, false), &mut network, order)
        }
        Kind::NoAck => {
            let echo = Echo::new(exchange(Answer::Event), 1);
            run(&mut Sockets::new(echo, &host, false), &mut network, order)
        }
        Kind::Broadcast { window, bytes } => {
            let broadcast = Broadcast::new(clients, window, exchange::text(bytes));
            run(&mut Sockets::new(broadcast, &host, false), &mut network, order)
        }
        Kind::Connect => run(&mut Sockets::new(Passing::new(clients), &host, true), &mut network, order),
        Kind::Poll => run(&mut Polling::new(exchange(Answer::Acknowledgement), host), &mut network, order),
        Kind::Crowd { per_second } => {
            let exchange = Exchange::new(Answer::Acknowledgement, 1, exchange::text(128));
            let crowd = Crowd::new(clients, per_second, exchange);
            run(&mut Sockets::new(crowd, &host, false), &mut network, order)
        }
        Kind::Room { per_second, bytes } => {
            let room = Room::new(Broadcast::new(clients, 1, exchange::text(bytes)), per_second);
            run(&mut Sockets::new(room, &host, false), &mut network, order)
        }
        Kind::Arrivals { per_second } => {
            run(&mut Sockets::new(Arrivals::new(clients, per_second), &host, true), &mut network, order)
        }
        Kind::Idle => idle(&mut Sockets::new(Idle::new(clients), &host, false), &mut network, order),
    }
}

/// CPU time of all that runs, at one moment.
struct Moment {
    at: Instant,
    server: Cpu,
    generator: Cpu,
    machine: f64,
}

impl Moment {
    fn now(server: u32) -> io::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server: Cpu::of(server)?,
            generator: Cpu::of(std::process::id())?,
            machine: process::machine_busy()?,
        })
    }
}

fn run<L: Load>(load: &mut L, network: &mut Network, order: &Order) -> io::Result<Measurement> {
    open(load, network)?;
    load.enter(Stage::WarmUp, network);
    network.run(load, order.warm_up, |_| false)?;
    load.enter(Stage::Measuring, network);
    let before = Moment::now(order.pid)?;
    network.run(load, order.duration, |_| false)?;
    let after = Moment::now(order.pid)?;
    let memory_bytes = process::private_bytes(order.pid)?;
    load.enter(Stage::Draining, network);
    network.run(load, DRAINING, |load| load.outstanding() == 0)?;
    Ok(Measurement { memory_bytes, ..result(load, &before, &after) })
}

fn idle(load: &mut Sockets<Idle>, network: &mut Network, order: &Order) -> io::Result<Measurement> {
    let empty = process::private_bytes(order.pid)?;
    open(load, network)?;
    let before = Moment::now(order.pid)?;
    // Some servers send the first heartbeat at once; what counts is one while all the clients are there.
    load.heartbeats.fill(0);
    network.run(load, HEARTBEATS, |load| load.heartbeats.iter().all(|beats| *beats > 0))?;
    network.run(load, SETTLING, |_| false)?;
    let after = Moment::now(order.pid)?;
    let silent = load.heartbeats.iter().filter(|beats| **beats == 0).count() as u64;
    let beats: u64 = load.heartbeats.iter().map(|beats| u64::from(*beats)).sum();
    let mut measurement = result(load, &before, &after);
    measurement.faults.lost += silent;
    let used = process::private_bytes(order.pid)?.saturating_sub(empty) as f64;
    let cpu = after.server.total() - before.server.total();
    measurement.idle = Some(Idleness {
        bytes_per_connection: used / order.workload.clients as f64,
        us_per_heartbeat: cpu * 1e6 / beats.max(1) as f64,
    });
    Ok(measurement)
}

fn open<L: Load>(load: &mut L, network: &mut Network) -> io::Result<()> {
    load.enter(Stage::Opening, network);
    network.run(load, OPENING, L::is_open)?;
    if load.is_open() {
        return Ok(());
    }
    Err(io::Error::other(format!("the clients could not connect: {:?}", load.tally().errors)))
}

fn result<L: Load>(load: &mut L, before: &Moment, after: &Moment) -> Measurement {
    let seconds = (after.at - before.at).as_secs_f64();
    let (user, system) = (after.server.user - before.server.user, after.server.system - before.server.system);
    let generator = after.generator.total() - before.generator.total();
    let lost = load.outstanding();
    let tally = load.tally();
    let operations = tally.operations;
    let per_operation = |seconds: f64| seconds * 1e6 / operations.max(1) as f64;
    Measurement {
        operations,
        seconds,
        cpu_us: per_operation(user + system),
        user_us: per_operation(user),
        system_us: per_operation(system),
        p50_us: tally.latency(0.5),
        p99_us: tally.latency(0.99),
        server_cores: (user + system) / seconds,
        generator_cores: generator / seconds,
        other_cores: (after.machine - before.machine - user - system - generator).max(0.0) / seconds,
        faults: Faults {
            errors: tally.errors.iter().map(|(fault, count)| ((*fault).to_owned(), *count)).collect(),
            out_of_order: tally.out_of_order,
            lost,
        },
        memory_bytes: 0,
        idle: None,
    }
}
