//! WebSocket clients that keep a rate, however long the server takes.

use std::time::Duration;

use super::behaviours::Broadcast;
use super::exchange::Exchange;
use super::network::Network;
use super::sockets::Behaviour;
use super::tally::{Fault, Tally};
use super::{Stage, frame};

/// Lets the clock tick while events are to be sent.
fn set_clock(network: &mut Network, tally: &mut Tally, per_second: u32, is_sending: bool) {
    let every = is_sending.then(|| Duration::from_secs(1) / per_second);
    if network.tick_every(every).is_err() {
        tally.error("there is no clock");
    }
}

fn is_sending(stage: Stage) -> bool {
    matches!(stage, Stage::WarmUp | Stage::Measuring)
}

/// Many clients that only answer heartbeats, and a first one that sends events and gets their acknowledgements.
#[derive(Debug)]
pub(crate) struct Crowd {
    clients: usize,
    per_second: u32,
    exchange: Exchange,
}

impl Crowd {
    /// `exchange` is that of the first client.
    pub(crate) fn new(clients: usize, per_second: u32, exchange: Exchange) -> Self {
        Self { clients, per_second, exchange }
    }
}

impl Behaviour for Crowd {
    fn clients(&self) -> usize {
        self.clients
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.exchange.tally
    }

    fn packet(&mut self, client: usize, packet: &[u8], now: u64, _output: &mut Vec<u8>) -> Result<(), Fault> {
        if client > 0 {
            return Err("an event for an idle client");
        }
        self.exchange.take(client, packet, now)
    }

    fn enter(&mut self, stage: Stage, network: &mut Network) {
        set_clock(network, &mut self.exchange.tally, self.per_second, is_sending(stage));
    }

    fn tick(&mut self, times: u64, network: &mut Network) {
        let now = network.now();
        let Some(output) = network.output(0) else { return };
        for _ in 0..times {
            self.exchange.next(0, now, |parts| frame::write(output, frame::TEXT, parts));
        }
    }

    fn outstanding(&self) -> u64 {
        self.exchange.in_flight()
    }
}

/// A room to which so many events a second are sent. One delivery is one operation.
#[derive(Debug)]
pub(crate) struct Room {
    broadcast: Broadcast,
    per_second: u32,
}

impl Room {
    pub(crate) fn new(broadcast: Broadcast, per_second: u32) -> Self {
        Self { broadcast, per_second }
    }
}

impl Behaviour for Room {
    fn clients(&self) -> usize {
        self.broadcast.clients()
    }

    fn tally(&mut self) -> &mut Tally {
        self.broadcast.tally()
    }

    fn is_member(&self, client: usize) -> bool {
        self.broadcast.is_member(client)
    }

    fn packet(&mut self, member: usize, packet: &[u8], now: u64, output: &mut Vec<u8>) -> Result<(), Fault> {
        self.broadcast.packet(member, packet, now, output)
    }

    fn enter(&mut self, stage: Stage, network: &mut Network) {
        set_clock(network, self.broadcast.tally(), self.per_second, is_sending(stage));
    }

    fn tick(&mut self, times: u64, network: &mut Network) {
        (0..times).for_each(|_| self.broadcast.publish(network));
    }

    fn outstanding(&self) -> u64 {
        self.broadcast.outstanding()
    }
}

/// Clients of which so many a second connect, and leave as soon as they are in.
#[derive(Debug)]
pub(crate) struct Arrivals {
    clients: usize,
    per_second: u32,
    /// Those whose time has come, and who have not begun to connect.
    due: u64,
    tally: Tally,
}

impl Arrivals {
    /// `clients`: how many of them may be there at a time.
    pub(crate) fn new(clients: usize, per_second: u32) -> Self {
        Self { clients, per_second, due: 0, tally: Tally::default() }
    }
}

impl Behaviour for Arrivals {
    fn clients(&self) -> usize {
        self.clients
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn may_open(&mut self) -> bool {
        let left = self.due.checked_sub(1);
        self.due = left.unwrap_or_default();
        left.is_some()
    }

    fn ready(&mut self, _client: usize, since: u64, now: u64) -> bool {
        self.tally.complete(since, now);
        false
    }

    fn packet(&mut self, _: usize, _: &[u8], _: u64, _: &mut Vec<u8>) -> Result<(), Fault> {
        Ok(())
    }

    fn enter(&mut self, stage: Stage, network: &mut Network) {
        if stage == Stage::Draining && self.due > u64::from(self.per_second) {
            self.tally.error("more than a second's clients found no place");
        }
        set_clock(network, &mut self.tally, self.per_second, is_sending(stage));
    }

    fn tick(&mut self, times: u64, _network: &mut Network) {
        self.due += times;
    }

    fn outstanding(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_clients_arrive_as_the_clock_says() {
        let mut network = Network::new(&[1]).unwrap();
        let mut arrivals = Arrivals::new(10, 2000);
        assert!(!arrivals.may_open());
        arrivals.tick(2, &mut network);
        assert_eq!([(); 3].map(|()| arrivals.may_open()), [true, true, false]);
    }
}
