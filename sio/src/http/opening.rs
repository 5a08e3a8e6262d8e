//! The first request of a session: whether it may open, and the answer that opens it.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use hyper::header;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use sio_core::engine::config::Revision;
use sio_core::engine::handshake::{OpenPacket, Query};
use sio_core::id::SessionId;

use super::answer::{self, Answer};
use super::engine_service::EngineService;
use super::refused::{Refusal, RefusedReason};
use super::upgrade;
use crate::engine::TransportKind;
use crate::guarded;
use crate::handshake::Handshake;
use crate::peer::Peer;
use crate::places::Place;
#[cfg(feature = "webtransport")]
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;

/// A session that may open.
pub(super) struct Admission {
    client: Peer,
    place: Option<Place>,
    wire: Wire,
}

impl EngineService {
    /// Lets a new session in, or says why not.
    pub(super) async fn admit(
        &self,
        request: &Parts,
        query: &Query<'_>,
        is_websocket: bool,
    ) -> Result<Admission, Refusal> {
        // Over HTTP/2, CONNECT is what GET is over HTTP/1.1.
        let is_get = request.method == Method::GET || upgrade::is_extended_connect(request);
        let revisions = self.config().revisions();
        let (_, revision) = query.check_handshake_of(revisions, is_get, is_websocket)?;
        self.admit_by(request, Wire::new(revision, query.base64)).await
    }

    /// As [`Self::admit`], for a client whose packets have this form.
    pub(super) async fn admit_by(&self, request: &Parts, wire: Wire) -> Result<Admission, Refusal> {
        self.engine().has_room()?;
        let client = self.client(request);
        let place = self.engine().place(client.ip())?;
        let hooks = &self.config().hooks;
        let allowed = hooks.allow(request).await;
        allowed.map_err(|message| Refusal::with_message(RefusedReason::NotAllowed, message))?;
        if hooks.may_wait() {
            self.engine().has_room()?;
        }
        Ok(Admission { client, place, wire })
    }

    pub(super) fn open_polling(&self, request: &Parts, admission: Admission) -> Answer {
        let id = self.engine().new_id();
        let open = self.open_packet(&id, &self.upgrades());
        let entries = [Some(&open), self.engine().shared.initial_packet.as_ref()];
        let body = admission.wire.body_of_all(entries.into_iter().flatten());
        let handshake = self.handshake(request, admission.client, admission.wire, None, id);
        let Some(handshake) = handshake else { return failed() };
        self.engine().open(id, handshake, admission.place, admission.wire, None);
        let mut answer = answer::packets(body);
        self.set_headers(&mut answer, request, &id);
        answer
    }

    pub(super) fn open_websocket(
        &self,
        request: &mut Parts,
        admission: Admission,
    ) -> Result<Answer, Refusal> {
        let Admission { client, place, wire } = admission;
        let subprotocol = self.subprotocol(&request.headers);
        let id = self.engine().new_id();
        // Before the request is copied: the connection that this takes out of it is not to be a part of the copy.
        let (mut answer, websocket) = self.accept(request, wire, subprotocol.as_deref())?;
        let Some(handshake) = self.handshake(request, client, wire, subprotocol, id) else {
            return Ok(failed());
        };
        let open = self.open_packet(&id, &[]);
        self.engine().open(id, handshake, place, wire, Some((websocket, open)));
        self.set_headers(&mut answer, request, &id);
        Ok(answer)
    }

    /// Opens a session on a stream of WebTransport.
    #[cfg(feature = "webtransport")]
    pub(super) fn open_stream(&self, request: &Parts, admission: Admission, stream: WebSocket) {
        let Admission { client, place, wire } = admission;
        let id = self.engine().new_id();
        if let Some(handshake) = self.handshake(request, client, wire, None, id) {
            let open = self.open_packet(&id, &[]);
            self.engine().open(id, handshake, place, wire, Some((stream, open)));
        }
    }

    fn open_packet(&self, id: &SessionId, upgrades: &[TransportKind]) -> Bytes {
        let config = self.engine().config();
        let open = OpenPacket {
            sid: id.as_str(),
            upgrades,
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            max_payload: config.max_payload,
        };
        open.frame()
    }

    /// `None` if what layers have put into the request panicked when it was cloned.
    fn handshake(
        &self,
        request: &Parts,
        client: Peer,
        wire: Wire,
        subprotocol: Option<Box<str>>,
        id: SessionId,
    ) -> Option<Arc<Handshake>> {
        let of_request = || Handshake::of(request, client, SystemTime::now());
        let handshake = guarded::call("`Clone` of an extension of the request", of_request)?;
        let handshake = handshake.agreed(wire.revision(), subprotocol);
        let is_own = self.config().eio3_client_ids && wire.revision() == Revision::V3;
        Some(Arc::new(if is_own { handshake.of_session(id) } else { handshake }))
    }

    /// Adds the cookie and the application's headers to the answer that opens a session.
    fn set_headers(&self, answer: &mut Answer, request: &Parts, id: &SessionId) {
        let cookie = self.config().cookie.as_ref();
        if let Some(value) = cookie.and_then(|cookie| cookie.header(id)) {
            answer.headers_mut().insert(header::SET_COOKIE, value);
        }
        self.config().hooks.add_headers(request, answer.headers_mut());
    }
}

/// The answer to a request of which the application's part failed.
fn failed() -> Answer {
    answer::status(StatusCode::INTERNAL_SERVER_ERROR)
}
