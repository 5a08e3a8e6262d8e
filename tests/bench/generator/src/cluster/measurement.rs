//! The result of one measurement of a cluster.

use serde::{Deserialize, Serialize};

use crate::measurement::{Faults, Figures};

/// Figures of one run of one workload against two nodes and their broker.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) broadcasts: u64,
    pub(crate) seconds: f64,
    /// CPU time per broadcast of the node whose client publishes, of the other node, and of the broker.
    pub(crate) a_us: f64,
    pub(crate) b_us: f64,
    pub(crate) broker_us: f64,
    /// From the client of A to a member.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// How much of a core the generator used, and everything else on the machine.
    pub(crate) generator_cores: f64,
    pub(crate) other_cores: f64,
    pub(crate) faults: Faults,
}

impl Figures for Measurement {
    fn is_valid(&self) -> bool {
        self.faults == Faults::default() && self.broadcasts > 0
    }

    fn other_cores(&self) -> f64 {
        self.other_cores
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }
}
