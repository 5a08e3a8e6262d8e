//! Typed emits by the cluster's emitter, which knows nothing of servers.

use sio_cluster::{EmitError, Emitter, Emitting};

use super::typed::{Declared, Emit, Payload, Sealed};

/// Nothing is waited for: an event is sent where it is encoded.
macro_rules! emitters {
    ($($handle:ty, |$this:ident| $emitting:expr;)*) => { $(
        impl Sealed for $handle {}

        impl Emit for $handle {
            type Error = EmitError;
            type Encoded = ();

            fn __encode<A: Payload>(&self, event: &Declared, args: A) -> Result<(), EmitError> {
                let $this = self;
                let emitting = $emitting;
                event.check(emitting.path())?;
                emitting.emit(event.name, &args)
            }

            async fn __emit(&self, encoded: Result<(), EmitError>) -> Result<(), EmitError> {
                encoded
            }
        }
    )* };
}

emitters! {
    Emitting<'_>, |this| this;
    Emitter, |this| this.of("/")?;
}
