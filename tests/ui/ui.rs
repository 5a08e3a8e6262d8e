//! The messages of the macro and of the traits behind it, word for word: `fail/*.rs` with what the compiler says to
//! each mistake, `pass/*.rs` with what must compile without a word.
//!
//! The texts depend on the compiler, so they are compared with the toolchain that is pinned in `rust-toolchain.toml`
//! only. With another one this test fails instead of passing over it in silence.
//!
//! One case: `cargo test -p sio-ui -- mistakes trybuild=not_async`. New texts: `TRYBUILD=overwrite`, then read the diff
//! aloud.

use std::process::Command;

#[test]
fn mistakes_are_explained_where_they_are_made() {
    let pinned = include_str!("../../rust-toolchain.toml")
        .lines()
        .find_map(|line| line.strip_prefix("channel = \""))
        .and_then(|rest| rest.strip_suffix('"'))
        .expect("the toolchain file names a channel");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout);
    assert!(
        version.starts_with(&format!("rustc {pinned} ")),
        "the recorded messages are those of rustc {pinned}, this is {version}"
    );

    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
