//! The functions that take any bytes.

mod arguments;
mod cluster;
mod engine;
mod http;
mod ids;
mod msgpack;
mod packets;
mod websocket;

/// Something that reads the bytes of strangers.
#[derive(Debug)]
pub struct Target {
    /// Its name, also that of its corpus.
    pub name: &'static str,
    /// Reads an input, and panics if something is wrong.
    pub run: fn(&[u8]),
    /// Its corpus: [`corpus::read`](super::corpus::read).
    pub corpus: &'static str,
}

macro_rules! targets {
    ($($name:ident = $run:path,)*) => {
        &[$(Target {
            name: stringify!($name),
            run: $run,
            corpus: include_str!(concat!("../../corpus/", stringify!($name), ".txt")),
        },)*]
    };
}

/// All of them.
pub const TARGETS: &[Target] = targets![
    payload_v4 = engine::payload_v4,
    payload_v3 = engine::payload_v3,
    frames = websocket::frames,
    packets = packets::packets,
    arguments = arguments::arguments,
    msgpack = msgpack::msgpack,
    cluster = cluster::frames,
    node_js = cluster::node_js,
    python = cluster::python,
    ids = ids::ids,
    patterns = ids::patterns,
    queries = http::queries,
    forwarded = http::forwarded,
];

/// Gives an input to the target of this name.
///
/// # Panics
///
/// If something is wrong, or if there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("there is no such target");
    (target.run)(input);
}

/// Takes the first byte off, which says how the others are read.
fn split(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}
