//! WebTransport sessions: the request that asks for one, and the first packet, which begins a session of Engine.IO or moves
//! one from polling.

use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::http::request::Parts;
use hyper::http::uri::Uri;
use hyper::{Method, Request, StatusCode, Version};
use serde::Deserialize;
use sio_core::engine::config::Revision;
use sio_core::engine::handshake::RequestError;
use sio_core::id::SessionId;

use super::engine_service::EngineService;
use super::refused::{Refusal, Refused, RefusedReason};
use crate::engine::Command;
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;

/// The longest first packet, in bytes: there is a session's id in it at the most.
pub(crate) const MAX_FIRST: u8 = 125;

/// Counts the listeners that are open: as long as there are any, clients on polling are told of them.
#[derive(Debug, Default)]
pub(super) struct Listeners(AtomicUsize);

/// A listener that is open, until this is dropped.
pub(crate) struct Offer(EngineService);

impl Drop for Offer {
    fn drop(&mut self) {
        self.0.webtransport().0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The first packet of a client.
#[derive(Debug, PartialEq, Eq)]
enum First {
    /// It wants a new session.
    Open,
    /// It wants to move this one from polling.
    Upgrade(SessionId),
}

impl First {
    /// Reads a packet: `0`, or `0{"sid":".."}`.
    fn parse(packet: &str) -> Result<Self, RequestError> {
        #[derive(Deserialize)]
        struct Sid<'a> {
            sid: &'a str,
        }
        match packet.strip_prefix('0') {
            None => Err(RequestError::BadRequest),
            Some("") => Ok(Self::Open),
            Some(json) => {
                let Sid { sid } = serde_json::from_str(json).map_err(|_| RequestError::BadRequest)?;
                sid.parse().map(Self::Upgrade).map_err(|_| RequestError::SessionUnknown)
            }
        }
    }
}

impl EngineService {
    /// Tells clients on polling that they may move to WebTransport, for as long as the offer is there.
    pub(crate) fn offer_webtransport(&self) -> Offer {
        self.webtransport().0.fetch_add(1, Ordering::Relaxed);
        Offer(self.clone())
    }

    pub(super) fn offers_webtransport(&self) -> bool {
        self.config().allow_upgrades && self.webtransport().0.load(Ordering::Relaxed) > 0
    }

    /// Judges the request for a session.
    ///
    /// # Errors
    ///
    /// With the status that answers it.
    pub(crate) fn judge_webtransport(&self, request: &mut Parts) -> Result<(), StatusCode> {
        if !self.is_ours(request.uri.path()) {
            return Err(StatusCode::NOT_FOUND);
        }
        if self.config().hooks.see_requests() {
            let client = self.client(request);
            request.extensions.insert(client);
        }
        self.admits(request, &self.judge_origin(request))
            .map_err(|reason| self.refuse(request, &reason.into()))
    }

    /// Begins what the first packet of a client asks for, on its stream.
    ///
    /// # Errors
    ///
    /// With the reason why the session has to be ended.
    pub(crate) async fn begin_webtransport(
        &self,
        request: &Parts,
        packet: &str,
        stream: impl FnOnce() -> WebSocket,
    ) -> Result<(), RefusedReason> {
        let begun = match First::parse(packet) {
            Ok(First::Open) => match self.admit_by(request, Wire::new(Revision::V4, false)).await {
                Ok(admission) => {
                    self.open_stream(request, admission, stream());
                    Ok(())
                }
                Err(refusal) => Err(refusal),
            },
            Ok(First::Upgrade(id)) => self.upgrade_to(&id, stream).map_err(Refusal::from),
            Err(error) => Err(error.into()),
        };
        begun.map_err(|refusal| {
            self.refuse(request, &refusal);
            refusal.reason()
        })
    }

    /// A session of another node is not found here: its client stays on polling.
    fn upgrade_to(&self, id: &SessionId, stream: impl FnOnce() -> WebSocket) -> Result<(), RequestError> {
        let mailbox = self.engine().shared.sessions.get(id).ok_or(RequestError::SessionUnknown)?;
        if !self.config().allow_upgrades || mailbox.wire().revision() != Revision::V4 {
            return Err(RequestError::BadRequest);
        }
        mailbox.inbox.command(Command::Probe(Box::new(stream())));
        Ok(())
    }

    /// Tells the application of a refusal, and returns its status.
    fn refuse(&self, request: &Parts, refusal: &Refusal) -> StatusCode {
        self.config().hooks.refused(&Refused::new(refusal, request));
        refusal.status()
    }
}

/// Makes the request of a session, of its headers as they came.
///
/// # Errors
///
/// Where that cannot be done.
pub(crate) fn request<'a>(
    authority: &str,
    path: &str,
    headers: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Parts, hyper::http::Error> {
    let uri = Uri::builder().scheme("https").authority(authority).path_and_query(path).build()?;
    let mut request = Request::builder().method(Method::CONNECT).version(Version::HTTP_3).uri(uri);
    for (name, value) in headers.filter(|(name, _)| !name.starts_with(':')) {
        request = request.header(name, value);
    }
    Ok(request.body(())?.into_parts().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_packet_opens_or_upgrades() {
        assert_eq!(First::parse("0"), Ok(First::Open));
        let id = "abcdefghijklmnopqrst";
        assert_eq!(First::parse(&format!(r#"0{{"sid":"{id}"}}"#)), Ok(First::Upgrade(id.parse().unwrap())));
        for (packet, error) in [
            ("", RequestError::BadRequest),
            ("2probe", RequestError::BadRequest),
            ("0{}", RequestError::BadRequest),
            ("0{\"sid\":5}", RequestError::BadRequest),
            ("0x", RequestError::BadRequest),
            ("0{\"sid\":\"\"}", RequestError::SessionUnknown),
        ] {
            assert_eq!(First::parse(packet), Err(error), "{packet}");
        }
    }

    #[test]
    fn a_request_is_made_of_its_headers() {
        let headers =
            [(":path".to_owned(), "/x".to_owned()), ("origin".to_owned(), "https://a.b".to_owned())];
        let all = || headers.iter().map(|(name, value)| (name, value));
        let made = request("host:44", "/socket.io/?a=b", all()).ok().unwrap();
        assert_eq!(made.uri.to_string(), "https://host:44/socket.io/?a=b");
        assert_eq!(made.headers.len(), 1);
        assert!(request("ho st", "/", all()).is_err());
        assert!(request("host", "nowhere else", all()).is_err());
    }
}
