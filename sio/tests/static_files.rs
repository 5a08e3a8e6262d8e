//! Files beside Socket.IO.

mod support;

use std::path::PathBuf;

use sio::options::Files;
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
async fn dot_files_are_served_only_where_that_is_said() {
    let directory = Directory::with("dots", &[(".env", "secret"), ("index.html", "page")]);
    std::fs::create_dir_all(directory.0.join(".git")).unwrap();
    std::fs::write(directory.0.join(".git/config"), "secret").unwrap();
    let closed = listen(|builder| builder.static_files("/", &directory.0)).await;
    let open = listen(|builder| builder.static_files("/", Files::new(&directory.0).dot_files(true))).await;
    for path in ["/.env", "/%2eenv", "/.git/config", "/./.env", "//.env"] {
        assert_eq!(get(closed.address, path, &[]).await.status, 404, "{path}");
    }
    for path in ["/.env", "/.git/config"] {
        assert_eq!(get(open.address, path, &[]).await.text(), "secret", "{path}");
    }
    assert_eq!(get(closed.address, "/", &[]).await.text(), "page");
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_out_of_a_directory_only_where_that_is_said() {
    use std::os::unix::fs::symlink;

    let outside = Directory::with("outside", &[("secret.txt", "secret"), ("index.html", "secret")]);
    let directory = Directory::with("links", &[("page.txt", "page"), (".hidden", "secret")]);
    let link = |target: &std::path::Path, name: &str| {
        let place = directory.0.join(name);
        let _ = std::fs::remove_file(&place);
        symlink(target, place).unwrap();
    };
    link(&outside.0.join("secret.txt"), "file.txt");
    link(&outside.0, "all");
    link(std::path::Path::new(".hidden"), "shown.txt");
    link(std::path::Path::new("page.txt"), "inside.txt");
    link(std::path::Path::new("loop"), "loop");
    std::fs::create_dir_all(directory.0.join("sub")).unwrap();
    link(&outside.0.join("index.html"), "sub/index.html");

    let closed = listen(|builder| builder.static_files("/", &directory.0)).await;
    for path in ["/file.txt", "/all", "/all/", "/all/secret.txt", "/shown.txt", "/sub/", "/loop", "/loop/x"] {
        assert_eq!(get(closed.address, path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(get(closed.address, "/inside.txt", &[]).await.text(), "page");
    let open = listen(|builder| builder.static_files("/", Files::new(&directory.0).links(true))).await;
    for path in ["/file.txt", "/all/secret.txt", "/all/", "/sub/"] {
        assert_eq!(get(open.address, path, &[]).await.text(), "secret", "{path}");
    }
    assert_eq!(get(open.address, "/loop", &[]).await.status, 404);
}

#[tokio::test]
async fn a_directory_without_its_slash_is_redirected() {
    let directory = Directory::with("slash", &[("index.html", "page")]);
    std::fs::create_dir_all(directory.0.join("sub")).unwrap();
    let server = listen(|builder| builder.static_files("/app", &directory.0)).await;
    for (path, location) in
        [("/app", "/app/"), ("/app?a=%20b", "/app/?a=%20b"), ("/app/sub?x", "/app/sub/?x")]
    {
        let answer = get(server.address, path, &[]).await;
        assert_eq!((answer.status, answer.header("location").as_deref()), (308, Some(location)), "{path}");
    }
    assert_eq!(get(server.address, "/app/", &[]).await.text(), "page");
    assert_eq!(get(server.address, "/apple", &[]).await.status, 404);
}

#[tokio::test]
async fn the_client_is_cached_and_its_maps_are_json() {
    let script = "let client = 1;\n".repeat(100);
    let files = [("socket.io.js", &*script), ("socket.io.js.map", "{}"), ("other.js", "no")];
    let directory = Directory::with("bundle", &files);
    let server = listen(|builder| builder.client_files(&directory.0)).await;
    let get = |path: &'static str, header: &'static [(&'static str, &'static str)]| {
        get(server.address, path, header)
    };
    let plain = get("/socket.io/socket.io.js", &[]).await;
    assert_eq!((plain.status, plain.text()), (200, &*script));
    assert_eq!(plain.header("content-type").as_deref(), Some("text/javascript; charset=utf-8"));
    assert_eq!(plain.header("cache-control").as_deref(), Some("public, max-age=0"));
    let map = get("/socket.io/socket.io.js.map", &[]).await;
    assert_eq!(map.header("content-type").as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(get("/socket.io/other.js", &[]).await.status, 404);

    let etag = plain.header("etag").expect("there is an ETag");
    for known in
        [etag.clone(), format!("\"x\", {etag}"), etag.trim_start_matches("W/").to_owned(), "*".to_owned()]
    {
        let again =
            support::get(server.address, "/socket.io/socket.io.js", &[("If-None-Match", &known)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
    }
    assert_eq!(get("/socket.io/socket.io.js", &[("If-None-Match", "\"x\"")]).await.status, 200);
    let compressed = get("/socket.io/socket.io.js", &[("Accept-Encoding", "gzip, br")]).await;
    if cfg!(feature = "compression") {
        assert_eq!(compressed.header("content-encoding").as_deref(), Some("gzip"));
        assert!(compressed.body.len() < script.len() / 2);
    } else {
        assert_eq!(compressed.text(), script);
    }
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
