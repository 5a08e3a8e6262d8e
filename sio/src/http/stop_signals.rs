//! The signals by which a process is told to stop.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The name of the signal with which supervisors stop a program.
pub(crate) const TERMINATE: &str = "SIGTERM";

/// Waits until the process is told to stop: by SIGINT (Ctrl-C) or SIGTERM, and by Ctrl-C where there are no such
/// signals, as on Windows.
///
/// For programs that mount Socket.IO in a server of their own; [`serve`](crate::serve()) and the other `serve`
/// functions wait for signals by themselves. The signals are caught from the first poll on, for as long as the
/// process lives. Where they cannot be caught, which is logged, this never returns.
///
/// # Examples
///
/// ```no_run
/// use sio::prelude::*;
///
/// # async fn example(server: Server) {
/// tokio::spawn(async move {
///     sio::http::shutdown_signal().await;
///     server.drain().await;
/// });
/// # }
/// ```
///
/// # Panics
///
/// When it is polled outside of a Tokio runtime with I/O.
pub async fn shutdown_signal() {
    let signal = StopSignals::catch().next().await;
    tracing::info!(target: "sio::server", signal, "told to stop");
}

/// The signals by which a process is told to stop. They are caught from the moment at which this is made: one that
/// comes before the first look at it is not lost.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    signals: Option<(Signal, Signal)>,
    #[cfg(not(unix))]
    are_caught: bool,
}

impl StopSignals {
    #[cfg(unix)]
    pub(crate) fn catch() -> Self {
        let signals = match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            (Ok(interrupt), Ok(terminate)) => Some((interrupt, terminate)),
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(target: "sio::server", %error, "cannot listen for signals");
                None
            }
        };
        Self { signals }
    }

    /// Leaves the signals to the program.
    #[cfg(unix)]
    pub(crate) fn none() -> Self {
        Self { signals: None }
    }

    /// Waits for the next signal, and says which it was.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> &'static str {
        let Some((interrupt, terminate)) = &mut self.signals else { return std::future::pending().await };
        tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => TERMINATE,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn catch() -> Self {
        Self { are_caught: true }
    }

    #[cfg(not(unix))]
    pub(crate) fn none() -> Self {
        Self { are_caught: false }
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> &'static str {
        if !self.are_caught {
            return std::future::pending().await;
        }
        match tokio::signal::ctrl_c().await {
            Ok(()) => "ctrl-c",
            Err(error) => {
                tracing::warn!(target: "sio::server", %error, "cannot listen for signals");
                std::future::pending().await
            }
        }
    }
}
