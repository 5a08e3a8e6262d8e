//! Whose business signals are. A program of its own: a signal handler stays for as long as the process lives.
#![cfg(target_os = "linux")]

mod support;

use std::future::{Future as _, poll_fn};
use std::task::Poll;

use support::*;

const SIGINT: u32 = 2;
const SIGTERM: u32 = 15;

/// Which of the two signals this process has a handler for, as the kernel says.
fn caught() -> [bool; 2] {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("there is a mask");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("the mask is a number");
    [SIGINT, SIGTERM].map(|signal| mask & (1 << (signal - 1)) != 0)
}

/// Serves until `close`, and says which signals are caught meanwhile.
async fn caught_while_serving(handle: Option<bool>) -> [bool; 2] {
    let server = build(|builder| match handle {
        Some(handle) => builder.handle_signals(handle),
        None => builder,
    });
    let (listener, address) = listener().await;
    let serving = tokio::spawn({
        let server = server.clone();
        async move { server.serve_with(listener).await }
    });
    // Answered: so the server is past the place where it takes signals over.
    assert_eq!(get(address, "/", &[]).await.status, 404);
    let caught = caught();
    in_time(server.close()).await;
    in_time(serving).await.expect("it does not panic").expect("it ends well");
    caught
}

#[tokio::test]
async fn signals_are_taken_over_unless_the_program_wants_them() {
    assert_eq!(caught_while_serving(Some(false)).await, [false, false]);
    assert_eq!(caught_while_serving(None).await, [true, true]);
    // In one test: what is caught once stays caught.
    a_program_that_serves_by_itself_is_told_to_stop().await;
}

async fn a_program_that_serves_by_itself_is_told_to_stop() {
    for signal in ["TERM", "INT"] {
        let mut stopped = std::pin::pin!(sio::http::shutdown_signal());
        // The first poll catches the signals.
        assert!(poll_fn(|cx| Poll::Ready(stopped.as_mut().poll(cx).is_pending())).await);
        let pid = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.expect("there is a `kill`").success());
        in_time(stopped).await;
    }
}
