//! A client without a connection: packets go in, packets come out, everything between is the real server.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;

use hyper::Request;
use sio_core::engine::packet::Message;

use crate::connection;
use crate::engine::mailbox::Mailbox;
use crate::engine::outbox::QueueLimits;
use crate::engine::{CloseReason, Handler as _, Sender};
use crate::handshake::Handshake;
use crate::peer::Peer;
use crate::server::Server;
use crate::transport::wire::Wire;
use crate::turn;

pub(crate) struct PacketClient {
    client: connection::Client,
    mailbox: Arc<Mailbox>,
}

impl PacketClient {
    pub(crate) fn new(server: &Server) -> Self {
        let mailbox = Arc::new(Mailbox::new(QueueLimits { bytes: 1 << 20, packets: 1024 }, Wire::V4));
        let request = Request::builder().uri("/socket.io/?token=abc").body(()).unwrap();
        let (request, ()) = request.into_parts();
        let handshake = Handshake::of(&request, Peer::default(), SystemTime::UNIX_EPOCH);
        let sender = Sender::new(Arc::clone(&mailbox));
        let client =
            connection::Client::new(Arc::clone(&server.inner.reception), sender, Arc::new(handshake));
        Self { client, mailbox }
    }

    /// Sends packets of Socket.IO, one after the other; returns everything that has come back when nothing more
    /// happens.
    pub(crate) async fn send(&mut self, packets: &[&str]) -> Vec<String> {
        for packet in packets {
            let message = Message::Text((*packet).to_owned().into());
            self.client.on_message(message).expect("the packet is valid");
            self.settle().await;
        }
        self.received()
    }

    /// Joins a namespace; returns the id of the socket.
    pub(crate) async fn join(&mut self, connect: &str) -> String {
        let answer = self.send(&[connect]).await;
        let (_, sid) = answer[0].split_once("{\"sid\":\"").unwrap_or_else(|| panic!("{answer:?}"));
        sid[..20].to_owned()
    }

    /// Runs what can run without time passing.
    pub(crate) async fn settle(&mut self) {
        for _ in 0..20 {
            poll_fn(|cx| {
                turn::begin();
                self.client.poll(cx);
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
        }
    }

    #[cfg(feature = "compression")]
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub(crate) fn received(&self) -> Vec<String> {
        self.mailbox.outbox.take().iter().map(|frame| text(frame)).collect()
    }

    /// The connection breaks.
    pub(crate) async fn leave(mut self) {
        self.client.on_close(CloseReason::TransportClose);
        poll_fn(|cx| {
            turn::begin();
            self.client.poll_closed(cx)
        })
        .await;
    }
}

/// The text in a WebSocket frame, without the type of the Engine.IO packet.
fn text(frame: &[u8]) -> String {
    let payload = match frame[1] {
        126 => &frame[4..],
        127 => &frame[10..],
        _ => &frame[2..],
    };
    let text = String::from_utf8(payload.to_vec()).unwrap();
    text.strip_prefix('4').unwrap_or(&text).to_owned()
}
