//! Guide: static files and mounting.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sio::extract::HttpExtension;
use sio::prelude::*;
use tokio::net::TcpListener;

// ANCHOR: files
fn with_files() -> sio::Result<Server> {
    let server = Server::builder()
        // One file at exactly this path.
        .static_files("/", "public/latency.html")
        // A directory and what is below it.
        .static_files("/static", "public/static")
        // `/socket.io/socket.io.js` and its variants.
        .client_files("node_modules/socket.io-client/dist")
        .build()?;
    Ok(server)
}
// ANCHOR_END: files

// ANCHOR: path
fn elsewhere() -> sio::Result<Server> {
    // const socket = io("https://example.com/chat", { path: "/realtime" })
    let server = Server::builder().collect(false).path("/realtime").build()?;
    Ok(server)
}
// ANCHOR_END: path

// ANCHOR: listener
/// Serves on whatever port is free, and says which.
async fn on_a_free_port(server: Server) -> sio::Result {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on {}", listener.local_addr()?);
    server.serve_with(listener).await
}
// ANCHOR_END: listener

// ANCHOR: hyper
/// Everything that is not Socket.IO's is the application's.
async fn pages(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("Hello from the application\n".to_owned()))
}

async fn accept(server: Server, listener: TcpListener) -> sio::Result {
    loop {
        let (stream, peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = server.service().for_connection(peer, false).or(service_fn(pages));
        // Without upgrades there would be no WebSocket.
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "connection ended");
            }
        });
    }
}
// ANCHOR_END: hyper

// ANCHOR: shutdown
/// A server that listens by means of its own also ends by them.
async fn until_stopped(server: Server, listener: TcpListener) -> sio::Result {
    tokio::select! {
        ended = accept(server.clone(), listener) => ended?,
        () = sio::http::shutdown_signal() => {}
    }
    // Handlers run to their end, clients are told, `disconnect` hooks run.
    server.close().await;
    Ok(())
}
// ANCHOR_END: shutdown

// ANCHOR: axum
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State as Shared;
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};

/// Sends a text to everyone who is connected.
async fn say(Shared(server): Shared<Server>, text: String) -> Result<(), String> {
    server.of("/").emit("said", &text).await.map_err(|error| error.to_string())
}

fn router(server: &Server) -> Router {
    Router::new()
        .route("/", get(async || "Hello from axum"))
        .route("/say", post(say))
        .with_state(server.clone())
        // Last, so that it stands in front of everything.
        .layer(server.layer())
}

async fn with_axum(server: Server, listener: TcpListener) -> sio::Result {
    // With connect info, handlers learn the addresses of clients.
    let app = router(&server).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(stopped(server)).await?;
    Ok(())
}

/// SIGTERM as well as Ctrl-C: the one is what service managers and containers send.
async fn stopped(server: Server) {
    sio::http::shutdown_signal().await;
    server.close().await;
}
// ANCHOR_END: axum

// ANCHOR: extension
/// Whom the layer has recognised.
#[derive(Clone)]
struct User {
    name: String,
}

struct Notes {
    user: String,
}

#[consumer(namespace = "/notes")]
impl Notes {
    async fn connect(user: HttpExtension<User>) -> Self {
        Self { user: user.into_inner().name }
    }

    async fn event_whoami(&self) -> &str {
        &self.user
    }
}

/// Stands in front of the routes and of Socket.IO.
async fn recognise(
    mut request: axum::extract::Request,
    next: Next,
) -> axum::response::Response {
    if let Some(name) =
        request.headers().get("x-user").and_then(|name| name.to_str().ok())
    {
        let user = User { name: name.to_owned() };
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

fn recognising(server: &Server) -> Router {
    router(server).layer(from_fn(recognise))
}
// ANCHOR_END: extension

// ANCHOR: tls
async fn with_tls(server: Server) -> sio::Result {
    use sio::http::rustls::ServerConfig;
    use sio::http::rustls::pki_types::pem::PemObject as _;
    use sio::http::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file("key.pem")?;
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    server.serve_tls("0.0.0.0:443", config).await
}
// ANCHOR_END: tls

// ANCHOR: two
/// Two servers in one program, with rooms and states of their own.
async fn two_servers(public: Server, internal: Server) -> sio::Result {
    tokio::try_join!(public.serve("0.0.0.0:3000"), internal.serve("127.0.0.1:3001"))?;
    Ok(())
}
// ANCHOR_END: two

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::{Request, TestServer};

    #[tokio::test]
    async fn socket_io_and_the_application_share_a_port() {
        let server = Server::builder().collect(false).build().unwrap();
        let here = TestServer::serve_with(|listener| accept(server, listener)).await;
        here.socket("/").await.close().await;
        let answer = here.request(&Request::get("/anything")).await;
        assert_eq!((answer.status, answer.text()), (200, "Hello from the application\n"));
    }

    #[tokio::test]
    async fn axum_and_socket_io_share_a_port() {
        let server = Server::builder().collect(false).build().unwrap();
        let here = TestServer::serve_with(|listener| with_axum(server, listener)).await;
        let mut ada = here.socket("/").await;
        let answer = here.request(&Request::get("/")).await;
        assert_eq!((answer.status, answer.text()), (200, "Hello from axum"));
        let answer = here.request(&Request::post("/say", "hi")).await;
        assert_eq!(answer.status, 200);
        ada.expect(r#"42["said","hi"]"#).await;
    }

    #[tokio::test]
    async fn a_consumer_knows_whom_a_layer_has_recognised() {
        let server =
            Server::builder().collect(false).consumer::<Notes>().build().unwrap();
        let app = recognising(&server);
        let here = TestServer::serve_with(|listener| async move {
            Ok(axum::serve(listener, app).await?)
        })
        .await;
        let mut ada =
            here.try_ws("EIO=4&transport=websocket", &[("X-User", "ada")]).await.unwrap();
        ada.receive().await;
        ada.join("/notes").await;
        ada.send(r#"42/notes,1["whoami"]"#).await;
        ada.expect(r#"43/notes,1["ada"]"#).await;
    }

    #[tokio::test]
    async fn a_certificate_that_is_not_there_is_an_error() {
        let server = Server::builder().collect(false).build().unwrap();
        assert!(with_tls(server).await.is_err());
    }

    #[tokio::test]
    async fn the_path_can_be_another() {
        let server = elsewhere().unwrap();
        let serve = |listener| async move { server.serve_with(listener).await };
        let here = TestServer::serve_with(serve).await;
        here.at("/realtime/").socket("/").await.close().await;
        assert_eq!(here.get("EIO=4&transport=polling").await.status, 404);
    }

    #[test]
    fn files_that_are_not_there_are_found_at_the_start() {
        let error = with_files().unwrap_err().to_string();
        assert!(error.contains("which does not exist"), "{error}");
    }
}
