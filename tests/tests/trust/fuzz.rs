//! The corpus of the fuzzers in `sio-core/fuzz`, and inputs that are made of it: the same in every run.

#[path = "../../../sio-core/fuzz/src/lib.rs"]
#[allow(unreachable_pub, dead_code, reason = "the crate of the fuzzers, of which not all is needed here")]
pub(crate) mod fuzzers;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;

use fuzzers::random::Random;
use fuzzers::targets::{TARGETS, Target};
use fuzzers::{corpus, mutate};

/// How many inputs are made for each target.
const MADE: usize = 2000;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sio-core/fuzz");

fn check(target: &Target, input: &[u8]) {
    if catch_unwind(|| (target.run)(input)).is_err() {
        let shortest = mutate::shrink(input.to_vec(), |input| catch_unwind(|| (target.run)(input)).is_err());
        panic!(
            "{}: this input was found, and once it is mended its line belongs in corpus/{0}.txt:\n{}",
            target.name,
            corpus::line(&shortest)
        );
    }
}

#[test]
fn every_input_of_the_corpus_is_read_as_its_oracle_says() {
    for target in TARGETS {
        let inputs = corpus::read(target.corpus);
        assert!(inputs.len() >= 100, "{} has {} inputs", target.name, inputs.len());
        inputs.iter().for_each(|input| check(target, input));
    }
}

#[test]
fn every_input_that_is_made_of_the_corpus_is_read_as_its_oracle_says() {
    for target in TARGETS {
        let (inputs, mut random) = (corpus::read(target.corpus), Random::new(4));
        (0..MADE).for_each(|_| check(target, &mutate::mutate(&mut random, &inputs)));
    }
}

#[test]
fn an_input_comes_out_of_its_line_as_it_went_in() {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for input in [&every_byte[..], b"", b"# no comment", b"\\x41"] {
        assert_eq!(corpus::read(&format!("{}\n", corpus::line(input))), [input]);
    }
}

#[test]
fn cargo_fuzz_finds_a_program_for_each_target() {
    let manifest = fs::read_to_string(format!("{FOLDER}/Cargo.toml")).unwrap();
    let of_manifest = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let of_manifest: BTreeSet<_> = of_manifest.filter_map(|line| line.strip_suffix(".rs\"")).collect();
    assert_eq!(of_manifest, TARGETS.iter().map(|target| target.name).collect());
    for target in TARGETS {
        let program = fs::read_to_string(format!("{FOLDER}/fuzz_targets/{}.rs", target.name)).unwrap();
        assert!(program.contains(&format!("run(\"{}\", input)", target.name)), "{program}");
    }
}
