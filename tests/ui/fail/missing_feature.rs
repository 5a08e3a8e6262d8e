use sio::contract::Contract;
use sio::prelude::*;

fn main() {
    let builder = Server::builder().websocket_compression(1024).static_files("/", "public").docs("/docs");
    let server = builder.build().unwrap();
    let layer = server.layer();
    drop(layer);
}
