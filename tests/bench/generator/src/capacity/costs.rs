//! [`Costs`]: what one message costs, as it was measured.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The cost of one message: CPU time in microseconds. `make bench CLUSTER=1` and `make bench` measure these.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Costs {
    /// The day.
    pub(crate) measured: String,
    pub(crate) machine: String,
    /// To the node that sends it, with the client's event.
    pub(crate) publish_us: f64,
    /// To a node that has no member of the room.
    pub(crate) hear_us: f64,
    /// To Redis, for each node that hears it, sent alone.
    pub(crate) redis_delivery_us: f64,
    /// The same when many share a message.
    pub(crate) redis_bundled_delivery_us: f64,
    /// To a node, for each client that gets it.
    pub(crate) client_delivery_us: f64,
    /// Bytes of a message at the broker.
    pub(crate) frame_bytes: f64,
}

impl Costs {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let costs: Self = serde_json::from_str(&text)?;
        let all = [
            costs.publish_us,
            costs.hear_us,
            costs.redis_delivery_us,
            costs.redis_bundled_delivery_us,
            costs.client_delivery_us,
            costs.frame_bytes,
        ];
        if all.iter().all(|cost| cost.is_finite() && *cost > 0.0) {
            Ok(costs)
        } else {
            Err(format!("{}: a cost is not above zero", path.display()).into())
        }
    }
}

#[cfg(test)]
impl Costs {
    /// Round ones.
    pub(super) fn round() -> Self {
        Self {
            measured: "2026-01-01".to_owned(),
            machine: "none".to_owned(),
            publish_us: 4.0,
            hear_us: 2.0,
            redis_delivery_us: 0.5,
            redis_bundled_delivery_us: 0.25,
            client_delivery_us: 1.0,
            frame_bytes: 200.0,
        }
    }
}
