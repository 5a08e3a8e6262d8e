//! Where the figures come from: the machine and the versions.

use std::fs;
use std::process::Command;

use serde::Deserialize;

const LOCK: &str = include_str!("../../../Cargo.lock");
const NODE_LOCK: &str = include_str!("../../../peers/node/package-lock.json");
const PYTHON_LOCK: &str = include_str!("../../../peers/python/requirements.txt");

/// Processor, number of cores and kernel.
pub(crate) fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}

/// Which version of a server was measured, as far as its lock file tells.
pub(crate) fn version(server: &str) -> Option<String> {
    match server {
        "sio" => commit(),
        "socketioxide" => crate_version("socketioxide"),
        "socketioxide-redis" => crate_version("socketioxide-redis"),
        "node" => package_version("socket.io").map(|version| format!("socket.io {version}")),
        "node-ioredis" => {
            let [adapter, client] = ["@socket.io/redis-adapter", "ioredis"].map(package_version);
            Some(format!("@socket.io/redis-adapter {}, ioredis {}", adapter?, client?))
        }
        "python" => requirement("python-socketio").map(|version| format!("python-socketio {version}")),
        _ => None,
    }
}

fn commit() -> Option<String> {
    let git = Command::new("git").args(["describe", "--always", "--dirty", "--tags"]).output().ok()?;
    git.status.success().then(|| String::from_utf8_lossy(&git.stdout).trim().to_owned())
}

fn crate_version(name: &str) -> Option<String> {
    let (_, rest) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(rest.split('"').next()?.to_owned())
}

fn package_version(name: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Lock {
        packages: std::collections::BTreeMap<String, Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        version: Option<String>,
    }
    let lock: Lock = serde_json::from_str(NODE_LOCK).ok()?;
    lock.packages.get(&format!("node_modules/{name}"))?.version.clone()
}

fn requirement(name: &str) -> Option<String> {
    PYTHON_LOCK.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("==")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_a_version() {
        for server in ["socketioxide", "socketioxide-redis", "node", "node-ioredis", "python"] {
            assert!(
                version(server).is_some_and(|version| version.ends_with(|end: char| end.is_ascii_digit())),
                "{server}"
            );
        }
        assert_eq!(version("another"), None);
    }
}
