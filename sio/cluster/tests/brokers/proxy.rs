//! A TCP proxy that can let one direction, or both, stand still.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on to a port.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// True for a direction, to the port or from there, that stands still.
    held: Arc<[watch::Sender<bool>; 2]>,
    /// Changes when all connections are to end.
    cut: Arc<watch::Sender<()>>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let held = Arc::new([watch::Sender::new(false), watch::Sender::new(false)]);
        let cut = Arc::new(watch::Sender::new(()));
        let task = tokio::spawn(accept(listener, port, Arc::clone(&held), Arc::clone(&cut)));
        Self { port: own, held, cut, task }
    }

    pub(crate) fn hold(&self, to: bool, from: bool) {
        self.held[0].send_replace(to);
        self.held[1].send_replace(from);
    }

    /// Ends all connections; new ones are passed on.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    held: Arc<[watch::Sender<bool>; 2]>,
    cut: Arc<watch::Sender<()>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (held, mut cut) = ([held[0].subscribe(), held[1].subscribe()], cut.subscribe());
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            let [to, from] = held;
            let passing =
                async { tokio::join!(pass(from_client, to_server, to), pass(from_server, to_client, from)) };
            tokio::select! {
                _ = passing => {}
                // It ends with the proxy, too.
                _ = cut.changed() => {}
            }
        });
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut held: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        // It ends with the proxy.
        if held.wait_for(|is_held| !*is_held).await.is_err() || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
}
