//! A restart of the broker, played through: messages arrive at random and in bursts, nodes hold them within their
//! bounds, come back at different moments, and the broker works through what they held.

use std::collections::VecDeque;

use super::costs::Costs;

/// Seconds of a step.
const STEP: f64 = 0.01;

/// The bytes of all nodes together that are held, and those that a node holds at least.
const HOLD_BYTES: f64 = (16 << 20) as f64;
const LEAST_HOLD_BYTES: f64 = (256 << 10) as f64;

/// Messages that a node holds, and for how many seconds: five, and one to notice that the broker is back.
const HOLD_FRAMES: f64 = 65_536.0;
const HOLD_SECONDS: f64 = 6.0;

/// Seconds in which the nodes have the broker back, each at its own moment.
const BACK: [f64; 2] = [0.06, 0.75];

/// How much busier a burst is than the rest of the time, and for which part of the time there is one.
const BURST: f64 = 3.0;
const BURSTS: f64 = 0.1;

/// Seconds that a burst lasts on average.
const BURST_SECONDS: f64 = 0.2;

/// The end of an outage that is never made good.
const PATIENCE: f64 = 60.0;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) nodes: usize,
    /// Messages a second of one node.
    pub(crate) rate: f64,
    /// How long the broker is away, in seconds.
    pub(crate) away: f64,
    pub(crate) seed: u64,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// Messages that were sent while the broker was away.
    pub(crate) held: f64,
    /// Those that were dropped.
    pub(crate) lost: f64,
    /// Seconds from the broker's return until nothing waits; `None` if that never came.
    pub(crate) settled: Option<f64>,
    /// The most bytes that waited for one node when all sent what they held.
    pub(crate) most_waiting: f64,
}

/// A node's outbox: messages by the step in which they were sent.
#[derive(Default)]
struct Outbox {
    held: VecDeque<(f64, f64)>,
    count: f64,
    in_burst: bool,
    back: f64,
}

impl Outage {
    pub(crate) fn play(&self, costs: &Costs) -> Outcome {
        let mut random = Random(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let nodes = self.nodes as f64;
        let most = HOLD_FRAMES.min((HOLD_BYTES / nodes).max(LEAST_HOLD_BYTES) / costs.frame_bytes);
        let mut outboxes: Vec<Outbox> = (0..self.nodes)
            .map(|_| Outbox {
                back: self.away + BACK[0] + random.unit() * (BACK[1] - BACK[0]),
                ..Outbox::default()
            })
            .collect();
        // They send only when all are there to hear it.
        let all_back = outboxes.iter().map(|outbox| outbox.back).fold(self.away, f64::max);
        let mut outcome = Outcome { held: 0.0, lost: 0.0, settled: None, most_waiting: 0.0 };
        let (mut time, mut at_broker) = (0.0, 0.0);
        while time < self.away + PATIENCE {
            for outbox in &mut outboxes {
                let sent = outbox.arrivals(self.rate, &mut random);
                if time < all_back {
                    outcome.held += sent;
                    outcome.lost += outbox.hold(time, sent, most);
                } else {
                    at_broker += sent + std::mem::take(&mut outbox.count);
                    outbox.held.clear();
                }
            }
            let held: f64 = outboxes.iter().map(|outbox| outbox.count).sum();
            // Each of them waits there for each node, and the fuller the queue the more share a message.
            outcome.most_waiting = outcome.most_waiting.max(at_broker * costs.frame_bytes);
            let cost = if at_broker > self.rate * nodes * STEP * 2.0 {
                costs.redis_bundled_delivery_us
            } else {
                costs.redis_delivery_us
            };
            at_broker = (at_broker - STEP * 1e6 / (cost * nodes)).max(0.0);
            time += STEP;
            if time > all_back && at_broker + held == 0.0 {
                outcome.settled = Some(time - self.away);
                break;
            }
        }
        outcome
    }
}

impl Outbox {
    /// Messages of its clients in a step.
    fn arrivals(&mut self, rate: f64, random: &mut Random) -> f64 {
        // Bursts begin as often as it takes for their part of the time.
        let ends = STEP / BURST_SECONDS;
        let change = if self.in_burst { ends } else { ends * BURSTS / (1.0 - BURSTS) };
        self.in_burst ^= random.unit() < change;
        let calm = 1.0 / (1.0 - BURSTS + BURSTS * BURST);
        let factor = if self.in_burst { calm * BURST } else { calm };
        random.poisson(rate * STEP * factor)
    }

    /// Holds messages, and returns how many were dropped for it: the oldest.
    fn hold(&mut self, time: f64, sent: f64, most: f64) -> f64 {
        self.held.push_back((time, sent));
        self.count += sent;
        let mut lost = 0.0;
        while let Some((since, count)) = self.held.front_mut() {
            let excess =
                if time - *since > HOLD_SECONDS { *count } else { (self.count - most).clamp(0.0, *count) };
            *count -= excess;
            self.count -= excess;
            lost += excess;
            if *count > 0.0 {
                break;
            }
            self.held.pop_front();
        }
        lost
    }
}

/// Numbers that are the same for the same seed, everywhere.
struct Random(u64);

impl Random {
    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number that is this on average, as of independent events.
    fn poisson(&mut self, mean: f64) -> f64 {
        // The sum of twelve is near enough to a normal distribution.
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (mean + normal * mean.sqrt()).round().max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(nodes: usize, rate: f64, away: f64, seed: u64) -> Outcome {
        Outage { nodes, rate, away, seed }.play(&Costs::round())
    }

    #[test]
    fn one_seed_has_one_outcome() {
        assert_eq!(play(5, 1000.0, 2.0, 1), play(5, 1000.0, 2.0, 1));
        assert_ne!(play(5, 1000.0, 2.0, 1), play(5, 1000.0, 2.0, 2));
    }

    #[test]
    fn what_fits_into_the_bounds_is_not_lost() {
        for seed in 0..20 {
            // 16 MiB hold 83,886 messages of 200 bytes, a third of them on each of three nodes.
            let outcome = play(3, 1000.0, 3.0, seed);
            assert!(outcome.lost == 0.0 && outcome.settled.is_some_and(|after| after < 2.0), "{outcome:?}");
            assert!((9_000.0..13_500.0).contains(&outcome.held), "{outcome:?}");
        }
    }

    #[test]
    fn what_is_more_than_fits_is_lost_and_no_more() {
        for seed in 0..20 {
            let (nodes, outcome) = (20.0, play(20, 5000.0, 3.0, seed));
            let most = HOLD_BYTES / nodes / 200.0;
            let kept = outcome.held - outcome.lost;
            assert!((kept - nodes * most).abs() < 1.0, "{outcome:?}");
        }
    }

    #[test]
    fn what_is_too_old_is_lost() {
        let outcome = play(2, 100.0, 20.0, 1);
        let kept = outcome.held - outcome.lost;
        assert!((1_000.0..1_500.0).contains(&kept), "six seconds of 200 a second: {outcome:?}");
    }

    #[test]
    fn redis_cuts_nobody_for_what_was_held() {
        for nodes in [2, 5, 10, 15, 20] {
            let outcome = play(nodes, 5000.0, 5.0, 7);
            assert!(outcome.most_waiting < (32 << 20) as f64, "{nodes} nodes: {outcome:?}");
        }
    }

    #[test]
    fn a_broker_that_is_too_slow_never_settles() {
        // 60 nodes: 18 million deliveries a second.
        assert_eq!(play(60, 5000.0, 1.0, 1).settled, None);
    }

    #[test]
    fn bursts_leave_the_rate_as_it_is() {
        let (mut outbox, mut random) = (Outbox::default(), Random(1));
        let sent: f64 = (0..100_000).map(|_| outbox.arrivals(1000.0, &mut random)).sum();
        assert!((sent / 1e6 - 1.0).abs() < 0.05, "{sent}");
    }
}
