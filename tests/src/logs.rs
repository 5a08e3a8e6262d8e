//! The log of the server, for the sentences of the contract that promise a line.

use std::{
    io,
    sync::{Mutex, OnceLock},
};

use tokio::sync::Notify;
use tracing_subscriber::fmt::MakeWriter;

use crate::deadline::soon;

static LINES: OnceLock<Lines> = OnceLock::new();

/// Everything that this test binary has logged. All its tests share it: look for words that only one test causes.
#[derive(Debug, Default)]
pub struct Lines {
    text: Mutex<String>,
    grown: Notify,
}

/// Begins to keep what is logged. Later calls change nothing.
pub fn capture() -> &'static Lines {
    LINES.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(Writer)
            .init();
        Lines::default()
    })
}

impl Lines {
    /// Expects a line that contains all of `words`, and gives it.
    pub async fn expect(&self, words: &[&str]) -> String {
        soon(format_args!("a log line with {words:?}"), async {
            loop {
                let grown = self.grown.notified();
                if let Some(line) = self.find(words) {
                    return line;
                }
                grown.await;
            }
        })
        .await
    }

    /// How many lines contain all of `words`.
    pub fn count(&self, words: &[&str]) -> usize {
        let text = self.text.lock().expect("no holder panics");
        text.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// A line that contains all of `words`.
    pub fn find(&self, words: &[&str]) -> Option<String> {
        let text = self.text.lock().expect("no holder panics");
        let mut lines = text.lines();
        lines.find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
    }
}

#[derive(Debug)]
struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(lines) = LINES.get() {
            lines.text.lock().expect("no holder panics").push_str(&String::from_utf8_lossy(bytes));
            lines.grown.notify_waiters();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}
