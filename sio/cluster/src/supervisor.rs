//! [`Supervisor`]: keeps a process connected to the broker.
//!
//! ```text
//!          ┌───────────────────── 50 ms, doubled up to 500 ms ◄──── fails ────┐
//!          ▼                                                                  │
//!       connect ──► subscribe ──► HELLO ──► wait for the members ──► up ──► is cut, or does
//!         2 s                               1 s at most               │     not answer for 3 s
//!                                                                     ▼
//!                                                        send · check every second
//! ```
//!
//! The wait closes a hole: a publisher that is back before its subscribers would send to nobody.

mod role;
mod subscriptions;

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sio_core::cluster::signature::SIGNATURE_LEN;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

pub(crate) use self::role::Role;
use self::subscriptions::{but, subscribe};
use crate::bundling::bundled;
use crate::bus::{AnyBus, AnyLink, BusError, Frame, Names, Receivers, Topic};
use crate::counters::Counters;
use crate::outbox::{Kind, Outbox, now};
use crate::random;
use crate::sink::{Queue, Sink};

/// How long connecting, and each step of it, may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long the broker may take to answer. Half-open connections are noticed by nothing else.
const ANSWER: Duration = Duration::from_secs(3);

/// How often it is asked.
const CHECK: Duration = Duration::from_secs(1);

/// The first pause before connecting again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest one: a broker that is back is noticed soon, and a thousand nodes ask it 2,000 times a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How long the broker may be away until the log says why: by then events that were held are dropped.
const LONG: Duration = Duration::from_secs(5);

/// How long leaving may take.
const LEAVE: Duration = Duration::from_secs(1);

/// The state that supervisor and role share.
pub(crate) struct Line {
    pub(crate) bus: Arc<dyn AnyBus>,
    pub(crate) names: Names,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) counters: Arc<Counters>,
    /// Is told when the topics may have changed.
    pub(crate) topics: Notify,
    /// Becomes true when the process leaves.
    pub(crate) closing: watch::Sender<bool>,
}

/// Keeps a process connected to the broker.
pub(crate) struct Supervisor<R> {
    line: Arc<Line>,
    role: Arc<R>,
    /// Frames that were dropped while they were held, as of the last time that this was told.
    told_dropped: u64,
}

/// A connection that is ready to be used.
pub(crate) struct Entered {
    link: Box<dyn AnyLink>,
    sink: Sink,
    /// The topics that are subscribed.
    topics: Vec<Topic>,
}

/// Why a connection is not used any more.
enum End {
    Cut(BusError),
    Closed,
}

impl Line {
    /// Returns the size of the largest frame that can be sent.
    pub(crate) fn max_frame(&self) -> usize {
        let signature = if self.queue.signing.is_some() { SIGNATURE_LEN } else { 0 };
        self.bus.caps().max_frame.saturating_sub(signature)
    }

    /// Returns the messages with signatures, if the process has a secret. Those that are sent again get new ones.
    fn signed(&self, mut messages: Vec<Frame>) -> Vec<Frame> {
        if let Some(signing) = &self.queue.signing {
            // Messages for clusters of other kinds have no place for it.
            for message in messages.iter_mut().filter(|message| message.topic.is_native()) {
                message.payload = signing.sign(&message.topic, &message.payload);
            }
        }
        messages
    }

    /// Waits until the process leaves.
    pub(crate) async fn closing(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives in `self`.
        let _ = closing.wait_for(|is_closing| *is_closing).await;
    }
}

impl<R: Role> Supervisor<R> {
    pub(crate) const fn new(line: Arc<Line>, role: Arc<R>) -> Self {
        Self { line, role, told_dropped: 0 }
    }

    /// Connects, subscribes, introduces the node and waits for the others.
    pub(crate) async fn enter(&self) -> Result<Entered, BusError> {
        self.try_to_enter().await.inspect_err(|_| self.role.cut())
    }

    async fn try_to_enter(&self) -> Result<Entered, BusError> {
        let line = &self.line;
        let sink = line.queue.sink();
        let connecting = line.bus.connect(line.names.clone(), sink.clone());
        let mut link = within(CONNECT, "it does not answer", connecting).await?;
        let topics = self.role.topics();
        subscribe(&mut *link, &topics, &[], CONNECT).await?;
        self.role.subscribed(&topics);
        let mut receivers = None;
        if let Some(hello) = self.role.hello() {
            let hello = line.signed(vec![hello]);
            let published = link.publish(&hello);
            receivers = match within(CONNECT, "it takes nothing", published).await? {
                Receivers::Each(each) => each.first().copied(),
                Receivers::Unknown => None,
            };
        }
        tokio::select! {
            biased;
            reason = sink.ended() => Err(reason),
            () = self.role.settle(receivers) => Ok(Entered { link, sink, topics }),
        }
    }

    /// Begins to send.
    pub(crate) fn open(&mut self, away: Duration) {
        let begun = self.line.outbox.up(now());
        let dropped = self.line.counters.read().held_dropped;
        let before = std::mem::replace(&mut self.told_dropped, dropped);
        self.role.up(away, begun.resent, dropped - before);
    }

    /// Runs until the process leaves. A connection that is given has been opened.
    pub(crate) async fn run(mut self, mut open: Option<Entered>) {
        let mut since = Instant::now();
        loop {
            let entered = match open.take() {
                Some(entered) => entered,
                None => tokio::select! {
                    biased;
                    () = self.line.closing() => break,
                    entered = self.connect() => {
                        self.open(since.elapsed());
                        entered
                    }
                },
            };
            match self.stay(entered).await {
                End::Closed => break,
                End::Cut(reason) => {
                    since = Instant::now();
                    self.line.counters.cuts(1);
                    self.line.outbox.down(now());
                    self.role.cut();
                    self.role.down(&reason);
                }
            }
        }
        self.role.cut();
        self.line.outbox.close();
    }

    /// Tries to enter until it succeeds.
    async fn connect(&self) -> Entered {
        let mut pause = FIRST_PAUSE;
        let began = Instant::now();
        let mut is_told = false;
        loop {
            match self.enter().await {
                Ok(entered) => return entered,
                Err(reason) => {
                    let bus = self.line.bus.name();
                    // Once: why it went says nothing of why it does not come back, as after a change of its password.
                    if !is_told && began.elapsed() >= LONG {
                        is_told = true;
                        tracing::warn!(target: "sio::cluster", bus, %reason, "still cannot connect to the broker");
                    } else {
                        tracing::debug!(target: "sio::cluster", bus, %reason, "cannot connect");
                    }
                }
            }
            self.line.outbox.tick(now());
            // Without a connection nobody is judged, so there is nothing to fail.
            let _ = self.role.tick(false);
            sleep(random::about(pause, 0.5)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Uses a connection until its end.
    async fn stay(&self, entered: Entered) -> End {
        let Entered { mut link, sink, mut topics } = entered;
        let mut ticks = interval(CHECK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut are_changed, mut next_look) = (false, Instant::now());
        loop {
            let outcome = tokio::select! {
                biased;
                reason = sink.ended() => Err(reason),
                () = self.line.closing() => {
                    // Nodes that do not hear the farewell find out by the silence.
                    let _ = timeout(LEAVE, self.leave(&mut *link)).await;
                    return End::Closed;
                }
                _ = ticks.tick() => self.check(&mut *link, &sink, &mut topics).await,
                () = self.line.topics.notified(), if !are_changed => {
                    are_changed = true;
                    Ok(())
                }
                () = sleep_until(next_look), if are_changed => {
                    are_changed = false;
                    let began = Instant::now();
                    let looked = self.resubscribe(&mut *link, &sink, &mut topics).await;
                    // With very many rooms it takes a while: it never fills more than a tenth of the time.
                    next_look = Instant::now() + began.elapsed() * 10;
                    looked
                }
                () = self.line.outbox.ready.notified() => self.send(&mut *link, &sink, &topics).await,
            };
            if let Err(reason) = outcome {
                return End::Cut(reason);
            }
        }
    }

    async fn check(
        &self,
        link: &mut dyn AnyLink,
        sink: &Sink,
        topics: &mut Vec<Topic>,
    ) -> Result<(), BusError> {
        self.line.outbox.tick(now());
        self.role.tick(true)?;
        self.resubscribe(link, sink, topics).await?;
        while_open(sink, within(ANSWER, "it does not answer", link.check())).await?;
        self.role.checked();
        Ok(())
    }

    /// Subscribes what is to be heard, and nothing else.
    async fn resubscribe(
        &self,
        link: &mut dyn AnyLink,
        sink: &Sink,
        topics: &mut Vec<Topic>,
    ) -> Result<(), BusError> {
        let wanted = self.role.topics();
        if *topics != wanted {
            let (more, fewer) = (but(&wanted, topics), but(topics, &wanted));
            while_open(sink, subscribe(link, &more, &fewer, ANSWER)).await?;
            self.role.subscribed(&more);
            self.role.unsubscribed();
            *topics = wanted;
        }
        Ok(())
    }

    /// Sends a batch. The rest has its turn after everything else that is due.
    async fn send(&self, link: &mut dyn AnyLink, sink: &Sink, topics: &[Topic]) -> Result<(), BusError> {
        let batch = self.line.outbox.take();
        if batch.is_empty() {
            return Ok(());
        }
        let batch = self.line.signed(bundled(batch));
        let receivers = while_open(sink, within(ANSWER, "it takes nothing", link.publish(&batch))).await?;
        self.line.outbox.confirmed(now());
        self.line.outbox.ready.notify_one();
        let mut seen = HashSet::new();
        for frame in batch.iter().filter(|frame| !frame.topic.is_native()) {
            if seen.insert(&frame.topic) && self.role.is_counted(&frame.topic) {
                let counting = link.subscribers(&frame.topic);
                if let Some(count) = while_open(sink, within(ANSWER, "it does not count", counting)).await? {
                    let own = u64::from(topics.contains(&frame.topic));
                    self.role.counted(&frame.topic, count.saturating_sub(own));
                }
            }
        }
        if let Receivers::Each(each) = receivers {
            for (frame, receivers) in batch.iter().zip(each) {
                if let (Topic::Node(node), 0) = (&frame.topic, receivers) {
                    self.role.unreached(*node);
                }
            }
        }
        Ok(())
    }

    async fn leave(&self, link: &mut dyn AnyLink) -> Result<(), BusError> {
        if let Some(bye) = self.role.bye() {
            self.line.outbox.push(Topic::All, bye, Kind::Control);
        }
        loop {
            let batch = self.line.outbox.take();
            if batch.is_empty() {
                return Ok(());
            }
            link.publish(&self.line.signed(bundled(batch))).await?;
            self.line.outbox.confirmed(now());
        }
    }
}

/// Waits, but not longer than the connection lives.
async fn while_open<T>(
    sink: &Sink,
    future: impl Future<Output = Result<T, BusError>>,
) -> Result<T, BusError> {
    tokio::select! {
        biased;
        reason = sink.ended() => Err(reason),
        outcome = future => outcome,
    }
}

/// Waits for a limited time.
async fn within<T>(
    limit: Duration,
    otherwise: &str,
    future: impl Future<Output = Result<T, BusError>>,
) -> Result<T, BusError> {
    match timeout(limit, future).await {
        Ok(outcome) => outcome,
        Err(_) => Err(BusError::new(format!("{otherwise} within {} s", limit.as_secs()))),
    }
}
