//! The namespace of the dashboards: those who are there get the numbers.

use sio::prelude::*;

use crate::model::{OpsEvents as _, Pass, Proof};
use crate::passes::Passes;

// ANCHOR: consumer
pub(crate) struct Dashboard;

#[consumer(namespace = "/ops")]
impl Dashboard {
    async fn connect(
        socket: &Socket,
        proof: Proof,
        passes: State<Passes>,
    ) -> sio::Result<Self> {
        let grant = passes.admit(&proof)?;
        socket.expires_at(grant.expires.into_std());
        socket.emit_welcome(&grant.pass).await?;
        Ok(Self)
    }

    /// Exchanges a pass for the next one.
    async fn reauth(
        &mut self,
        socket: &Socket,
        proof: Proof,
        passes: State<Passes>,
    ) -> sio::Result<Pass> {
        let grant = passes.admit(&proof)?;
        socket.expires_at(grant.expires.into_std());
        Ok(grant.pass)
    }
}
// ANCHOR_END: consumer
