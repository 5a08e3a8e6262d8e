//! A connection by polling, and its upgrade to WebSocket, from the client's side (Engine.IO protocol v4,
//! "HTTP long-polling" and "Upgrade").

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use fastwebsockets::{WebSocketRead, WebSocketWrite};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use sio_core::engine::packet::Packet;
use sio_core::engine::payload::{self, PayloadBuilder};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::http::{Answer, Http};
use super::session::{Open, Outgoing, Shared};
use super::websocket;

type Stream = TokioIo<Upgraded>;
type Halves = (WebSocketRead<ReadHalf<Stream>>, WebSocketWrite<WriteHalf<Stream>>);

/// Reads and writes until the connection ends.
pub(super) async fn run(
    shared: Arc<Shared>,
    http: Http,
    open: Open,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
) {
    let polling = Polling { shared: &shared, http: &http, open: &open, pausing: AtomicBool::new(false) };
    let why = match polling.until_upgrade(&mut outgoing).await {
        Err(why) => why,
        Ok(((read, write), upgrading)) => {
            shared.upgraded();
            websocket::run(&shared, read, write, &mut outgoing, Some(upgrading)).await
        }
    };
    shared.end(&why);
}

struct Polling<'a> {
    shared: &'a Shared,
    http: &'a Http,
    open: &'a Open,
    /// The GET that is pending is the last one before the upgrade.
    pausing: AtomicBool,
}

/// Told when an upgrade is complete, or why it cannot be.
type Upgrading = oneshot::Sender<Result<(), String>>;

impl Polling<'_> {
    /// Polls until the connection has been upgraded; fails with the reason when it ends before.
    async fn until_upgrade(
        &self,
        outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
    ) -> Result<(Halves, Upgrading), String> {
        let mut reading = Box::pin(self.read());
        loop {
            let upgrading = tokio::select! {
                ended = &mut reading => return Err(ended.err().unwrap_or_default()),
                written = self.write(outgoing) => written?,
            };
            self.pausing.store(true, Ordering::Relaxed);
            // Packets may still come by the pending GET while the probe is under way.
            let mut probe = pin!(self.probe());
            let mut paused = false;
            let probed = loop {
                tokio::select! {
                    read = &mut reading, if !paused => {
                        read?;
                        paused = true;
                    }
                    probed = &mut probe => break probed,
                }
            };
            match probed {
                Ok((read, mut write)) => {
                    if !paused {
                        reading.await?;
                    }
                    websocket::send(&mut write, Packet::Upgrade.frame()).await?;
                    // The server has seen the upgrade when it has answered what follows it.
                    websocket::ping(&mut write).await?;
                    return Ok(((read, write), upgrading));
                }
                Err(why) => {
                    self.pausing.store(false, Ordering::Relaxed);
                    // A GET that is pending goes on: dropped, it would take with it what it brings.
                    if paused {
                        reading = Box::pin(self.read());
                    }
                    let _ = upgrading.send(Err(why));
                }
            }
        }
    }

    /// Fetches packets until told to pause.
    async fn read(&self) -> Result<(), String> {
        while !self.pausing.load(Ordering::Relaxed) {
            let answer = self.http.get(Some(&self.open.sid)).await?;
            if !answer.status.is_success() {
                return Err(format!("a GET was answered {}", answer.why()));
            }
            let packets = payload::decode(answer.body, None).map_err(|error| error.to_string())?;
            for packet in packets {
                if let ControlFlow::Break(why) = self.shared.receive(packet) {
                    return Err(why);
                }
            }
        }
        Ok(())
    }

    /// Sends what is queued until an upgrade is asked for.
    async fn write(&self, outgoing: &mut mpsc::UnboundedReceiver<Outgoing>) -> Result<Upgrading, String> {
        while let Some(first) = outgoing.recv().await {
            let mut body = PayloadBuilder::new(self.open.max_payload, usize::MAX);
            let mut told = Vec::new();
            let mut next = Some(first);
            let mut upgrading = None;
            while let Some(one) = next.take() {
                match one {
                    Outgoing::Frames(frames, written) => {
                        if !body.try_push(&frames) {
                            self.post(body, told).await?;
                            body = PayloadBuilder::new(self.open.max_payload, usize::MAX);
                            told = Vec::new();
                            let _ = body.try_push(&frames);
                        }
                        told.push(written);
                        next = outgoing.try_recv().ok();
                    }
                    Outgoing::Upgrade(upgraded) => upgrading = Some(upgraded),
                }
            }
            self.post(body, told).await?;
            if let Some(upgrading) = upgrading {
                return Ok(upgrading);
            }
        }
        Err("nobody holds the client any more".to_owned())
    }

    async fn post(&self, body: PayloadBuilder, told: Vec<oneshot::Sender<()>>) -> Result<(), String> {
        if body.is_empty() {
            return Ok(());
        }
        let body: Bytes = body.finish();
        let answer = self.http.post(&self.open.sid, body).await?;
        if !answer.status.is_success() {
            return Err(format!("a POST was answered {}", answer.why()));
        }
        for written in told {
            let _ = written.send(());
        }
        Ok(())
    }

    /// Opens a WebSocket beside the polling and asks the server whether it works.
    async fn probe(&self) -> Result<Halves, String> {
        let opened = self.http.websocket(Some(&self.open.sid)).await?;
        let (mut read, mut write) = websocket::open(opened.map_err(Answer::why)?);
        websocket::send(&mut write, Packet::Ping("probe".into()).frame()).await?;
        match websocket::receive(&mut read).await? {
            Some(Packet::Pong(text)) if text == "probe" => Ok((read, write)),
            other => Err(format!("the probe was answered {other:?}")),
        }
    }
}
