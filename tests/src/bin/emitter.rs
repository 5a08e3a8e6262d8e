//! A process that is no server and says something to the clients of a cluster: one JSON object a line in, `ok` or
//! `error: …` a line out, until its input ends.
//!
//! | variable | meaning |
//! |---|---|
//! | `CLUSTER` | URL of the broker: `redis://`, `amqp://`, `nats://` or `postgres://` |
//! | `CLUSTER_NAME` | prefix of everything on the broker, default `accept` |
//! | `AS` | whose cluster it is: `sio`, the default, `python`, on the channel `socketio`, `flask`, on its own, `node`, with the key `socket.io`, or `node-sharded`, with that prefix |
//!
//! | line | effect |
//! |---|---|
//! | `{nsp?, cast: {to?, except?, flags?, event, args?}}` | emits an event |
//! | `{nsp?, bulk: {op, to?, except?, rooms?, close?}}` | `op`: `join`, `leave` or `disconnect`, of all who are addressed |
//! | `{nsp?, server: [args…]}` | the event `server-cast`, to all nodes |
//! | `{nsp?, user, event, args?}` | emits an event to all sockets of a user |

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde::ser::SerializeTuple as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::to_raw_value;
use sio_cluster::{Emitter, Emitting, NodeJs, Options, Python};

/// How long the broker may take to take a line.
const FLUSH: Duration = Duration::from_secs(8);

/// The content of a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    nsp: Option<String>,
    cast: Option<Cast>,
    bulk: Option<Bulk>,
    server: Option<Vec<Value>>,
    user: Option<String>,
    event: Option<String>,
    #[serde(default)]
    args: Vec<Value>,
}

#[derive(Deserialize)]
struct Cast {
    to: Option<Names>,
    except: Option<Names>,
    flags: Option<Flags>,
    event: String,
    args: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Bulk {
    op: String,
    to: Option<Names>,
    except: Option<Names>,
    rooms: Option<Names>,
    close: Option<bool>,
}

/// The flags of a broadcast: a list of their names, or an object with those that are set.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flags {
    Names(Vec<String>),
    Set(BTreeMap<String, bool>),
}

impl Flags {
    fn into_names(self) -> Vec<String> {
        match self {
            Self::Names(names) => names,
            Self::Set(flags) => {
                flags.into_iter().filter_map(|(flag, is_set)| is_set.then_some(flag)).collect()
            }
        }
    }
}

/// One name, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

/// Several arguments, which a tuple is and a list is not.
struct Arguments(Vec<Value>);

impl Names {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Several(names) => names,
        }
    }
}

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|argument| tuple.serialize_element(argument))?;
        tuple.end()
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody to tell if that fails.
            let _ = writeln!(io::stderr(), "emitter: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("CLUSTER").map_err(|_| "CLUSTER must be the URL of a broker")?;
    let prefix = std::env::var("CLUSTER_NAME").unwrap_or_else(|_| "accept".to_owned());
    let options = Options::url(&url)?.prefix(prefix);
    let emitter = match std::env::var("AS").unwrap_or_default().as_str() {
        "" | "sio" => Emitter::connect(options).await?,
        "python" => Emitter::python(options, &Python::new()).await?,
        "flask" => Emitter::python(options, &Python::flask()).await?,
        "node" => Emitter::node(options, &NodeJs::new()).await?,
        "node-sharded" => Emitter::node(options, &NodeJs::sharded()).await?,
        other => return Err(format!("cannot emit to clusters of `{other}`").into()),
    };
    // Bytes that are no text are a malformed line, too.
    for line in io::stdin().lock().split(b'\n') {
        let answer = match handle(&emitter, &line?) {
            Ok(()) if emitter.flush(FLUSH).await => "ok".to_owned(),
            Ok(()) => "error: the broker takes nothing".to_owned(),
            // One line, whatever is in it.
            Err(error) => format!("error: {}", error.to_string().replace('\n', " ")),
        };
        writeln!(io::stdout(), "{answer}")?;
    }
    emitter.close().await;
    Ok(())
}

fn handle(emitter: &Emitter, line: &[u8]) -> Result<(), Box<dyn Error>> {
    let line: Line = serde_json::from_slice(line)?;
    let path = line.nsp.as_deref().unwrap_or("/");
    match line {
        Line { cast: Some(cast), bulk: None, server: None, user: None, .. } => {
            let mut emitting = address(emitter.of(path)?, cast.to, cast.except);
            for flag in cast.flags.map(Flags::into_names).unwrap_or_default() {
                emitting = match &*flag {
                    "volatile" => emitting.volatile(),
                    // It says how the servers write, which is theirs to decide.
                    "compress" => emitting,
                    _ => return Err(format!("there is no flag `{flag}`").into()),
                };
            }
            emitting.emit(&cast.event, &Arguments(cast.args.unwrap_or_default()))?;
        }
        Line { bulk: Some(bulk), cast: None, server: None, user: None, .. } => {
            let emitting = address(emitter.of(path)?, bulk.to, bulk.except);
            let rooms = bulk.rooms.map(Names::into_vec).unwrap_or_default();
            match &*bulk.op {
                "join" => emitting.join(rooms)?,
                "leave" => emitting.leave(rooms)?,
                "disconnect" => emitting.disconnect(bulk.close.unwrap_or_default())?,
                op => return Err(format!("there is no operation `{op}`").into()),
            }
        }
        Line { server: Some(args), cast: None, bulk: None, user: None, .. } => {
            emitter.server_emit(path, "server-cast", to_raw_value(&args)?)?;
        }
        Line { user: Some(user), event: Some(event), cast: None, bulk: None, server: None, args, .. } => {
            emitter.of(path)?.user(user).emit(&event, &Arguments(args))?;
        }
        _ => return Err("a line has one of `cast`, `bulk`, `server` and `user` with `event`".into()),
    }
    Ok(())
}

/// Whom a line addresses: without `to`, or with an empty list as clients send it that must say something, everybody.
fn address<'a>(mut emitting: Emitting<'a>, to: Option<Names>, except: Option<Names>) -> Emitting<'a> {
    for room in to.map(Names::into_vec).unwrap_or_default() {
        emitting = emitting.to(room);
    }
    for room in except.map(Names::into_vec).unwrap_or_default() {
        emitting = emitting.except(room);
    }
    emitting
}
