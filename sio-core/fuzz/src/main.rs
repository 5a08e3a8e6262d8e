//! Runs the fuzzers on a stable compiler.
//!
//! ```text
//! fuzz run SECONDS [TARGET ..]     all targets, or these, for so many seconds together
//! fuzz one TARGET INPUT            one input, written as in the corpus
//! fuzz unpack FOLDER               the corpus as files, for cargo-fuzz
//! fuzz pack TARGET FOLDER          files as lines for the corpus, the shortest first
//! ```
//!
//! `SEED` in the environment is where the random numbers begin.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, panic};

use sio_fuzz::targets::{TARGETS, Target};
use sio_fuzz::{corpus, mutate, random::Random};

/// An input that takes longer than this has found something.
const SLOW: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["run", seconds, ref names @ ..] => {
            return run(seconds.parse().expect("a number of seconds"), names);
        }
        ["one", name, input] => corpus::read(input).iter().for_each(|input| (find(name).run)(input)),
        ["unpack", folder] => unpack(Path::new(folder)),
        ["pack", name, folder] => pack(name, Path::new(folder)),
        _ => {
            eprintln!("fuzz run SECONDS [TARGET ..] | one TARGET INPUT | unpack FOLDER | pack TARGET FOLDER");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn find(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("there is no such target")
}

fn run(seconds: u64, names: &[&str]) -> ExitCode {
    let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
    let targets: Vec<_> =
        TARGETS.iter().filter(|target| names.is_empty() || names.contains(&target.name)).collect();
    let each = Duration::from_secs(seconds) / u32::try_from(targets.len().max(1)).expect("there are few");
    println!("SEED={seed}");
    let mut has_failed = false;
    for target in targets {
        let begun = Instant::now();
        match fuzz(target, seed, each) {
            Ok(count) => println!("{:16} {count} inputs in {:?}", target.name, begun.elapsed()),
            Err((input, reason)) => {
                has_failed = true;
                println!("{:16} FAILED: {reason}\n  {}", target.name, corpus::line(&input));
                println!("  once it is mended, this line belongs into corpus/{}.txt", target.name);
            }
        }
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_secs())
}

/// Returns how many inputs went well, or the shortest that was found and did not.
fn fuzz(target: &Target, seed: u64, time: Duration) -> Result<u64, (Vec<u8>, &'static str)> {
    let inputs = corpus::read(target.corpus);
    let mut random = Random::new(seed);
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < time {
        for _ in 0..100 {
            let input = match inputs.get(count as usize) {
                Some(input) => input.clone(),
                None => mutate::mutate(&mut random, &inputs),
            };
            let start = Instant::now();
            if panics(target, &input) {
                panic::set_hook(Box::new(|_| {}));
                let input = mutate::shrink(input, |input| panics(target, input));
                drop(panic::take_hook());
                return Err((input, "it panics (the message is above)"));
            }
            if start.elapsed() > SLOW && is_slow(target, &input) {
                return Err((input, "it takes too long"));
            }
            count += 1;
        }
    }
    Ok(count)
}

/// Returns whether it takes long each time: a busy machine may make anything take long once.
fn is_slow(target: &Target, input: &[u8]) -> bool {
    (0..3).all(|_| {
        let start = Instant::now();
        (target.run)(input);
        start.elapsed() > SLOW
    })
}

fn panics(target: &Target, input: &[u8]) -> bool {
    panic::catch_unwind(|| (target.run)(input)).is_err()
}

fn unpack(folder: &Path) {
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder).expect("the folder can be made");
        for (number, input) in corpus::read(target.corpus).iter().enumerate() {
            fs::write(folder.join(format!("{number:04}")), input).expect("the file can be written");
        }
    }
}

fn pack(name: &str, folder: &Path) {
    let known: BTreeSet<_> = corpus::read(find(name).corpus).into_iter().collect();
    let files = fs::read_dir(folder).expect("the folder can be read");
    let mut inputs: Vec<_> =
        files.map(|file| fs::read(file.expect("a file").path()).expect("the file can be read")).collect();
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    inputs.iter().filter(|input| !known.contains(*input)).for_each(|input| println!("{}", corpus::line(input)));
}
