//! Clients that are not measured, but are there while another is.

use std::io;
use std::time::Duration;

use super::behaviours::{Echo, PUBLISHER, Passing, publish};
use super::exchange::{self, Answer, Exchange};
use super::network::Network;
use super::polling::Polling;
use super::sockets::{Behaviour, Sockets};
use super::tally::{Fault, Tally};
use super::{Load, Stage, open};
use crate::tail::beside::Beside;

/// Somebody ends them long before.
const TIME: Duration = Duration::from_secs(3_600);

/// Connects them, says so in a line, and goes on until this process is killed.
pub(crate) fn beside(beside: Beside, port: u16) -> io::Result<()> {
    let mut network = Network::new(&[port])?;
    let host = network.host();
    let exchange = |clients, bytes| Exchange::new(Answer::Acknowledgement, clients, exchange::text(bytes));
    match beside {
        Beside::Room { members, per_second } => {
            network.tick_every(Some(Duration::from_secs(1) / per_second))?;
            run(&mut Sockets::new(Crowd::new(members), &host, false), &mut network)
        }
        Beside::Coming { clients } => {
            run(&mut Sockets::new(Coming(Passing::new(clients)), &host, true), &mut network)
        }
        Beside::Events { clients, window, bytes } => {
            let echo = Echo::new(exchange(clients, bytes), window);
            run(&mut Sockets::new(echo, &host, false), &mut network)
        }
        Beside::Polls { clients } => run(&mut Polling::new(exchange(clients, 128), host), &mut network),
        Beside::Connects { clients } => {
            run(&mut Sockets::new(Passing::new(clients), &host, true), &mut network)
        }
    }
}

fn run<L: Load>(load: &mut L, network: &mut Network) -> io::Result<()> {
    open(load, network)?;
    load.enter(Stage::WarmUp, network);
    println!("ready");
    network.run(load, TIME, |_| false)
}

/// Members of a room, and one who publishes at each tick of the clock.
struct Crowd {
    members: usize,
    published: u64,
    text: String,
    is_sending: bool,
    tally: Tally,
}

impl Crowd {
    fn new(members: usize) -> Self {
        Self { members, published: 0, text: exchange::text(128), is_sending: false, tally: Tally::default() }
    }
}

impl Behaviour for Crowd {
    fn clients(&self) -> usize {
        self.members + 1
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn is_member(&self, client: usize) -> bool {
        client < self.members
    }

    fn packet(&mut self, _: usize, _: &[u8], _: u64, _: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }

    fn enter(&mut self, stage: Stage, _network: &mut Network) {
        self.is_sending = stage == Stage::WarmUp;
    }

    fn tick(&mut self, times: u64, network: &mut Network) {
        for _ in 0..if self.is_sending { times } else { 0 } {
            let now = network.now();
            let Some(output) = network.output(self.members) else { return };
            publish(output, self.published, PUBLISHER, now, &self.text);
            self.published += 1;
        }
    }

    fn outstanding(&self) -> u64 {
        0
    }
}

/// Clients that are in the room for a moment.
struct Coming(Passing);

impl Behaviour for Coming {
    fn clients(&self) -> usize {
        self.0.clients()
    }

    fn tally(&mut self) -> &mut Tally {
        self.0.tally()
    }

    fn is_member(&self, _client: usize) -> bool {
        true
    }

    fn ready(&mut self, client: usize, since: u64, now: u64) -> bool {
        self.0.ready(client, since, now)
    }

    fn packet(&mut self, _: usize, _: &[u8], _: u64, _: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }

    fn outstanding(&self) -> u64 {
        0
    }
}
