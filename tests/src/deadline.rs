//! Every wait of a test ends: with the awaited thing or with a failure that says what was awaited.

use std::{fmt::Display, time::Duration};

/// How long a test waits for anything before it fails.
///
/// It is no measure of the server: a busy machine of two cores may take seconds for what takes a millisecond alone.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Awaits `future`, but fails the test after [`PATIENCE`].
///
/// # Panics
///
/// When the future is not ready in time, with `what` in the message.
pub async fn soon<F: Future>(what: impl Display, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited {} s in vain for {what}", PATIENCE.as_secs()),
    }
}

/// Lets the server take up what was just written to it, where nothing can be awaited that would tell.
///
/// Tests run on one thread, the server's tasks included: each yield lets every task that has something to do go on, and
/// looks for new input. Nothing depends on how long that takes.
pub async fn settle() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}
