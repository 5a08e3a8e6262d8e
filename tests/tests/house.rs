//! The house: each module is on a floor, and imports only point down. CONTRIBUTING says how to read what this prints.

#[path = "house/doc_examples.rs"]
mod doc_examples;
#[path = "house/made_up.rs"]
mod made_up;
#[path = "house/plan.rs"]
mod plan;
#[path = "house/reader.rs"]
mod reader;
#[path = "house/surface.rs"]
mod surface;

use std::fs;
use std::path::{Path, PathBuf};

use plan::Plan;
use reader::Crate;

const SIO: Plan = Plan {
    name: "sio",
    floors: &[
        ("facade", &["lib", "prelude", "emit", "extract", "options", "missing"]),
        ("testing", &["testing", "fuzzing"]),
        ("server", &["server", "builder", "admin"]),
        ("contract", &["contract"]),
        ("connection", &["connection"]),
        ("namespaces", &["namespaces", "observe"]),
        ("consumer", &["consumer", "middleware"]),
        ("handle", &["handle"]),
        ("cluster", &["cluster"]),
        ("recovery", &["recovery"]),
        ("hub", &["hub", "codec", "parser"]),
        ("http", &["http"]),
        ("engine", &["engine"]),
        ("transport", &["transport"]),
        (
            "ground",
            &[
                "error",
                "consumer::info",
                "counters",
                "give_back",
                "guarded",
                "places",
                "turn",
                "until",
                "handshake",
                "heavy",
                "peer",
                "data",
                "params",
                "shutdown",
                "log_limiter",
                "random",
                "short",
                "state_map",
                "sync",
                "via",
                "watchdog",
            ],
        ),
    ],
    circles_allowed: &["server", "handle"],
    known: &[],
    long: &[],
};

const CORE: Plan = Plan {
    name: "sio-core",
    floors: &[
        ("facade", &["lib"]),
        ("cluster", &["cluster"]),
        ("revisions", &["v3"]),
        ("codec", &["msgpack", "schema"]),
        ("packets", &["socket"]),
        ("arguments", &["args"]),
        ("engine", &["engine"]),
        ("ground", &["binary", "date", "id", "msgpack::error", "name", "pace", "target", "value"]),
    ],
    circles_allowed: &[],
    known: &[],
    long: &[],
};

const MACROS: Plan = Plan {
    name: "sio-macros",
    floors: &[
        ("facade", &["lib"]),
        ("events", &["emits"]),
        ("output", &["expand"]),
        ("consumer", &["model"]),
        ("checks", &["check", "misnamed", "namespace"]),
        ("attributes", &["args", "event_args", "event_error", "parse", "role"]),
        ("spelling", &["names", "shape"]),
        ("ground", &["errors", "similar", "span", "version"]),
    ],
    circles_allowed: &[],
    known: &[],
    long: &[],
};

const GRAMMAR: Plan = Plan {
    name: "sio-core/grammar",
    floors: &[("names", &["lib"]), ("patterns", &["pattern"])],
    circles_allowed: &[],
    known: &[],
    long: &[],
};

const CLUSTER: Plan = Plan {
    name: "sio/cluster",
    floors: &[
        ("facade", &["lib"]),
        (
            "cluster",
            &["cluster", "emitter", "handover", "questions", "remote_ask", "rooms", "telling", "way"],
        ),
        ("receiving", &["answering", "moving", "receiver", "replying"]),
        ("node", &["node"]),
        ("ports", &["ports", "room_topics"]),
        ("sending", &["bundling", "supervisor"]),
        ("options", &["asks", "local", "options", "outbox", "replies", "requests", "url"]),
        ("brokers", &["amqp", "memory", "nats", "postgres", "redis"]),
        ("bus", &["bus", "sink"]),
        (
            "ground",
            &[
                "address", "awaited", "counters", "error", "event", "faults", "foreign", "moved", "names",
                "parts", "random", "ring", "signing", "task", "tls",
            ],
        ),
    ],
    circles_allowed: &[],
    known: &[],
    long: &[],
};

/// How many names the root of `sio` may have, modules and macros included. A name that not every program needs belongs
/// into one of the modules.
const MOST_NAMES: usize = 30;

/// Names that other crates of a program with Socket.IO have too: axum's and serde_json's.
const NOT_IN_THE_PRELUDE: [&str; 5] = ["EventError", "Extension", "Params", "Path", "Value"];

fn read(plan: &Plan) -> Crate {
    let source = format!("{}/../{}/src", env!("CARGO_MANIFEST_DIR"), plan.name);
    Crate::read(&|file| fs::read_to_string(format!("{source}/{file}")).ok()).expect("the sources can be read")
}

const PLANS: [Plan; 5] = [SIO, CLUSTER, CORE, MACROS, GRAMMAR];

/// Returns the floors of all crates.
fn drawing() -> String {
    PLANS.map(|plan| plan.draw()).join("\n")
}

#[test]
fn imports_point_down_and_no_file_is_too_long() {
    let problems: Vec<_> = PLANS.iter().flat_map(|plan| plan.problems(&read(plan))).collect();
    let drawing = drawing();
    println!("{drawing}");
    assert!(problems.is_empty(), "the house is not in order:\n\n{}\n\n{drawing}", problems.join("\n"));
}

/// `HOUSE=overwrite` in the environment writes the drawing into the page.
#[test]
fn contributors_are_shown_the_floors_as_they_are() {
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../CONTRIBUTING.md");
    let page = fs::read_to_string(PAGE).expect("the page can be read");
    let (before, house) = page.split_once("\n## The house\n").expect("the section");
    let (introduction, rest) = house.split_once("```text\n").expect("the drawing");
    let (shown, after) = rest.split_once("```").expect("its end");
    let drawing = drawing();
    if shown != drawing && std::env::var_os("HOUSE").is_some_and(|what| what == "overwrite") {
        let page = format!("{before}\n## The house\n{introduction}```text\n{drawing}```{after}");
        return fs::write(PAGE, page).expect("the page can be written");
    }
    assert_eq!(shown, drawing, "CONTRIBUTING.md is to show this, `HOUSE=overwrite` writes it:\n\n{drawing}");
}

#[test]
fn the_root_has_the_names_of_everyday_code_and_no_others() {
    let source = format!("{}/../sio/src", env!("CARGO_MANIFEST_DIR"));
    let names = |file: &str| {
        surface::public_names(&fs::read_to_string(format!("{source}/{file}")).expect("the file can be read"))
    };
    let root = names("lib.rs");
    println!("{} names: {root:?}", root.len());
    assert!(root.contains("Socket") && root.contains("serve") && root.contains("prelude"), "{root:?}");
    assert!(root.len() <= MOST_NAMES, "{} names, at most {MOST_NAMES} are allowed: {root:?}", root.len());
    let prelude = names("prelude.rs");
    assert!(prelude.contains("Socket"), "{prelude:?}");
    assert!(NOT_IN_THE_PRELUDE.iter().all(|name| !prelude.contains(*name)), "{prelude:?}");
}

#[test]
fn examples_in_the_documentation_register_nothing_in_a_program_that_they_share() {
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sio/src"));
    assert!(files.len() > 100, "{files:?}");
    let mut problems = Vec::new();
    for file in files {
        let is_source = file.extension().is_some_and(|extension| extension == "rs");
        if is_source || file.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&file).expect("the file can be read");
            let lines = doc_examples::shared_registrations(&text, is_source);
            problems.extend(lines.into_iter().map(|line| format!("{}:{line}", file.display())));
        }
    }
    assert!(
        problems.is_empty(),
        "write ```standalone_crate at the fences of these examples:\n{}",
        problems.join("\n")
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
