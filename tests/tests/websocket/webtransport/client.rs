//! A client of WebTransport that can do wrong things: QUIC by quinn, HTTP/3 by hand.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::Arc,
};

use quinn::{
    Connection, Endpoint, RecvStream, SendStream,
    crypto::rustls::QuicClientConfig,
    rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer},
};
use sio::{Builder, Server};
use sio_tests::{app::Plain, certificate::Certificate, deadline::soon, journal::Journal};
use wtransport_proto::{frame::Frame, headers::Headers};

/// Control stream, and settings without any.
const SETTINGS: [u8; 3] = [0x00, 0x04, 0x00];

/// The first bytes of a stream of the first session.
const OF_THE_SESSION: [u8; 3] = [0x40, 0x41, 0x00];

/// A DATA frame with the capsule that closes a session, as browsers expect it.
pub(crate) const GOODBYE: [u8; 9] = [0x00, 0x07, 0x68, 0x43, 0x04, 0, 0, 0, 0];

/// A server that is reached by UDP alone.
pub(crate) struct Reached {
    pub(crate) server: Server,
    pub(crate) journal: Journal,
    pub(crate) address: SocketAddr,
    certificate: Certificate,
}

impl Reached {
    pub(crate) async fn start(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let journal = Journal::default();
        let builder = Server::builder().collect(false).state(journal.clone()).consumer::<Plain>();
        let server = configure(builder.handle_signals(false)).build().expect("the server can be built");
        let certificate = Certificate::new();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let address = socket.local_addr().expect("it is bound");
        let (serving, config) = (server.clone(), Arc::clone(&certificate.config));
        tokio::spawn(async move { serving.serve_webtransport_with(socket, config).await });
        Self { server, journal, address, certificate }
    }

    /// A connection of QUIC on which nothing has been said.
    pub(crate) async fn connect(&self) -> Connection {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.certificate.der.clone())).expect("a certificate");
        let mut tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let tls = QuicClientConfig::try_from(tls).expect("a cipher suite for QUIC");
        let endpoint = Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
        let config = quinn::ClientConfig::new(Arc::new(tls));
        let connecting = endpoint.connect_with(config, self.address, "localhost").expect("an address");
        soon("the handshake", connecting).await.expect("the server is there")
    }

    /// A session that has been accepted, without a stream.
    pub(crate) async fn ask(&self) -> Session {
        let connection = self.connect().await;
        let (status, session) = request(connection, "/socket.io/", &[]).await;
        assert_eq!(status, "200");
        session
    }

    /// A session with its stream, on which nothing has been said.
    pub(crate) async fn silent(&self) -> Talk {
        let session = self.ask().await;
        let (send, receive) = session.stream().await;
        Talk { session, send, receive }
    }

    /// A session that has joined `/`.
    pub(crate) async fn joined(&self) -> Talk {
        let mut talk = self.silent().await;
        talk.say("0").await;
        let open = talk.hear().await;
        assert!(open.starts_with("0{\"sid\":") && open.contains("\"upgrades\":[]"), "{open}");
        talk.say("40").await;
        assert!(talk.hear().await.starts_with("40{"));
        talk
    }
}

/// Asks for a session, and returns the status of the answer.
pub(crate) async fn request(connection: Connection, path: &str, more: &[(&str, &str)]) -> (String, Session) {
    let mut control = connection.open_uni().await.expect("a stream");
    control.write_all(&SETTINGS).await.expect("the server listens");
    let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
    let own = [
        (":method", "CONNECT"),
        (":protocol", "webtransport"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", path),
    ];
    let headers: Headers = own.iter().chain(more).map(|(name, value)| (*name, *value)).collect();
    let mut bytes = Vec::new();
    headers.generate_frame().write(&mut bytes).expect("a vector has room");
    send.write_all(&bytes).await.expect("the server listens");
    let mut answer = Vec::new();
    let status = loop {
        let mut byte = [0];
        soon("an answer", receive.read_exact(&mut byte)).await.expect("the answer is whole");
        answer.push(byte[0]);
        if let Ok(Some(frame)) = Frame::read(&mut &answer[..]) {
            let headers = Headers::with_frame(&frame).expect("headers");
            break headers.get(":status").expect("a status").to_owned();
        }
    };
    (status, Session { connection, request: send, answer: receive, _control: control })
}

/// A session as its client sees it.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    pub(crate) request: SendStream,
    pub(crate) answer: RecvStream,
    _control: SendStream,
}

impl Session {
    /// Begins a stream of the session.
    pub(crate) async fn stream(&self) -> (SendStream, RecvStream) {
        let (mut send, receive) = self.connection.open_bi().await.expect("a stream");
        send.write_all(&OF_THE_SESSION).await.expect("the server listens");
        (send, receive)
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn is_closed(&self) {
        soon("the end of the connection", self.connection.closed()).await;
    }
}

/// A session and its stream.
pub(crate) struct Talk {
    pub(crate) session: Session,
    pub(crate) send: SendStream,
    pub(crate) receive: RecvStream,
}

impl Talk {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.send.write_all(bytes).await.expect("the server listens");
    }

    async fn write_frame(&mut self, kind: u8, payload: &[u8]) {
        let length = payload.len();
        let mut bytes = match length {
            0..=125 => vec![kind | u8::try_from(length).expect("it is short")],
            126..=65_535 => {
                [&[kind | 126][..], &u16::try_from(length).expect("it is short").to_be_bytes()].concat()
            }
            _ => [&[kind | 127][..], &(length as u64).to_be_bytes()].concat(),
        };
        bytes.extend_from_slice(payload);
        self.write(&bytes).await;
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.write_frame(0, text.as_bytes()).await;
    }

    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.write_frame(0x80, bytes).await;
    }

    /// The next frame: whether it is binary, and its payload.
    pub(crate) async fn frame(&mut self) -> (bool, Vec<u8>) {
        let mut head = [0];
        self.exactly(&mut head).await;
        let length = match head[0] & 0x7f {
            126 => {
                let mut length = [0; 2];
                self.exactly(&mut length).await;
                usize::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.exactly(&mut length).await;
                usize::try_from(u64::from_be_bytes(length)).expect("it is a length")
            }
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.exactly(&mut payload).await;
        (head[0] & 0x80 != 0, payload)
    }

    async fn exactly(&mut self, bytes: &mut [u8]) {
        soon("a frame", self.receive.read_exact(bytes)).await.expect("the frame is whole");
    }

    /// The next frame, which is text.
    pub(crate) async fn hear(&mut self) -> String {
        let (is_binary, payload) = self.frame().await;
        assert!(!is_binary);
        String::from_utf8(payload).expect("text")
    }

    /// Expects that the server ends the stream, and then the session. Returns what came before.
    pub(crate) async fn ends(&mut self) -> Vec<u8> {
        let rest = soon("the end of the stream", self.receive.read_to_end(10_000_000))
            .await
            .expect("it is finished");
        let goodbye = soon("the end of the session", self.session.answer.read_to_end(100)).await;
        assert_eq!(goodbye.expect("it is finished"), GOODBYE);
        rest
    }
}
