//! The task of one Engine.IO session: the only owner of its transports, its state and its handler.
//!
//! The rules are those of [`sio_core::engine::session::Session`]; this is the shell that reads, writes and
//! keeps time for it. One poll takes commands, reads what has arrived, lets the handler run, writes what was
//! queued and goes to sleep, so that an event that is handled without waiting costs one read and one write.

mod carrier;
mod closing;
mod overdue;
mod parting;
mod reading;
mod requests;
mod slow;
#[cfg(test)]
mod test_session;
mod writing;

use std::future::Future;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sio_core::engine::session::Session;
use sio_core::id::SessionId;

pub(crate) use self::carrier::Carrier;
pub(crate) use self::closing::LINGER;
use self::overdue::Overdue;
#[cfg(test)]
pub(super) use self::parting::PATIENCE;
use self::parting::Parting;
use self::slow::Stall;
use super::command::Command;
use super::handler::Handler;
use super::inbox::Commands;
use super::mailbox::Mailbox;
use super::timer::Timer;
use super::{CloseReason, Shared};
use crate::guarded::Guarded;
use crate::shutdown::Phase;
use crate::turn;

/// How far a session is on its way out.
#[derive(Debug)]
enum Leaving {
    No,
    /// The client is being told, and listened to.
    Parting(Box<Parting>),
    /// It is closed: what is queued still goes out, until then.
    Closed(Instant),
}

pub(crate) struct SessionTask {
    state: Session,
    carrier: Carrier,
    /// The session can be found by its id.
    is_listed: bool,
    leaving: Leaving,
    /// A burst waits for the transport, which has taken nothing.
    stall: Option<Stall>,
    /// The queue had no room for the answer to a client's own ping.
    owes_pong: bool,
    /// It had none for the answer to the last ping of WebSocket's own.
    owed_pong: Option<Box<Bytes>>,
    /// The turn before was used up by reading: what was read is handled first in this one.
    handles_first: bool,
    /// More input may have arrived than the last turn had time for.
    has_unread: bool,
    /// A deadline of the client has passed, and input that came before it may not have been read yet.
    overdue: Option<Overdue>,
    id: SessionId,
    mailbox: Arc<Mailbox>,
    shared: Arc<Shared>,
    handler: Guarded<Box<dyn Handler>>,
    timer: Timer,
}

impl SessionTask {
    pub(crate) fn new(
        id: SessionId,
        state: Session,
        mailbox: Arc<Mailbox>,
        shared: Arc<Shared>,
        handler: Box<dyn Handler>,
        carrier: Carrier,
    ) -> Self {
        shared.sessions.task_started();
        Self {
            state,
            carrier,
            is_listed: true,
            leaving: Leaving::No,
            stall: None,
            owes_pong: false,
            owed_pong: None,
            handles_first: false,
            has_unread: false,
            overdue: None,
            id,
            mailbox,
            shared,
            handler: Guarded::new(handler),
            timer: Timer::default(),
        }
    }

    fn take_commands(&mut self) {
        if let Some(commands) = self.mailbox.inbox.begin() {
            self.on_commands(commands);
        }
    }

    #[inline(never)]
    fn on_commands(&mut self, commands: Commands) {
        // The heartbeat may be in a POST that stands behind a GET.
        self.has_unread |= commands.iter().any(|command| matches!(command, Command::Post(..)));
        for command in commands {
            self.on_command(command);
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Poll(answer) => self.on_get(answer),
            Command::Post(packets, answer) => self.on_post(packets, answer),
            Command::Violation(reason) => self.close_now(reason),
            Command::Probe(websocket) => self.on_probe(websocket),
            Command::Release if !self.is_alive() => {}
            Command::Release if self.carrier.is_websocket() => self.part(CloseReason::TransportClose),
            Command::Release => self.release_poll(),
            #[cfg(feature = "cluster")]
            Command::Heard => self.has_heard(),
            Command::Close(reason) => {
                if reason == CloseReason::ForcedServerClose && self.is_alive() {
                    self.handler.on_closing();
                }
                self.close_gracefully(reason);
            }
        }
    }

    fn on_timer(&mut self) {
        let now = now();
        match self.leaving {
            Leaving::No => {}
            Leaving::Parting(_) => return,
            Leaving::Closed(until) => {
                if until <= now && !self.carrier.is_gone() {
                    self.gone();
                }
                return;
            }
        }
        // The answer that the client owes may be among the input that has arrived and has not been read.
        let waits = self.has_unread && self.overdue.as_ref().is_none_or(Overdue::may_be_unread);
        let mut is_overdue = false;
        if waits && self.state.is_overdue(now) {
            is_overdue = true;
        } else if self.state.poll_timeout().is_some_and(|due| due <= now) {
            for output in self.state.handle_timeout(now) {
                self.apply(output);
            }
        }
        if self.is_alive() && self.handler.deadline().is_some_and(|due| due <= now) {
            if waits {
                is_overdue = true;
            } else if let Err(reason) = self.handler.on_timeout(now) {
                self.close_now(reason);
            }
        }
        if !is_overdue && !self.state.is_overdue(now) {
            self.overdue = None;
        } else if self.overdue.is_none() {
            self.overdue = Some(Overdue::default());
        }
    }

    /// Returns whether the server's shutdown ends the session now.
    fn is_to_stop(&self) -> bool {
        match self.shared.shutdown.phase() {
            Phase::Running | Phase::Announced => false,
            Phase::LeadingOut => self.mailbox.inbox.is_retiring() && self.handler.is_idle(),
            Phase::Closing => self.handler.is_idle(),
            // Events that wait are told, for which one turn may be too short. They do not become more.
            Phase::Over => !turn::is_over() || self.handler.is_idle(),
        }
    }

    /// Ends the session since the server stops.
    fn stop(&mut self) {
        if self.shared.shutdown.is_over() {
            self.close_gracefully(CloseReason::ServerShuttingDown);
        } else {
            self.part(CloseReason::ServerShuttingDown);
        }
    }

    /// True while the session's deadlines count, from the moment at which it was opened.
    fn is_alive(&self) -> bool {
        matches!(self.leaving, Leaving::No)
    }

    /// True while messages can be received.
    fn is_open(&self) -> bool {
        match &self.leaving {
            Leaving::No => !self.carrier.is_opening(),
            Leaving::Parting(parting) => !parting.has_ended(),
            Leaving::Closed(_) => false,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match &self.leaving {
            Leaving::No => {}
            Leaving::Parting(parting) => return Some(parting.deadline()),
            Leaving::Closed(until) => return Some(*until).filter(|_| !self.carrier.is_gone()),
        }
        let (mut session, mut handler) = (self.state.poll_timeout(), self.handler.deadline());
        if self.overdue.is_some() {
            // One that has passed is looked at in each turn: a timer would only wake the task at once.
            let now = now();
            session = session.filter(|due| *due > now);
            handler = handler.filter(|due| *due > now);
        }
        let deadline = earlier(session, handler);
        match &self.stall {
            Some(stall) => earlier(deadline, Some(stall.due())),
            None => deadline,
        }
    }

    fn poll_opening(&mut self, cx: &mut Context<'_>) {
        let Carrier::Opening(websocket) = &mut self.carrier else { return };
        match websocket.poll_open(cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.carrier.opened(),
            Poll::Ready(Err(ended)) => self.on_websocket_end(ended),
        }
    }

    /// Returns whether to read more from the client: its handler takes it, and the client itself reads the answers.
    fn takes_input(&self) -> bool {
        self.handler.is_ready() && !self.mailbox.outbox.is_overfull() && !self.shared.shutdown.is_over()
    }

    /// Pauses the heartbeat deadline while a slow handler keeps us from reading. While the client itself does not
    /// read, the deadline runs on; a vanished client would be kept forever otherwise. Returns whether to read more
    /// from the client now.
    fn note_pressure(&mut self) -> bool {
        let takes_input = self.takes_input();
        let pauses = !takes_input && !self.mailbox.outbox.is_clogged();
        if pauses != self.state.is_input_paused() && self.is_open() {
            if pauses { self.state.pause_input(now()) } else { self.state.resume_input(now()) }
        }
        takes_input
    }
}

impl Future for SessionTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        turn::begin();
        // An upgrade that has arrived comes before the requests that were made after it.
        if this.carrier.is_probing() {
            this.read_probe(cx);
        }
        this.take_commands();
        let handles_first = mem::take(&mut this.handles_first);
        if handles_first {
            this.handler.poll(cx);
        }
        loop {
            if this.is_alive() {
                this.poll_opening(cx);
            }
            let left_input = this.read(cx);
            // After reading: a pong that is already here is in time.
            let fired = this.timer.elapsed();
            if fired.is_some() || this.overdue.is_some() {
                if this.overdue.as_ref().is_none_or(Overdue::may_be_unread) {
                    this.note_pressure();
                }
                this.on_timer();
            }
            if turn::is_over() {
                // The next turn begins with what this one has left out, so that neither starves the other.
                this.handles_first = !handles_first;
                turn::put_off();
            } else {
                this.handler.poll(cx);
            }
            if this.is_alive() && this.is_open() && this.is_to_stop() {
                this.stop();
                // Lets the handler begin what the end requires: nothing else would wake the task for it.
                this.handler.poll(cx);
            }
            if this.end_parting() {
                this.handler.poll(cx);
            }
            let blocked = this.write(fired, cx);
            if this.carrier.is_gone() && this.handler.poll_closed(cx).is_ready() {
                return Poll::Ready(());
            }
            let takes_input = this.note_pressure();
            this.timer.arm(this.next_deadline(), cx);
            if turn::has_more() {
                // The budget is spent: yield to the other sessions of this thread. Waking ourselves would starve I/O,
                // which a busy worker polls only every 60 tasks or so, and a client that floods would keep the others
                // waiting.
                let _ = pin!(tokio::task::yield_now()).poll(cx);
                return Poll::Pending;
            }
            // There is room again: nothing else would notice the unread input.
            let again = left_input && takes_input && this.is_open();
            if !again && this.mailbox.park(cx, blocked) {
                return Poll::Pending;
            }
            this.take_commands();
        }
    }
}

impl Drop for SessionTask {
    /// The task can end early only with its runtime or by a panic; others must not wait for it then.
    fn drop(&mut self) {
        self.unlist();
        self.mailbox.close();
        self.shared.sessions.task_ended();
    }
}

/// The earlier of two deadlines, of which there may be only one or none.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Tokio's clock, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The end of a wait that begins now. As long a one as `Duration::MAX` means never.
pub(crate) fn later(wait: Duration) -> Instant {
    after(now(), wait)
}

/// As [`later`], of a wait that began then.
pub(crate) fn after(begin: Instant, wait: Duration) -> Instant {
    /// Thirty years: no process lives as long, and every platform can represent it.
    const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    begin.checked_add(wait).unwrap_or_else(|| begin + NEVER)
}
