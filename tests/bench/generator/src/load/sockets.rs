//! WebSocket clients: from the first byte to a client that has joined the main namespace, and its room.
//!
//! ```text
//!   connect ──▶ Upgrading ──101──▶ Opening ──"0{…}"──▶ Joining ──"40{…}"──▶ Ready
//!                                                         └─"40{…}"─▶ Entering ──"430[…]"──▶ Ready
//! ```

use super::frame::{self, Frame};
use super::network::{Handler, Network};
use super::tally::{Fault, Tally};
use super::{Load, Stage, http};

/// So many clients are opened at a time.
const CONCURRENCY: usize = 64;

/// The behaviour of the clients once they are ready.
pub(crate) trait Behaviour {
    fn clients(&self) -> usize;
    fn tally(&mut self) -> &mut Tally;
    /// Which of the servers a client belongs to.
    fn server(&self, _client: usize) -> usize {
        0
    }
    /// Whether a client is a member of the room.
    fn is_member(&self, _client: usize) -> bool {
        false
    }
    /// Returns whether a client may begin to connect, where clients come and go all the time.
    fn may_open(&mut self) -> bool {
        true
    }
    /// A client is ready; it began to connect at `since`. Tells whether it stays.
    fn ready(&mut self, _client: usize, _since: u64, _now: u64) -> bool {
        true
    }
    /// A packet has come; `output` takes frames to answer with.
    fn packet(&mut self, client: usize, packet: &[u8], now: u64, output: &mut Vec<u8>) -> Result<(), Fault>;
    /// A new stage begins.
    fn enter(&mut self, _stage: Stage, _network: &mut Network) {}
    /// Everything that had come has been handled.
    fn turn(&mut self, _network: &mut Network) {}
    /// The clock has ticked, so many times.
    fn tick(&mut self, _times: u64, _network: &mut Network) {}
    /// Checks, once all clients are ready, that everything is as it must be before it begins.
    fn is_prepared(&self) -> bool {
        true
    }
    /// Work that was begun and is not complete.
    fn outstanding(&self) -> u64;
}

/// The clients, which do as `behaviour` says.
#[derive(Debug)]
pub(crate) struct Sockets<B> {
    pub(crate) behaviour: B,
    states: Vec<State>,
    began: Vec<u64>,
    request: Vec<u8>,
    next: usize,
    ready: usize,
    stage: Stage,
    /// Whether clients come and go all the time, instead of being opened once.
    is_passing: bool,
    /// Clients whose place is to be taken by a new one.
    vacant: Vec<usize>,
    pub(crate) heartbeats: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Gone,
    Upgrading,
    Opening,
    Joining,
    Entering,
    Ready,
    Leaving,
}

impl<B: Behaviour> Sockets<B> {
    pub(crate) fn new(behaviour: B, host: &str, is_passing: bool) -> Self {
        let clients = behaviour.clients();
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: c2lvIGJlbmNobWFyayBrZQ==\r\n\r\n"
        );
        Self {
            behaviour,
            states: vec![State::Gone; clients],
            began: vec![0; clients],
            request: request.into_bytes(),
            next: 0,
            ready: 0,
            stage: Stage::Opening,
            is_passing,
            vacant: Vec::new(),
            heartbeats: vec![0; clients],
        }
    }

    fn open(&mut self, client: usize, network: &mut Network) {
        self.began[client] = network.now();
        self.states[client] = State::Upgrading;
        if let Err(fault) = network.open_to(client, self.behaviour.server(client)) {
            self.states[client] = State::Gone;
            self.behaviour.tally().error(fault);
        }
    }

    fn open_next(&mut self, network: &mut Network) {
        if self.next < self.states.len() && !self.is_passing {
            self.next += 1;
            self.open(self.next - 1, network);
        }
    }

    fn is_ready(&mut self, client: usize, network: &mut Network) {
        self.states[client] = State::Ready;
        self.ready += 1;
        if !self.behaviour.ready(client, self.began[client], network.now()) {
            self.states[client] = State::Leaving;
            send(network, client, frame::CLOSE, &[&1000_u16.to_be_bytes()]);
        }
        self.open_next(network);
    }

    fn frame(&mut self, client: usize, frame: &Frame<'_>, network: &mut Network) -> Result<(), Fault> {
        match (frame.opcode, self.states[client]) {
            (frame::CLOSE, State::Leaving) => Ok(()),
            (frame::CLOSE, _) => Err("closed by the server"),
            (frame::PING, _) => {
                send(network, client, frame::PONG, &[frame.payload]);
                Ok(())
            }
            (frame::TEXT, state) => self.packet(client, state, frame.payload, network),
            _ => Ok(()),
        }
    }

    fn packet(
        &mut self,
        client: usize,
        state: State,
        packet: &[u8],
        network: &mut Network,
    ) -> Result<(), Fault> {
        match (state, packet) {
            (_, b"2") => {
                self.heartbeats[client] += 1;
                send(network, client, frame::TEXT, &[b"3"]);
            }
            (State::Opening, [b'0', ..]) => {
                self.states[client] = State::Joining;
                send(network, client, frame::TEXT, &[b"40"]);
            }
            (State::Joining, [b'4', b'0', ..]) if self.behaviour.is_member(client) => {
                self.states[client] = State::Entering;
                send(network, client, frame::TEXT, &[br#"420["join","room1"]"#]);
            }
            (State::Joining, [b'4', b'0', ..]) => self.is_ready(client, network),
            (State::Entering, packet) if packet.starts_with(b"430[") => self.is_ready(client, network),
            (State::Ready, packet) => {
                let now = network.now();
                if let Some(output) = network.output(client) {
                    self.behaviour.packet(client, packet, now, output)?;
                }
            }
            (State::Leaving, _) => {}
            _ => return Err("an unexpected packet while connecting"),
        }
        Ok(())
    }
}

fn send(network: &mut Network, client: usize, opcode: u8, parts: &[&[u8]]) {
    if let Some(output) = network.output(client) {
        frame::write(output, opcode, parts);
    }
}

impl<B: Behaviour> Handler for Sockets<B> {
    fn connected(&mut self, client: usize, network: &mut Network) {
        if let Some(output) = network.output(client) {
            output.extend_from_slice(&self.request);
        }
    }

    fn received(&mut self, client: usize, bytes: &[u8], network: &mut Network) -> Result<usize, Fault> {
        let mut used = 0;
        if self.states[client] == State::Upgrading {
            let Some(head) = http::head(bytes) else { return Ok(0) };
            if http::status(bytes) != Some(101) {
                return Err("no upgrade to WebSocket");
            }
            self.states[client] = State::Opening;
            used = head;
        }
        while let Some(frame) = frame::read(&bytes[used..])? {
            self.frame(client, &frame, network)?;
            used += frame.length;
        }
        Ok(used)
    }

    fn closed(&mut self, client: usize, _network: &mut Network) {
        match self.states[client] {
            State::Leaving => self.vacant.push(client),
            _ => self.behaviour.tally().error("closed by the server"),
        }
        self.states[client] = State::Gone;
    }

    fn failed(&mut self, client: usize, fault: Fault) {
        self.states[client] = State::Gone;
        self.behaviour.tally().error(fault);
        if self.is_passing {
            self.vacant.push(client);
        }
    }

    fn turn(&mut self, network: &mut Network) {
        if !matches!(self.stage, Stage::WarmUp | Stage::Measuring) {
            self.vacant.clear();
        }
        while !self.vacant.is_empty() && self.behaviour.may_open() {
            if let Some(client) = self.vacant.pop() {
                self.open(client, network);
            }
        }
        self.behaviour.turn(network);
    }

    fn tick(&mut self, times: u64, network: &mut Network) {
        self.behaviour.tick(times, network);
    }
}

impl<B: Behaviour> Load for Sockets<B> {
    fn enter(&mut self, stage: Stage, network: &mut Network) {
        self.stage = stage;
        match stage {
            Stage::Opening => (0..CONCURRENCY).for_each(|_| self.open_next(network)),
            Stage::WarmUp if self.is_passing => self.vacant.extend(0..self.states.len()),
            _ => {}
        }
        self.behaviour.tally().measure(stage == Stage::Measuring);
        self.behaviour.enter(stage, network);
    }

    fn is_open(&self) -> bool {
        self.is_passing || self.ready == self.states.len() && self.behaviour.is_prepared()
    }

    fn outstanding(&self) -> u64 {
        if self.is_passing {
            self.states.iter().filter(|state| **state != State::Gone).count() as u64
        } else {
            self.behaviour.outstanding()
        }
    }

    fn tally(&mut self) -> &mut Tally {
        self.behaviour.tally()
    }
}
