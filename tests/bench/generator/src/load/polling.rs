//! Long-polling clients. Each has two connections that stay open: one always has a GET waiting, the other takes what
//! is to be posted, one POST at a time.

use serde::Deserialize;

use super::exchange::Exchange;
use super::network::{Handler, Network};
use super::tally::{Fault, Tally};
use super::{Load, Stage, http};

/// Stands between the packets of a body.
const SEPARATOR: u8 = 0x1e;

/// The clients.
#[derive(Debug)]
pub(crate) struct Polling {
    host: String,
    exchange: Exchange,
    clients: Vec<Client>,
    ready: usize,
    is_sending: bool,
}

#[derive(Debug, Default)]
struct Client {
    is_ready: bool,
    /// With the id of the session, once there is one.
    target: String,
    get: Vec<u8>,
    /// The body of the next POST.
    outbox: Vec<u8>,
    /// Whether a POST has no answer yet; also while its connection is being opened.
    is_posting: bool,
}

#[derive(Deserialize)]
struct Open {
    sid: String,
}

/// Which of a client's two connections a link is.
fn side(link: usize) -> (usize, bool) {
    (link / 2, link.is_multiple_of(2))
}

impl Polling {
    pub(crate) fn new(exchange: Exchange, host: String) -> Self {
        let clients = (0..exchange.clients()).map(|_| Client::default()).collect();
        Self { host, exchange, clients, ready: 0, is_sending: false }
    }

    fn get(&self, client: usize, network: &mut Network) {
        if let Some(output) = network.output(2 * client) {
            output.extend_from_slice(&self.clients[client].get);
        }
    }

    fn post(&mut self, client: usize, network: &mut Network) {
        let state = &mut self.clients[client];
        if state.is_posting || state.outbox.is_empty() {
            return;
        }
        let Some(output) = network.output(2 * client + 1) else { return };
        let head = http::request("POST", &state.target, &self.host, Some(state.outbox.len()));
        output.extend_from_slice(head.as_bytes());
        output.append(&mut state.outbox);
        state.is_posting = true;
    }

    fn say(&mut self, client: usize, now: u64) {
        let outbox = &mut self.clients[client].outbox;
        self.exchange.next(client, now, |parts| {
            begin_packet(outbox);
            parts.iter().for_each(|part| outbox.extend_from_slice(part));
        });
    }

    fn packet(&mut self, client: usize, packet: &[u8], network: &mut Network) -> Result<(), Fault> {
        let state = &mut self.clients[client];
        match packet {
            [b'0', open @ ..] => {
                let open: Open = serde_json::from_slice(open).map_err(|_| "no session id")?;
                state.target = format!("/socket.io/?EIO=4&transport=polling&sid={}", open.sid);
                state.get = http::request("GET", &state.target, &self.host, None).into_bytes();
                state.outbox.extend_from_slice(b"40");
                state.is_posting = true;
                network.open(2 * client + 1)?;
            }
            b"2" => {
                begin_packet(&mut state.outbox);
                state.outbox.push(b'3');
            }
            [b'4', b'0', ..] if !state.is_ready => {
                state.is_ready = true;
                self.ready += 1;
            }
            [b'4', ..] => {
                let now = network.now();
                self.exchange.take(client, packet, now)?;
                if self.is_sending {
                    self.say(client, now);
                }
            }
            [b'6'] => {}
            _ => return Err("an unexpected packet"),
        }
        Ok(())
    }
}

fn begin_packet(body: &mut Vec<u8>) {
    if !body.is_empty() {
        body.push(SEPARATOR);
    }
}

impl Handler for Polling {
    fn connected(&mut self, link: usize, network: &mut Network) {
        let (client, is_get) = side(link);
        if is_get {
            self.get(client, network);
        } else {
            self.clients[client].is_posting = false;
            self.post(client, network);
        }
    }

    fn received(&mut self, link: usize, bytes: &[u8], network: &mut Network) -> Result<usize, Fault> {
        let Some(response) = http::read(bytes)? else { return Ok(0) };
        if response.status != 200 {
            return Err("a status that is not 200");
        }
        let (client, is_get) = side(link);
        if is_get {
            for packet in response.body.split(|byte| *byte == SEPARATOR) {
                self.packet(client, packet, network)?;
            }
            self.get(client, network);
        } else {
            self.clients[client].is_posting = false;
        }
        self.post(client, network);
        Ok(response.length)
    }

    fn closed(&mut self, _link: usize, _network: &mut Network) {
        self.exchange.tally.error("closed by the server");
    }

    fn failed(&mut self, _link: usize, fault: Fault) {
        self.exchange.tally.error(fault);
    }
}

impl Load for Polling {
    fn enter(&mut self, stage: Stage, network: &mut Network) {
        self.is_sending = matches!(stage, Stage::WarmUp | Stage::Measuring);
        self.exchange.tally.measure(stage == Stage::Measuring);
        for client in 0..self.clients.len() {
            match stage {
                Stage::Opening => {
                    let target = "/socket.io/?EIO=4&transport=polling";
                    self.clients[client].get = http::request("GET", target, &self.host, None).into_bytes();
                    if let Err(fault) = network.open(2 * client) {
                        self.exchange.tally.error(fault);
                    }
                }
                Stage::WarmUp => {
                    self.say(client, network.now());
                    self.post(client, network);
                }
                _ => {}
            }
        }
    }

    fn is_open(&self) -> bool {
        self.ready == self.clients.len()
    }

    fn outstanding(&self) -> u64 {
        self.exchange.in_flight()
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.exchange.tally
    }
}
