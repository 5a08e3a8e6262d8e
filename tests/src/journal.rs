//! Tells the test what the application saw, and the application what it may do next.

use std::{
    collections::HashMap,
    panic::Location,
    sync::{Arc, Mutex},
};

use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use crate::deadline::soon;

/// A list of things that happened in the application, in order. Clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: UnboundedSender<String>,
    reader: Arc<tokio::sync::Mutex<UnboundedReceiver<String>>>,
}

impl Default for Journal {
    fn default() -> Self {
        let (entries, reader) = unbounded_channel();
        Self { entries, reader: Arc::new(tokio::sync::Mutex::new(reader)) }
    }
}

impl Journal {
    /// Adds an entry.
    pub fn note(&self, entry: impl Into<String>) {
        let kept = self.entries.send(entry.into());
        drop(kept); // the other half lives as long as `self`
    }

    /// Expects `entry` to be the next one.
    #[track_caller]
    pub fn expect<'a>(&'a self, entry: &'a str) -> impl Future<Output = ()> + 'a {
        let at = Location::caller();
        async move {
            let next = soon(format_args!("the journal's `{entry}` ({at})"), self.next()).await;
            assert_eq!(next, entry, "at {at}");
        }
    }

    /// The next entry, whatever it is.
    pub async fn next(&self) -> String {
        let next = soon("an entry of the journal", async { self.reader.lock().await.recv().await });
        next.await.expect("`self` is a sender")
    }

    /// The entries that nobody has read yet.
    ///
    /// # Panics
    ///
    /// When another task is waiting for the next one.
    pub fn rest(&self) -> Vec<String> {
        let mut reader = self.reader.try_lock().expect("one test reads at a time");
        std::iter::from_fn(|| reader.try_recv().ok()).collect()
    }
}

/// Doors at which handlers wait until the test opens them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    doors: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl Gate {
    /// Waits until the door has been opened; each opening lets one pass.
    pub async fn pass(&self, door: &str) {
        let permit = self.door(door).acquire_owned().await;
        permit.expect("no door is ever closed for good").forget();
    }

    /// Lets one pass, now or when it comes.
    pub fn open(&self, door: &str) {
        self.door(door).add_permits(1);
    }

    fn door(&self, door: &str) -> Arc<Semaphore> {
        let mut doors = self.doors.lock().expect("no holder panics");
        Arc::clone(doors.entry(door.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }
}

/// Notes when it is dropped: whether a future ran to its end or was given up, it ends some time.
#[derive(Debug)]
pub struct NoteOnDrop(pub Journal, pub &'static str);

impl Drop for NoteOnDrop {
    fn drop(&mut self) {
        self.0.note(self.1);
    }
}
