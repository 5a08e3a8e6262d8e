//! Many TCP connections to one server, or to the nodes of a cluster, driven by one thread.
//!
//! Every turn reads what has come, lets the handler answer, and writes all answers to one read with one write: what a
//! client does that has several events in flight. Nothing is allocated for a message.

use std::io::{self, Read as _, Write as _};
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use super::clock::Clock;
use super::tally::Fault;

/// At least so much is read at once.
const READ: usize = 64 * 1024;
/// The clients come from so many addresses of the loopback network. Each has a range of ports of its own, so that
/// connections that were closed a moment ago do not keep new ones from being opened.
const SOURCES: u32 = 64;
/// Of the clock, which is no connection.
const TICK: Token = Token(usize::MAX);

/// The handler of the connections. They are told apart by numbers that the handler chooses.
pub(crate) trait Handler {
    /// A connection is open.
    fn connected(&mut self, link: usize, network: &mut Network);
    /// Bytes have come. Tells how many of them need not be kept.
    fn received(&mut self, link: usize, bytes: &[u8], network: &mut Network) -> Result<usize, Fault>;
    /// The server has closed a connection; the link is free.
    fn closed(&mut self, link: usize, network: &mut Network);
    /// A connection broke, or `received` has failed; the link is free.
    fn failed(&mut self, link: usize, fault: Fault);
    /// Everything that had come has been read.
    fn turn(&mut self, _network: &mut Network) {}
    /// The clock has ticked, so many times.
    fn tick(&mut self, _times: u64, _network: &mut Network) {}
}

/// The connections.
#[derive(Debug)]
pub(crate) struct Network {
    servers: Vec<SocketAddr>,
    start: Instant,
    poll: Poll,
    clock: Option<Clock>,
    links: Vec<Option<Link>>,
    /// Those that have something to write.
    unsent: Vec<usize>,
    input: Vec<u8>,
    opened: u32,
}

#[derive(Debug)]
struct Link {
    stream: TcpStream,
    is_connected: bool,
    is_unsent: bool,
    /// The beginning of a message whose end has not come.
    kept: Vec<u8>,
    output: Vec<u8>,
}

impl Network {
    /// To the servers that listen on these ports.
    pub(crate) fn new(ports: &[u16]) -> io::Result<Self> {
        Ok(Self {
            servers: ports.iter().map(|port| (Ipv4Addr::LOCALHOST, *port).into()).collect(),
            start: Instant::now(),
            poll: Poll::new()?,
            clock: None,
            links: Vec::new(),
            unsent: Vec::new(),
            input: Vec::new(),
            opened: 0,
        })
    }

    /// The address of the first server, as a client writes it.
    pub(crate) fn host(&self) -> String {
        self.servers[0].to_string()
    }

    /// Lets a clock tick so often from now on, instead of one that was set before.
    pub(crate) fn tick_every(&mut self, time: Option<Duration>) -> io::Result<()> {
        self.clock = None;
        if let Some(time) = time {
            let clock = Clock::new(time)?;
            clock.register(self.poll.registry(), TICK)?;
            self.clock = Some(clock);
        }
        Ok(())
    }

    /// Nanoseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Opens the connection `link` to the first server.
    pub(crate) fn open(&mut self, link: usize) -> Result<(), Fault> {
        self.open_to(link, 0)
    }

    /// Opens the connection `link` to one of the servers.
    pub(crate) fn open_to(&mut self, link: usize, server: usize) -> Result<(), Fault> {
        let mut stream = self.connect(server).map_err(|_| "no connection could be begun")?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        registry
            .register(&mut stream, Token(link), interest)
            .map_err(|_| "a connection cannot be watched")?;
        if self.links.len() <= link {
            self.links.resize_with(link + 1, || None);
        }
        let (kept, output) = (Vec::new(), Vec::new());
        self.links[link] = Some(Link { stream, is_connected: false, is_unsent: false, kept, output });
        Ok(())
    }

    fn connect(&mut self, server: usize) -> io::Result<TcpStream> {
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 2)) + self.opened % SOURCES);
        self.opened = self.opened.wrapping_add(1);
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        match socket.connect(&self.servers[server].into()) {
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
                Err(error)
            }
            _ => Ok(TcpStream::from_std(socket.into())),
        }
    }

    /// The bytes to be written next on a connection. They are written when the handler is done.
    pub(crate) fn output(&mut self, link: usize) -> Option<&mut Vec<u8>> {
        let (unsent, slot) = (&mut self.unsent, self.links.get_mut(link)?.as_mut()?);
        if !mem::replace(&mut slot.is_unsent, true) {
            unsent.push(link);
        }
        Some(&mut slot.output)
    }

    pub(crate) fn close(&mut self, link: usize) {
        if let Some(slot) = self.links.get_mut(link) {
            *slot = None;
        }
    }

    /// Drives the connections until the time has come, or until `is_done` says so.
    pub(crate) fn run<H: Handler>(
        &mut self,
        handler: &mut H,
        time: Duration,
        is_done: impl Fn(&H) -> bool,
    ) -> io::Result<()> {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(1024);
        // The bytes that the handler wants to write before anything has come.
        self.finish_turn(handler);
        while !is_done(handler) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => other?,
            }
            for event in &events {
                match event.token() {
                    TICK => {
                        let times = self.clock.as_ref().map_or(0, Clock::ticks);
                        handler.tick(times, self);
                    }
                    _ => self.handle(event, handler),
                }
            }
            self.finish_turn(handler);
        }
        Ok(())
    }

    fn finish_turn<H: Handler>(&mut self, handler: &mut H) {
        handler.turn(self);
        let mut unsent = mem::take(&mut self.unsent);
        for link in unsent.drain(..) {
            self.write(link, handler);
        }
        self.unsent = unsent;
    }

    fn handle<H: Handler>(&mut self, event: &Event, handler: &mut H) {
        let Token(number) = event.token();
        let Some(Some(link)) = self.links.get_mut(number) else { return };
        if !link.is_connected {
            match (link.stream.take_error(), link.stream.peer_addr()) {
                (Ok(None), Ok(_)) => link.is_connected = true,
                (Ok(None), Err(_)) => return,
                _ => return self.fail(number, "a connection was refused", handler),
            }
            handler.connected(number, self);
        }
        self.read(number, event.is_read_closed(), handler);
        self.write(number, handler);
    }

    fn read<H: Handler>(&mut self, number: usize, is_ending: bool, handler: &mut H) {
        let mut input = mem::take(&mut self.input);
        while let Some(Some(link)) = self.links.get_mut(number) {
            let kept = link.kept.len();
            if input.len() < kept + READ {
                input.resize(kept + READ, 0);
            }
            input[..kept].copy_from_slice(&link.kept);
            match link.stream.read(&mut input[kept..]) {
                Ok(0) => {
                    self.close(number);
                    handler.closed(number, self);
                    break;
                }
                Ok(length) => {
                    link.kept.clear();
                    let came = &input[..kept + length];
                    match handler.received(number, came, self) {
                        Ok(used) => self.keep(number, &came[used..]),
                        Err(fault) => self.fail(number, fault, handler),
                    }
                    // A read that does not fill the buffer has emptied the socket; only its end may be left.
                    if length < input.len() - kept && !is_ending {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.fail(number, "a connection was reset", handler),
            }
        }
        self.input = input;
    }

    fn keep(&mut self, number: usize, rest: &[u8]) {
        if let Some(Some(link)) = self.links.get_mut(number) {
            link.kept.extend_from_slice(rest);
        }
    }

    fn write<H: Handler>(&mut self, number: usize, handler: &mut H) {
        let Some(Some(link)) = self.links.get_mut(number) else { return };
        if !link.is_connected {
            return;
        }
        link.is_unsent = false;
        while !link.output.is_empty() {
            match link.stream.write(&link.output) {
                Ok(written) => drop(link.output.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.fail(number, "a connection cannot be written", handler),
            }
        }
    }

    fn fail<H: Handler>(&mut self, number: usize, fault: Fault, handler: &mut H) {
        self.close(number);
        handler.failed(number, fault);
    }
}
