//! Files beside Socket.IO.

mod support;

use std::path::PathBuf;

use support::*;

/// A directory of its own, gone when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("the directory can be made");
        for (name, text) in files {
            std::fs::write(path.join(name), text).expect("the file can be written");
        }
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn files_come_with_their_types() {
    let names =
        ["index.html", "app.js", "app.css", "data.json", "pixel.png", "mod.wasm", "notes.txt", "what"];
    let files = names.map(|name| (name, "content"));
    let directory = Directory::with("types", &files);
    let server = listen(|builder| builder.static_files("/", &directory.0)).await;
    for (path, expected) in [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/app.js", "text/javascript"),
        ("/app.css", "text/css"),
        ("/data.json", "application/json"),
        ("/pixel.png", "image/png"),
        ("/mod.wasm", "application/wasm"),
        ("/notes.txt", "text/plain"),
        ("/what", "application/octet-stream"),
    ] {
        let answer = get(server.address, path, &[]).await;
        assert_eq!((answer.status, answer.text()), (200, "content"), "{path}");
        let kind = answer.header("content-type").unwrap_or_default();
        assert_eq!(kind.split(';').next(), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let directory = Directory::with("etag", &[("app.js", "let a = 1;")]);
    let server = listen(|builder| builder.static_files("/", &directory.0)).await;
    let first = get(server.address, "/app.js", &[]).await;
    let etag = first.header("etag").expect("there is an ETag");
    let modified = first.header("last-modified").expect("there is a date");

    for validator in [("If-None-Match", &*etag), ("If-Modified-Since", &*modified)] {
        let again = get(server.address, "/app.js", &[validator]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{validator:?}");
    }
    assert_eq!(get(server.address, "/app.js", &[("If-None-Match", "\"else\"")]).await.status, 200);

    std::fs::write(directory.0.join("app.js"), "let a = 1000;").unwrap();
    let changed = get(server.address, "/app.js", &[("If-None-Match", &etag)]).await;
    assert_eq!((changed.status, changed.text()), (200, "let a = 1000;"));
}

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for() {
    let directory = Directory::with("ranges", &[("notes.txt", "0123456789")]);
    let server = listen(|builder| builder.static_files("/", &directory.0)).await;
    let part = get(server.address, "/notes.txt", &[("Range", "bytes=2-4")]).await;
    assert_eq!((part.status, part.text()), (206, "234"));
    assert_eq!(part.header("content-range").as_deref(), Some("bytes 2-4/10"));
    let end = get(server.address, "/notes.txt", &[("Range", "bytes=-3")]).await;
    assert_eq!((end.status, end.text()), (206, "789"));
    let beyond = get(server.address, "/notes.txt", &[("Range", "bytes=10-")]).await;
    assert_eq!(beyond.status, 416);
}

#[tokio::test]
async fn files_stand_beside_socket_io_and_nothing_leads_out_of_them() {
    let directory = Directory::with("beside", &[("socket.io.js", "client")]);
    let server = listen(|builder| builder.static_files("/", &directory.0).client_files(&directory.0)).await;
    assert_eq!(get(server.address, "/socket.io/socket.io.js", &[]).await.text(), "client");
    get(server.address, POLLING, &[]).await.sid();
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "/none"] {
        assert_eq!(get(server.address, path, &[]).await.status, 404, "{path}");
    }
    let mut stream = connect(server.address).await;
    assert_eq!(request(&mut stream, "HEAD", "/socket.io.js", &[], "").await.status, 200);
    assert_eq!(post(server.address, "/socket.io.js", "").await.status, 405);
}
