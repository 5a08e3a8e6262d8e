//! Calls into the application's code, whose panics go no further than the call.
//!
//! The application's code runs in more places than its handlers: destructors of what it keeps with a socket,
//! `Display` of its errors, closures that were given to the builder. A panic there would unwind the task of a whole
//! connection, and a second one on the way would abort the process.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::log_limiter::{About, LogLimiter, hash_of, limited};

/// Calls code of the application. `None` if it panicked, which is logged under the name of what was called.
pub(crate) fn call<R>(what: &'static str, run: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(output) => Some(output),
        Err(panic) => {
            let panic = text_of(panic);
            let about = About { event: Some(what), other: hash_of(&panic), ..About::default() };
            limited!(
                ERROR, LogLimiter::of_process(), about, target: "sio::consumer", { event = what, panic, },
                "code of the application panicked"
            );
            None
        }
    }
}

/// Awaits a future of the application. `None` if it panicked, which is logged under the name of what was called.
pub(crate) async fn wait<R>(what: &'static str, future: impl Future<Output = R> + Send) -> Option<R> {
    let mut future = Guarded::new(Box::pin(future));
    poll_fn(|cx| match call(what, || future.as_mut().poll(cx)) {
        Some(Poll::Pending) => Poll::Pending,
        Some(Poll::Ready(output)) => Poll::Ready(Some(output)),
        None => Poll::Ready(None),
    })
    .await
}

/// Drops what belongs to the application, whose destructor may panic.
pub(crate) fn drop_guarded<T>(value: T) {
    call("a destructor", || drop(value));
}

/// Displays what belongs to the application, whose `Display` or `Debug` may panic.
pub(crate) fn display(
    f: &mut fmt::Formatter<'_>,
    write: impl FnOnce(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    match catch_unwind(AssertUnwindSafe(|| write(f))) {
        Ok(result) => result,
        Err(panic) => write!(f, "(it panicked when it was displayed: {})", text_of(panic)),
    }
}

/// The text of a panic.
pub(crate) fn text_of(panic: Box<dyn Any + Send>) -> String {
    let panic = match panic.downcast::<String>() {
        Ok(text) => return *text,
        Err(panic) => panic,
    };
    match panic.downcast::<&'static str>() {
        Ok(text) => (*text).to_owned(),
        Err(panic) => {
            // A value of the application: its destructor may panic too, with another such value.
            if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
                mem::forget(another);
            }
            "a panic without a text".to_owned()
        }
    }
}

/// A value of the application, which may be dropped anywhere.
pub(crate) struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The value itself, which goes back to the application.
    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect(HELD)
    }
}

/// Why there is a value.
const HELD: &str = "it is held until it is dropped";

impl<T> Deref for Guarded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect(HELD)
    }
}

impl<T> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(HELD)
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            drop_guarded(self.0.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::{Guarded, call, drop_guarded};

    /// Panics with itself, as often as it can.
    struct Bomb(u8);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn no_panic_goes_further_whatever_it_carries() {
        assert_eq!(call("a test", || 5), Some(5));
        assert_eq!(call("a test", || panic!("{}", "text")), None::<()>);
        assert_eq!(call("a test", || panic_any(Bomb(3))), None::<()>);
        drop_guarded(Bomb(3));
        drop(Guarded::new(Bomb(3)));
        drop([Guarded::new(Bomb(2)), Guarded::new(Bomb(2))]);
    }

    #[test]
    fn a_destructor_that_panics_while_another_panic_unwinds_aborts_nothing() {
        assert_eq!(
            call("a test", || {
                let _first = Guarded::new(Bomb(1));
                let _second = Guarded::new(Bomb(1));
                panic!("while they are there");
            }),
            None::<()>
        );
    }
}
