//! The findings of one measurement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Figures of one run of one workload against one server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) operations: u64,
    pub(crate) seconds: f64,
    /// CPU time of the server per operation: user and system, all threads.
    pub(crate) cpu_us: f64,
    pub(crate) user_us: f64,
    pub(crate) system_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// How much of a core the server used, the generator, and everything else on the machine.
    pub(crate) server_cores: f64,
    pub(crate) generator_cores: f64,
    pub(crate) other_cores: f64,
    /// Private memory of the server at the end.
    #[serde(default)]
    pub(crate) memory_bytes: u64,
    pub(crate) faults: Faults,
    pub(crate) idle: Option<Idleness>,
}

/// The cost of idle connections.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Idleness {
    /// Private memory of the server, after a heartbeat on every connection.
    pub(crate) bytes_per_connection: f64,
    pub(crate) us_per_heartbeat: f64,
}

/// The faults that make a figure worthless.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Faults {
    pub(crate) errors: BTreeMap<String, u64>,
    /// Messages that were never answered or delivered.
    pub(crate) lost: u64,
    /// Messages that were answered or delivered before something that was sent earlier.
    pub(crate) out_of_order: u64,
}

impl Measurement {
    /// The figure that counts: bytes for idle connections, microseconds for everything else.
    pub(crate) fn cost(&self) -> f64 {
        self.idle.map_or(self.cpu_us, |idle| idle.bytes_per_connection)
    }
}

/// The figures of one measurement, whatever is measured.
pub(crate) trait Figures: Serialize {
    /// True if the figures count.
    fn is_valid(&self) -> bool;

    /// How much of a core everything else on the machine used.
    fn other_cores(&self) -> f64;

    fn faults(&self) -> &Faults;
}

impl Figures for Measurement {
    fn is_valid(&self) -> bool {
        self.faults == Faults::default() && (self.operations > 0 || self.idle.is_some())
    }

    fn other_cores(&self) -> f64 {
        self.other_cores
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }
}
