//! [`ServerEvents`]: events from node to node, and who listens to them.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, ready};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sio_cluster::{BoxFuture, NodeId};
use sio_core::args::{Args, write_args};

use crate::error::EmitError;
use crate::guarded;

/// The answer of a node that has not handled an event.
const UNHANDLED: &str = "null";

type Handler = Box<dyn Fn(NodeId, Args) -> BoxFuture<Option<Box<RawValue>>> + Send + Sync>;

/// The listeners to events of other nodes, by name.
#[derive(Default)]
pub(crate) struct ServerEvents(HashMap<String, Handler>);

impl ServerEvents {
    /// Adds a listener. A later one of the same name takes the place of an earlier one.
    pub(crate) fn add<T, R, F, L>(&mut self, event: String, listener: L)
    where
        T: DeserializeOwned,
        R: Serialize,
        F: Future<Output = R> + Send + 'static,
        L: Fn(NodeId, T) -> F + Send + Sync + 'static,
    {
        let name = event.clone();
        let handler = move |from, mut args: Args| -> BoxFuture<Option<Box<RawValue>>> {
            let payload = match args.take_answer::<T>() {
                Ok(payload) => payload,
                Err(error) => {
                    tracing::warn!(
                        target: "sio::cluster", event = name, node = %from, %error,
                        "an event of another node is not what its listener takes"
                    );
                    return Box::pin(ready(None));
                }
            };
            // Application's code, as is the future.
            match guarded::call("a listener for events of other nodes", || listener(from, payload)) {
                Some(answer) => Box::pin(async move {
                    let answer = guarded::wait("a listener for events of other nodes", answer).await?;
                    write(&answer).ok()
                }),
                None => Box::pin(ready(None)),
            }
        };
        self.0.insert(event, Box::new(handler));
    }

    /// Gives an event to its listener, whose answer is returned.
    pub(crate) fn call(
        &self,
        from: NodeId,
        event: &str,
        args: &RawValue,
    ) -> BoxFuture<Option<Box<RawValue>>> {
        let args = Args::array(args.get().into(), Vec::new());
        let answer = self.0.get(event).map(|handler| handler(from, args));
        Box::pin(async move {
            let answer = match answer {
                Some(answer) => answer.await,
                None => None,
            };
            // The node that asks must not wait until the limit.
            answer.or_else(|| RawValue::from_string(UNHANDLED.to_owned()).ok())
        })
    }
}

/// Returns arguments as a JSON array.
pub(crate) fn write<A: Serialize + ?Sized>(args: &A) -> Result<Box<RawValue>, EmitError> {
    let (mut json, mut attachments) = (vec![b'['], Vec::new());
    write_args(&mut json, true, args, &mut attachments)?;
    if !attachments.is_empty() {
        return Err(EmitError::TooManyAttachments { count: attachments.len(), max: 0 });
    }
    json.push(b']');
    let json = String::from_utf8(json).expect("JSON is UTF-8");
    Ok(RawValue::from_string(json).expect("it was written as JSON"))
}

/// Returns the arguments of an answer; `None` if the node has not handled the event.
pub(crate) fn read(answer: &RawValue) -> Option<Args> {
    (answer.get() != UNHANDLED).then(|| Args::array(answer.get().into(), Vec::new()))
}

impl fmt::Debug for ServerEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
