//! A clock that wakes the generator: what waits for connections alone is woken to the millisecond, which is too coarse
//! for events at a rate.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// It ticks until it is dropped.
#[derive(Debug)]
pub(crate) struct Clock(OwnedFd);

impl Clock {
    pub(crate) fn new(every: Duration) -> io::Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let time = Timespec::try_from(every).map_err(io::Error::other)?;
        timerfd_settime(
            &timer,
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: time, it_value: time },
        )?;
        Ok(Self(timer))
    }

    pub(crate) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut SourceFd(&self.0.as_raw_fd()), token, Interest::READABLE)
    }

    /// How often it has ticked since this was asked last.
    pub(crate) fn ticks(&self) -> u64 {
        let mut ticks = [0; 8];
        match rustix::io::read(&self.0, &mut ticks) {
            Ok(8) => u64::from_ne_bytes(ticks),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use mio::{Events, Poll};

    use super::*;

    #[test]
    fn every_tick_is_counted_once() {
        let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1));
        let clock = Clock::new(Duration::from_micros(100)).unwrap();
        clock.register(poll.registry(), Token(0)).unwrap();
        let mut ticks = 0;
        while ticks < 20 {
            poll.poll(&mut events, None).unwrap();
            let more = clock.ticks();
            assert!(more > 0);
            ticks += more;
        }
    }
}
