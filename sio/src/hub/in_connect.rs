//! Tells whether a question to a client is asked by its own `connect` hook.
//!
//! The hook's events are sent when the hook has ended, so waiting for an answer inside the hook could only time out.
//! A task that the hook spawns may ask: it does not keep the hook from ending.

use std::cell::Cell;

use sio_core::id::Sid;

thread_local! {
    /// The socket whose `connect` hook is being polled by this thread.
    static CONNECTING: Cell<Option<Sid>> = const { Cell::new(None) };
}

/// Restores what was there, also after a panic.
struct Restore(Option<Sid>);

impl Drop for Restore {
    fn drop(&mut self) {
        CONNECTING.set(self.0.take());
    }
}

/// Polls the `connect` hook of a socket.
pub(crate) fn in_connect<R>(id: Sid, poll: impl FnOnce() -> R) -> R {
    let _restore = Restore(CONNECTING.replace(Some(id)));
    poll()
}

/// Returns whether the caller is the `connect` hook of this socket.
pub(crate) fn is_in_connect(id: &Sid) -> bool {
    let connecting = CONNECTING.take();
    let is_own = connecting.as_ref() == Some(id);
    CONNECTING.set(connecting);
    is_own
}
