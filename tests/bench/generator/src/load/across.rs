//! One measurement of a cluster: a client of one node publishes, members at another one count what comes.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use super::behaviours::{self, PUBLISHER};
use super::exchange;
use super::network::Network;
use super::sockets::{Behaviour, Sockets};
use super::tally::{Fault, Tally};
use super::{DRAINING, Load as _, Stage, open};
use crate::cluster::measurement::Measurement;
use crate::cluster::workload::{Pace, Workload};
use crate::measurement::Faults;
use crate::process;

/// Says that an event only asks whether the nodes know each other.
const PROBE: u64 = 1;
/// How often that is asked.
const PROBING: Duration = Duration::from_millis(20);
/// How long after all events have come once a second copy is still looked for.
const SETTLING: Duration = Duration::from_millis(200);
/// The client that publishes.
const FIRST: usize = 0;

/// The measurement to make.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) workload: Workload,
    /// Of the node whose client publishes, and of the other one.
    pub(crate) ports: [u16; 2],
    /// Of both nodes and their broker.
    pub(crate) pids: [u32; 3],
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
}

/// CPU time of all that runs, in seconds, at one moment.
struct Moment {
    at: Instant,
    processes: [f64; 3],
    generator: f64,
    machine: f64,
}

impl Moment {
    fn now(pids: &[u32; 3]) -> io::Result<Self> {
        let mut processes = [0.0; 3];
        for (time, pid) in processes.iter_mut().zip(pids) {
            *time = process::run_time(*pid)?;
        }
        Ok(Self {
            at: Instant::now(),
            processes,
            generator: process::run_time(std::process::id())?,
            machine: process::machine_busy()?,
        })
    }
}

/// Does the measurement.
pub(crate) fn measure(order: &Order) -> io::Result<Measurement> {
    let mut network = Network::new(&order.ports)?;
    let mut load = Sockets::new(Across::new(&order.workload, exchange::text(128)), &network.host(), false);
    network.tick_every(Some(PROBING))?;
    open(&mut load, &mut network)?;
    network.tick_every(order.workload.pace.interval())?;
    load.enter(Stage::WarmUp, &mut network);
    network.run(&mut load, order.warm_up, |_| false)?;
    load.enter(Stage::Measuring, &mut network);
    let before = Moment::now(&order.pids)?;
    network.run(&mut load, order.duration, |_| false)?;
    let after = Moment::now(&order.pids)?;
    load.enter(Stage::Draining, &mut network);
    network.run(&mut load, DRAINING, |load| load.outstanding() == 0)?;
    network.run(&mut load, SETTLING, |_| false)?;
    Ok(result(&mut load.behaviour, &before, &after))
}

fn result(load: &mut Across, before: &Moment, after: &Moment) -> Measurement {
    let seconds = (after.at - before.at).as_secs_f64();
    let used = [0, 1, 2].map(|process: usize| after.processes[process] - before.processes[process]);
    let generator = after.generator - before.generator;
    let all = used.iter().sum::<f64>() + generator;
    let broadcasts = load.measured;
    let [a_us, b_us, broker_us] = used.map(|seconds| seconds * 1e6 / broadcasts.max(1) as f64);
    Measurement {
        broadcasts,
        seconds,
        a_us,
        b_us,
        broker_us,
        p50_us: load.tally.latency(0.5),
        p99_us: load.tally.latency(0.99),
        generator_cores: generator / seconds,
        other_cores: (after.machine - before.machine - all).max(0.0) / seconds,
        faults: Faults {
            errors: load.tally.errors.iter().map(|(fault, count)| ((*fault).to_owned(), *count)).collect(),
            lost: load.outstanding(),
            out_of_order: load.tally.out_of_order,
        },
    }
}

/// The tasks of the clients. The first publishes at node A; the next ones are members at node B, the last ones at node A.
#[derive(Debug)]
struct Across {
    pace: Pace,
    text: String,
    /// Members at B, without the one that is only there until the nodes know each other.
    there: usize,
    /// Members at A.
    here: usize,
    stage: Stage,
    ready: usize,
    /// An event has come from A to a client of B.
    have_met: bool,
    published: u64,
    /// Of those, what counts.
    measured: u64,
    /// The events that each client has received.
    sequences: Vec<Sequence>,
    tally: Tally,
}

/// The numbers that have come.
#[derive(Debug, Default)]
struct Sequence {
    /// Follows the highest.
    next: u64,
    /// Lower ones that have not come.
    missing: BTreeSet<u64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Arrival {
    InOrder,
    /// After one with a higher number.
    Late,
    Twice,
}

impl Sequence {
    fn take(&mut self, number: u64) -> Arrival {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
            return Arrival::InOrder;
        }
        if self.missing.remove(&number) { Arrival::Late } else { Arrival::Twice }
    }

    /// How many of so many have come.
    fn came(&self) -> u64 {
        self.next - self.missing.len() as u64
    }
}

impl Across {
    fn new(workload: &Workload, text: String) -> Self {
        let mut across = Self {
            pace: workload.pace,
            text,
            there: workload.there,
            here: workload.here,
            stage: Stage::Opening,
            ready: 0,
            have_met: false,
            published: 0,
            measured: 0,
            sequences: Vec::new(),
            tally: Tally::default(),
        };
        across.sequences.resize_with(across.clients(), Sequence::default);
        across
    }

    /// Clients at B that join the room: somebody has to notice that the nodes know each other.
    fn joining_there(&self) -> usize {
        self.there.max(1)
    }

    /// The clients that are members while it is measured.
    fn members(&self) -> usize {
        self.there + self.here
    }

    fn is_sending(&self) -> bool {
        matches!(self.stage, Stage::WarmUp | Stage::Measuring)
    }

    fn publish(&mut self, network: &mut Network) {
        let now = network.now();
        if let Some(output) = network.output(FIRST) {
            behaviours::publish(output, self.published, PUBLISHER, now, &self.text);
            self.published += 1;
            self.measured += u64::from(self.stage == Stage::Measuring);
        }
    }

    fn probe(&self, network: &mut Network) {
        let now = network.now();
        if let Some(output) = network.output(FIRST) {
            behaviours::publish(output, 0, PROBE, now, &self.text);
        }
    }
}

impl Behaviour for Across {
    fn clients(&self) -> usize {
        1 + self.joining_there() + self.here
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn server(&self, client: usize) -> usize {
        usize::from(client != FIRST && client <= self.joining_there())
    }

    fn is_member(&self, client: usize) -> bool {
        client != FIRST
    }

    fn ready(&mut self, _client: usize, _since: u64, _now: u64) -> bool {
        self.ready += 1;
        true
    }

    fn is_prepared(&self) -> bool {
        self.have_met
    }

    fn packet(&mut self, client: usize, packet: &[u8], now: u64, _output: &mut Vec<u8>) -> Result<(), Fault> {
        let Some((number, sent)) = behaviours::news(packet, PUBLISHER, &self.text) else {
            behaviours::news(packet, PROBE, &self.text).ok_or("another payload than was sent")?;
            self.have_met |= self.server(client) == 1;
            return Ok(());
        };
        match self.sequences[client].take(number) {
            Arrival::InOrder => {}
            Arrival::Late => self.tally.out_of_order += 1,
            Arrival::Twice => {
                self.tally.error("delivered twice");
                return Ok(());
            }
        }
        self.tally.complete(sent, now);
        Ok(())
    }

    fn enter(&mut self, stage: Stage, network: &mut Network) {
        self.stage = stage;
        if stage == Stage::WarmUp && self.there == 0 {
            network.close(FIRST + 1);
        }
    }

    fn tick(&mut self, times: u64, network: &mut Network) {
        if self.stage == Stage::Opening && self.ready == self.clients() {
            self.probe(network);
        }
        if self.is_sending() {
            (0..times).for_each(|_| self.publish(network));
        }
    }

    fn turn(&mut self, network: &mut Network) {
        let Pace::Window(window) = self.pace else { return };
        while self.is_sending() && self.outstanding() <= (window - 1) * self.members() as u64 {
            self.publish(network);
        }
    }

    fn outstanding(&self) -> u64 {
        let first = if self.there == 0 { 1 + self.joining_there() } else { 1 };
        self.sequences[first..].iter().map(|sequence| self.published - sequence.came()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_twice_or_lost_is_told_apart() {
        let mut sequence = Sequence::default();
        let came = [0, 3, 1, 1, 3, 4].map(|number| sequence.take(number));
        let [first, jump, late, again, twice, last] = came;
        assert_eq!([first, jump, last], [Arrival::InOrder, Arrival::InOrder, Arrival::InOrder]);
        assert_eq!((late, again, twice), (Arrival::Late, Arrival::Twice, Arrival::Twice));
        // The third has not come.
        assert_eq!((sequence.came(), sequence.missing.len()), (4, 1));
    }

    #[test]
    fn a_client_at_b_is_there_until_the_nodes_have_met() {
        let away: Workload = "busy-away".parse().unwrap();
        let across = Across::new(&away, String::new());
        assert_eq!((across.clients(), across.members()), (3, 1));
        assert_eq!([0, 1, 2].map(|client| across.server(client)), [0, 1, 0]);
        assert!(!across.is_prepared());
    }
}
