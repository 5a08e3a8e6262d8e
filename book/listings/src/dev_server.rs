//! Guide: a page from the dev server of a bundler.

use sio::Server;

// ANCHOR: origins
fn server() -> Result<Server, sio::error::BuildError> {
    let mut builder = Server::builder();
    if cfg!(debug_assertions) {
        builder = builder.allowed_origins(["http://localhost:5173"]);
    }
    builder.build()
}
// ANCHOR_END: origins
