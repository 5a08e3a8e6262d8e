//! The messages of python-socketio's servers to each other, as its Redis, Kombu and aio-pika managers write them.
//!
//! One name at the broker carries everything; its default is [`CHANNEL`], that of Flask-SocketIO [`FLASK_CHANNEL`]. A
//! message is a JSON object; its `method` names its kind:
//!
//! ```text
//! emit                      event, data, binary, room, skip_sid, callback
//! callback                  sid, id, args: the answer to an emit with a callback, for the server `host_id`
//! enter_room, leave_room    sid, room
//! close_room                room: everybody leaves it
//! disconnect                sid
//! ```
//!
//! All of them have a `namespace`, and the `host_id` of the server that has sent them.
//!
//! # Versions
//!
//! | version | `data` of an emit |
//! |---|---|
//! | up to 5.13 | the message is a pickle, which is read with the feature `python-pickle`; a tuple is several arguments |
//! | 5.14.0, 5.14.1 | one argument, and there is no `binary` |
//! | 5.14.2 to 5.15.0 | one argument; with bytes `[argument, base64, …]` |
//! | 5.15.1 and later | a list of the arguments; with bytes `[list, base64, …]` |
//!
//! Messages of [`event`] are read by all versions that read JSON. A list from versions before 5.15.1 looks like several
//! arguments, and is taken for them.

#[cfg(feature = "python-pickle")]
mod pickle;
mod read;
mod write;

pub use self::read::{Callback, Heard, Said, read};
pub use self::write::{answer, change, event};

/// The default name at the broker.
pub const CHANNEL: &str = "socketio";

/// The default name of Flask-SocketIO.
pub const FLASK_CHANNEL: &str = "flask-socketio";

/// How python-socketio is named in errors.
const SERVERS: &str = "python-socketio";
